// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp, a line for each connection, and /proc/net/hstp_stat, counters. */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/rculist_nulls.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <net/sock.h>

#include "conn.h"
#include "listen.h"
#include "mini.h"
#include "proc.h"
#include "socket.h"
#include "stats.h"
#include "wait.h"

#define HSTP_PROC_BATCH		32
#define HSTP_PROC_WIDTH		149	/* of a line, as in /proc/net/tcp */

/* The column "tr": which timer runs, in TCP's numbers. */
enum hstp_proc_timer {
	HSTP_PROC_NONE,
	HSTP_PROC_REXMIT,
	HSTP_PROC_FIN_WAIT_2,
	HSTP_PROC_TIME_WAIT,
	HSTP_PROC_PROBE,
};

/**
 * struct hstp_row - one line of /proc/net/hstp
 * @tuple: both ends
 * @obj: the object, printed as the kernel's policy on pointers has it
 * @inode: of the socket, or 0
 * @tx: bytes of text not acknowledged
 * @rx: bytes of text not taken; LISTEN: connections not accepted
 * @left_ms: until the timer goes off
 * @rto_ms: retransmission timeout
 * @refs: references to @obj
 * @uid: owner
 * @timer: of enum hstp_proc_timer
 * @retries: retransmissions
 * @probes: unanswered window probes
 * @state: of enum hstp_state; CLOSED: nothing to show
 * @brief: a compact record: the columns end with @obj
 */
struct hstp_row {
	struct hstp_tuple tuple;
	const void *obj;
	unsigned long inode;
	u32 tx;
	u32 rx;
	u32 left_ms;
	u32 rto_ms;
	unsigned int refs;
	kuid_t uid;
	u8 timer;
	u8 retries;
	u8 probes;
	u8 state;
	bool brief;
};

/**
 * struct hstp_proc_iter - how far a reader of /proc/net/hstp has come
 * @p: the namespace; must be first
 * @line: number of the first line of this batch
 * @lines: how many lines it printed
 * @more: there is more in the same bucket
 * @rows: the batch
 * @conns: connections in the batch, a reference each
 *
 * The file's position, opaque to seq_file, is the number of a bucket in its
 * upper half, and of an object in the bucket in its lower half: bucket 0 is the
 * headline, then come those of the listeners, then those of the connections. A
 * step is a batch, not a line: it looks at one bucket once, and prints after it
 * has let go of the lock.
 */
struct hstp_proc_iter {
	struct seq_net_private p;
	u32 line;
	u32 lines;
	bool more;
	struct hstp_row rows[HSTP_PROC_BATCH];
	struct hstp_conn *conns[HSTP_PROC_BATCH];
};

#define HSTP_PROC_FIRST_CONN	(1 + HSTP_LISTEN_BUCKETS)

static u32 pos_bucket(loff_t pos)
{
	return (u32)(pos >> 32);
}

static loff_t bucket_pos(u32 bucket)
{
	return (loff_t)bucket << 32;
}

/* This file is IPv4's. */
static bool hstp_proc_wanted(const struct in6_addr *laddr)
{
	return ipv6_addr_v4mapped(laddr) || ipv6_addr_any(laddr);
}

static u32 hstp_proc_left(u32 deadline, u32 now)
{
	return hstp_after(deadline, now) ? deadline - now : 0;
}

static void hstp_row_listener(struct hstp_row *row, struct hstp_listener *l)
{
	memset(row, 0, sizeof(*row));
	row->tuple.laddr = l->laddr;
	row->tuple.lport = l->lport;
	row->obj = l;
	row->refs = refcount_read(&l->ref);

	spin_lock_bh(&l->lock);
	if (l->sk) {
		row->state = HSTP_LISTEN;
		row->rx = l->queued;
		row->uid = sock_i_uid(l->sk);
		row->inode = sock_i_ino(l->sk);
	}
	spin_unlock_bh(&l->lock);
}

/* Under the bucket's lock. */
static void hstp_row_mini(struct hstp_row *row, const struct hstp_net *hn,
			  const struct hstp_mini *mini, u32 now)
{
	memset(row, 0, sizeof(*row));
	row->tuple = mini->tuple;
	row->obj = mini;
	row->brief = true;
	row->state = mini->state;
	row->left_ms = hstp_proc_left(mini->queued_ms + hstp_wait_delay(hn, mini), now);
	row->timer = HSTP_PROC_TIME_WAIT;
	if (mini->state != HSTP_SYN_RECEIVED)
		return;

	row->timer = HSTP_PROC_REXMIT;
	row->retries = mini->retries;
	spin_lock(&mini->listener->lock);
	if (mini->listener->sk)
		row->uid = sock_i_uid(mini->listener->sk);
	spin_unlock(&mini->listener->lock);
}

static void hstp_row_timer(struct hstp_row *row, const struct hstp_tcb *t, u32 now)
{
	if (t->armed & HSTP_TIMER_REXMIT) {
		row->left_ms = hstp_proc_left(t->rexmit_at, now);
		if (hstp_synchronized(t->state) && !t->snd_wnd) {
			row->timer = HSTP_PROC_PROBE;
			row->probes = t->retries;
		} else {
			row->timer = HSTP_PROC_REXMIT;
			row->retries = t->retries;
		}
	} else if (t->armed & HSTP_TIMER_WAIT) {
		row->left_ms = hstp_proc_left(t->wait_at, now);
		row->timer = t->state == HSTP_TIME_WAIT ? HSTP_PROC_TIME_WAIT :
							  HSTP_PROC_FIN_WAIT_2;
	}
}

static void hstp_row_conn(struct hstp_row *row, struct hstp_conn *conn, u32 now)
{
	const struct hstp_tcb *t = &conn->tcb;

	memset(row, 0, sizeof(*row));
	row->obj = conn;
	spin_lock_bh(&conn->lock);
	if (conn->hashed) {
		row->tuple = conn->tuple;
		row->state = t->state;
		row->tx = hstp_text_unacked(t);
		row->rx = conn->recvq.bytes;
		row->rto_ms = t->rto;
		row->refs = refcount_read(&conn->ref) - 1;	/* less our own */
		row->uid = conn->uid;
		row->inode = conn->sk ? sock_i_ino(conn->sk) : 0;
		hstp_row_timer(row, t, now);
	}
	spin_unlock_bh(&conn->lock);
}

static unsigned int hstp_batch_listeners(struct hstp_proc_iter *iter, struct hstp_net *hn,
					 u32 bucket, u32 skip)
{
	struct hstp_listener *l;
	unsigned int count = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(l, &hn->listeners[bucket], node) {
		if (skip) {
			skip--;
			continue;
		}
		if (count == HSTP_PROC_BATCH) {
			iter->more = true;
			break;
		}
		hstp_row_listener(&iter->rows[count++], l);
	}
	rcu_read_unlock();
	return count;
}

/* A connection's lock is taken outside of its bucket's: under the latter take
 * references, under the former look.
 */
static unsigned int hstp_batch_conns(struct hstp_proc_iter *iter, struct hstp_net *hn,
				     u32 bucket, u32 skip)
{
	struct hstp_bucket *b = &hn->buckets[bucket];
	const struct hlist_nulls_node *node;
	const struct hstp_mini *mini;
	unsigned int count = 0, i;
	struct hstp_conn *conn;
	u32 now = hstp_now_ms();

	memset(iter->conns, 0, sizeof(iter->conns));
	spin_lock_bh(&b->lock);
	hlist_nulls_for_each_entry(conn, node, &b->conns, node) {
		if (skip) {
			skip--;
			continue;
		}
		if (count == HSTP_PROC_BATCH) {
			iter->more = true;
			break;
		}
		if (refcount_inc_not_zero(&conn->ref))
			iter->conns[count++] = conn;
	}
	for (mini = b->minis; mini && !iter->more; mini = mini->next) {
		if (skip) {
			skip--;
			continue;
		}
		if (count == HSTP_PROC_BATCH) {
			iter->more = true;
			break;
		}
		hstp_row_mini(&iter->rows[count++], hn, mini, now);
	}
	spin_unlock_bh(&b->lock);

	for (i = 0; i < count && iter->conns[i]; i++) {
		hstp_row_conn(&iter->rows[i], iter->conns[i], now);
		hstp_conn_put(iter->conns[i]);
	}
	return count;
}

static void hstp_row_print(struct seq_file *seq, const struct hstp_row *row, u32 line)
{
	seq_setwidth(seq, HSTP_PROC_WIDTH);
	seq_printf(seq, "%4u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8u %lu %u %pK",
		   line,
		   (__force u32)row->tuple.laddr.s6_addr32[3], ntohs(row->tuple.lport),
		   (__force u32)row->tuple.faddr.s6_addr32[3], ntohs(row->tuple.fport),
		   hstp_tcp_states[row->state], row->tx, row->rx, row->timer,
		   (unsigned long)jiffies_delta_to_clock_t(msecs_to_jiffies(row->left_ms)),
		   row->retries, from_kuid_munged(seq_user_ns(seq), row->uid),
		   row->probes, row->inode, row->refs, row->obj);
	/* RTO; then what TCP knows and HSTP does not: delayed ACK estimate,
	 * quick ACKs, congestion window, threshold of slow start
	 */
	if (!row->brief)
		seq_printf(seq, " %lu 0 0 0 -1",
			   (unsigned long)jiffies_to_clock_t(msecs_to_jiffies(row->rto_ms)));
	seq_pad(seq, '\n');
}

static int hstp_seq_show(struct seq_file *seq, void *v)
{
	struct hstp_net *hn = hstp_pernet(seq_file_net(seq));
	struct hstp_proc_iter *iter = seq->private;
	unsigned int count, i;
	u32 bucket, skip;

	if (v == SEQ_START_TOKEN) {
		seq_setwidth(seq, HSTP_PROC_WIDTH);
		seq_puts(seq, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
		seq_pad(seq, '\n');
		return 0;
	}

	bucket = pos_bucket(*(loff_t *)v);
	skip = (u32)*(loff_t *)v;
	iter->lines = 0;
	iter->more = false;
	if (bucket < HSTP_PROC_FIRST_CONN)
		count = hstp_batch_listeners(iter, hn, bucket - 1, skip);
	else
		count = hstp_batch_conns(iter, hn, bucket - HSTP_PROC_FIRST_CONN, skip);

	for (i = 0; i < count; i++) {
		const struct hstp_row *row = &iter->rows[i];

		if (row->state != HSTP_CLOSED && hstp_proc_wanted(&row->tuple.laddr))
			hstp_row_print(seq, row, iter->line + iter->lines++);
	}
	return 0;
}

static bool hstp_proc_empty(const struct hstp_net *hn, u32 bucket)
{
	const struct hstp_bucket *b;

	if (bucket < HSTP_PROC_FIRST_CONN)
		return hlist_empty(&hn->listeners[bucket - 1]);
	b = &hn->buckets[bucket - HSTP_PROC_FIRST_CONN];
	return hlist_nulls_empty(&b->conns) && !READ_ONCE(b->minis);
}

/* To the next bucket in which there is something. */
static void *hstp_seq_settle(struct seq_file *seq, loff_t *pos)
{
	const struct hstp_net *hn = hstp_pernet(seq_file_net(seq));
	u32 end = HSTP_PROC_FIRST_CONN + hn->bucket_mask + 1;
	u32 bucket = pos_bucket(*pos);

	for (; bucket < end; bucket++) {
		if (!hstp_proc_empty(hn, bucket)) {
			if (bucket != pos_bucket(*pos))
				*pos = bucket_pos(bucket);
			return pos;
		}
		if (!(bucket & 1023))
			cond_resched();
	}
	*pos = bucket_pos(end);
	return NULL;
}

static void *hstp_seq_start(struct seq_file *seq, loff_t *pos)
{
	struct hstp_proc_iter *iter = seq->private;

	iter->lines = 0;
	iter->more = false;
	if (*pos)
		return hstp_seq_settle(seq, pos);
	iter->line = 0;
	return SEQ_START_TOKEN;
}

static void *hstp_seq_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct hstp_proc_iter *iter = seq->private;

	iter->line += iter->lines;
	iter->lines = 0;
	if (iter->more)
		*pos += HSTP_PROC_BATCH;
	else
		*pos = bucket_pos(pos_bucket(*pos) + 1);
	iter->more = false;
	return hstp_seq_settle(seq, pos);
}

static void hstp_seq_stop(struct seq_file *seq, void *v)
{
}

static const struct seq_operations hstp_seq_ops = {
	.start = hstp_seq_start,
	.next = hstp_seq_next,
	.stop = hstp_seq_stop,
	.show = hstp_seq_show,
};

static void hstp_stat_states(struct seq_file *seq, const struct hstp_stats *sum)
{
	struct hstp_times times;
	unsigned int state;
	u64 entered, left;

	for (state = 0; state < HSTP_STATE_COUNT; state++) {
		hstp_stats_passages(sum, state, &entered, &left);
		if (state == HSTP_CLOSED) {
			seq_printf(seq, "state %s 0 %llu %llu 0 0 0\n",
				   hstp_state_names[state], entered, left);
			continue;
		}
		/* While counters run, a connection may seem to leave first. */
		hstp_stats_times(sum, hstp_stats_arrows(state), &times);
		seq_printf(seq, "state %s %llu %llu %llu %llu %llu %llu\n",
			   hstp_state_names[state], entered > left ? entered - left : 0,
			   entered, left, times.median, times.p99, times.longest);
	}
}

static void hstp_stat_transitions(struct seq_file *seq, const struct hstp_stats *sum)
{
	unsigned int edge, cause;

	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		for (cause = 0; cause < HSTP_CAUSE_COUNT; cause++) {
			if (!sum->transitions[edge][cause])
				continue;
			seq_printf(seq, "transition %s %s %s %llu\n",
				   hstp_state_names[hstp_edges[edge].from],
				   hstp_state_names[hstp_edges[edge].to],
				   hstp_cause_names[cause], sum->transitions[edge][cause]);
		}
	}
}

static void hstp_stat_flags(struct seq_file *seq, const char *way, const u64 *counters)
{
	static const char * const names[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		seq_printf(seq, "flag %s %s %llu\n", way, names[i], counters[i]);
}

/* Reason 0 is "none". */
static void hstp_stat_reasons(struct seq_file *seq, const char *what, const char *const *names,
			      const u64 *counters, unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count; i++)
		seq_printf(seq, "%s %s %llu\n", what, names[i], counters[i]);
}

static int hstp_stat_show(struct seq_file *seq, void *v)
{
	struct hstp_net *hn = hstp_pernet(seq->private);
	struct hstp_stats *sum = hstp_stats_sum(hn);

	if (!sum)
		return -ENOMEM;
	hstp_stat_states(seq, sum);
	hstp_stat_transitions(seq, sum);
	seq_printf(seq, "segments in %llu\n", sum->segments_in);
	seq_printf(seq, "segments out %llu\n", sum->segments_out);
	hstp_stat_flags(seq, "in", sum->flags_in);
	hstp_stat_flags(seq, "out", sum->flags_out);
	hstp_stat_reasons(seq, "reset in", hstp_reset_in_names, sum->resets_in,
			  HSTP_RESET_IN_COUNT);
	hstp_stat_reasons(seq, "reset out", hstp_reset_out_names, sum->resets_out,
			  HSTP_RESET_OUT_COUNT);
	hstp_stat_reasons(seq, "drop", hstp_drop_names, sum->drops, HSTP_DROP_COUNT);
	seq_printf(seq, "retransmit %llu\n", sum->retransmits);
	seq_printf(seq, "challenge %llu\n", sum->challenges);
	seq_printf(seq, "memory %lld\n", percpu_counter_sum(&hn->memory));
	kvfree(sum);
	return 0;
}

/**
 * hstp_proc_init() - /proc/net/hstp and /proc/net/hstp_stat for a new namespace
 * @hn: namespace, with its tables and counters
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int hstp_proc_init(struct hstp_net *hn)
{
	struct proc_dir_entry *dir = hn->net->proc_net;

	if (!IS_ENABLED(CONFIG_PROC_FS))
		return 0;
	if (!proc_create_net("hstp", 0444, dir, &hstp_seq_ops, sizeof(struct hstp_proc_iter)))
		return -ENOMEM;
	if (!proc_create_net_single("hstp_stat", 0444, dir, hstp_stat_show, NULL)) {
		remove_proc_entry("hstp", dir);
		return -ENOMEM;
	}
	return 0;
}

/**
 * hstp_proc_exit() - remove the files of a namespace
 * @hn: namespace
 *
 * Context: process; waits for those who read just now.
 */
void hstp_proc_exit(struct hstp_net *hn)
{
	remove_proc_entry("hstp_stat", hn->net->proc_net);
	remove_proc_entry("hstp", hn->net->proc_net);
}
