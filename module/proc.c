// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp_stat, counters; and the files of a namespace, which come and go. */
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "proc.h"
#include "stats.h"

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
	if (!hstp_proc_conn_init(dir))
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
