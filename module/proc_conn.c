// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp, a line for each connection; columns as in /proc/net/tcp. */
#include <linux/jiffies.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>

#include "core/congestion.h"
#include "proc.h"
#include "snapshot.h"
#include "socket.h"

#define HSTP_PROC_WIDTH		149	/* of a line, as in /proc/net/tcp */

/**
 * struct hstp_proc_iter - how far a reader of /proc/net/hstp has come
 * @p: the namespace; must be first
 * @snapshot: the chain that is printed
 * @line: number of its first line
 * @lines: how many lines it printed
 *
 * The file's position is the number of a chain plus 1; 0 is the headline. A step is a
 * chain, not a line: what is printed of it is true of one moment, and a connection that
 * lasts is met once, whatever object it becomes meanwhile.
 */
struct hstp_proc_iter {
	struct seq_net_private p;
	struct hstp_snapshot snapshot;
	u32 line;
	u32 lines;
};

/* This file is IPv4's. */
static bool hstp_proc_wanted(const struct hstp_view *v)
{
	return v->tcb.state != HSTP_CLOSED &&
	       (ipv6_addr_v4mapped(&v->tuple.laddr) || ipv6_addr_any(&v->tuple.laddr));
}

static unsigned long hstp_proc_ticks(u32 ms)
{
	return (unsigned long)jiffies_delta_to_clock_t(msecs_to_jiffies(ms));
}

/* Of whole connections: RTO, how long an ACK may wait, how many may not, and congestion window
 * and threshold in segments. TCP's last bit of the third is not told: HSTP has no such mode.
 */
static void hstp_row_more(struct seq_file *seq, const struct hstp_tcb *t, u32 delack_ms)
{
	u32 mss = max_t(u32, t->mss, 1);
	bool unlimited = !t->ssthresh || t->ssthresh >= HSTP_CWND_MAX;

	seq_printf(seq, " %lu %lu %u %u %d", hstp_proc_ticks(t->rto), hstp_proc_ticks(delack_ms),
		   t->quick << 1, t->cwnd / mss, unlimited ? -1 : (int)(t->ssthresh / mss));
}

static void hstp_row_print(struct seq_file *seq, const struct hstp_view *v, u32 line)
{
	const struct hstp_net *hn = hstp_pernet(seq_file_net(seq));
	bool listens = v->kind == HSTP_KIND_LISTENER;
	kuid_t uid = uid_valid(v->uid) ? v->uid : GLOBAL_ROOT_UID;
	struct hstp_view_wait wait;

	hstp_view_wait(v, &wait);
	seq_setwidth(seq, HSTP_PROC_WIDTH);
	seq_printf(seq, "%4u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8u %lu %u %pK",
		   line,
		   (__force u32)v->tuple.laddr.s6_addr32[3], ntohs(v->tuple.lport),
		   (__force u32)v->tuple.faddr.s6_addr32[3], ntohs(v->tuple.fport),
		   hstp_tcp_states[v->tcb.state], hstp_view_unacked(v),
		   listens ? v->queued : v->received, wait.timer,
		   hstp_proc_ticks(wait.left_ms), wait.retries,
		   from_kuid_munged(seq_user_ns(seq), uid), wait.probes, v->inode, v->refs,
		   v->object);
	if (v->kind != HSTP_KIND_RECORD)
		hstp_row_more(seq, &v->tcb, READ_ONCE(hn->settings.core.delack_ms));
	seq_pad(seq, '\n');
}

static int hstp_seq_show(struct seq_file *seq, void *v)
{
	struct hstp_proc_iter *iter = seq->private;
	struct hstp_snapshot *s = &iter->snapshot;
	u32 i;
	int err;

	if (v == SEQ_START_TOKEN) {
		seq_setwidth(seq, HSTP_PROC_WIDTH);
		seq_puts(seq, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
		seq_pad(seq, '\n');
		return 0;
	}

	iter->lines = 0;
	err = hstp_snapshot_take(s, hstp_pernet(seq_file_net(seq)), *(loff_t *)v - 1);
	if (err)
		return err;
	for (i = 0; i < s->count; i++) {
		if (hstp_proc_wanted(&s->rows[i]))
			hstp_row_print(seq, &s->rows[i], iter->line + iter->lines++);
	}
	return 0;
}

/* To the next chain in which there is something. */
static void *hstp_seq_settle(struct seq_file *seq, loff_t *pos)
{
	const struct hstp_net *hn = hstp_pernet(seq_file_net(seq));
	u32 end = hstp_snapshot_end(hn), chain;

	for (chain = *pos - 1; chain < end; chain++) {
		if (!hstp_snapshot_empty(hn, chain))
			break;
		if (!(chain & 1023))
			cond_resched();
	}
	*pos = (loff_t)chain + 1;
	return chain < end ? pos : NULL;
}

static void *hstp_seq_start(struct seq_file *seq, loff_t *pos)
{
	struct hstp_proc_iter *iter = seq->private;

	iter->lines = 0;
	if (hstp_snapshot_init(&iter->snapshot))
		return ERR_PTR(-ENOMEM);
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
	++*pos;
	return hstp_seq_settle(seq, pos);
}

static void hstp_seq_stop(struct seq_file *seq, void *v)
{
	struct hstp_proc_iter *iter = seq->private;

	hstp_snapshot_exit(&iter->snapshot);
}

static const struct seq_operations hstp_seq_ops = {
	.start = hstp_seq_start,
	.next = hstp_seq_next,
	.stop = hstp_seq_stop,
	.show = hstp_seq_show,
};

/**
 * hstp_proc_conn_init() - /proc/net/hstp for a new namespace
 * @dir: its /proc/net
 *
 * Context: process, may sleep.
 *
 * Return: false when there is no memory.
 */
bool hstp_proc_conn_init(struct proc_dir_entry *dir)
{
	return proc_create_net("hstp", 0444, dir, &hstp_seq_ops, sizeof(struct hstp_proc_iter));
}
