// SPDX-License-Identifier: GPL-2.0
/* TIME-WAIT gives way to a newer connection between the same ends. */
#include "mini.h"
#include "stats.h"

/* A newer connection takes the place of TIME-WAIT. */
static void reopened(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_tcb t;

	hstp_mini_thaw(mini, hn, &t);
	hstp_vanish(&t, HSTP_CAUSE_REOPEN, &acts);
	hstp_mini_count(hn, mini, &t, &acts);
	hstp_mini_erase(hn, b, mini);
}

/**
 * hstp_mini_supersede() - a handshake has succeeded that may have begun with TIME-WAIT
 * @hn: namespace
 * @b: its bucket; its record is gone
 * @tuple: both ends
 *
 * RFC 9293 section 3.6.1, MAY-2 (2): its SYN was no old duplicate.
 *
 * Context: the bucket's lock.
 */
void hstp_mini_supersede(struct hstp_net *hn, struct hstp_bucket *b,
			 const struct hstp_tuple *tuple)
{
	struct hstp_mini *mini = hstp_mini_find(b, tuple);

	if (unlikely(mini))
		reopened(hn, b, mini);
}

/**
 * hstp_mini_yields() - does a record give way to connect()
 * @hn: namespace
 * @b: its bucket
 * @mini: the record; freed if it does
 * @iss_floor: gets what the next ISS must be beyond
 *
 * A TIME-WAIT with timestamps may, after as long as its last timestamp was told for: that
 * of the new SYN is later then, and what is left of the old connection is known by its
 * timestamps (RFC 6191 section 3, RFC 7323 section 5.3).
 *
 * Context: the bucket's lock.
 */
bool hstp_mini_yields(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini,
		      u32 *iss_floor)
{
	if (mini->state != HSTP_TIME_WAIT || !mini->ts_ok ||
	    !READ_ONCE(hn->settings.reuse_time_wait) || !READ_ONCE(hn->settings.core.timestamps) ||
	    hstp_now_ms() - hstp_mini_queued(mini) < MSEC_PER_SEC)
		return false;
	*iss_floor = mini->seq;
	reopened(hn, b, mini);
	return true;
}
