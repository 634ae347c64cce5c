/* SPDX-License-Identifier: GPL-2.0 */
/* What a network namespace has of HSTP: tables, settings, counters. */
#ifndef HSTP_NET_H
#define HSTP_NET_H

#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "batch.h"
#include "core/tcb.h"

#define HSTP_LISTEN_BUCKETS	64
#define HSTP_PORT_BUCKETS	256
#define HSTP_PORTS		65536

struct ctl_table_header;
struct hstp_bucket;
struct hstp_faults;
struct hstp_stats;
struct hstp_wait;

/**
 * struct hstp_settings - net.hstp.*, see the README
 * @core: those that the state machine reads
 * @challenge_ack_limit: challenge ACKs a second
 * @max_syn_backlog: SYN-RECEIVED records of a listener
 * @max_time_wait: TIME-WAIT records of the namespace
 * @reuse_time_wait: connect() may take the place of a TIME-WAIT with timestamps
 * @recycle_time_wait: TIME-WAIT with timestamps is short
 * @max_orphans: connections that no socket holds
 * @mem_limit_kib: memory of all queues of connections, KiB
 * @port_min: first ephemeral port
 * @port_max: last ephemeral port
 * @segment_events: tell the multicast group of each segment
 */
struct hstp_settings {
	struct hstp_config core;
	int challenge_ack_limit;
	int max_syn_backlog;
	int max_time_wait;
	int max_orphans;
	int reuse_time_wait;
	int recycle_time_wait;
	int mem_limit_kib;
	int port_min;
	int port_max;
	int segment_events;
	int rcvbuf_max;
};

/**
 * struct hstp_net - one network namespace
 * @net: the namespace
 * @settings: read with READ_ONCE() where they can change meanwhile
 * @sysctl: net.hstp, see sysctl.c
 * @stats: counters, one set a CPU
 * @stats_base: what they were when they were reset last, or NULL
 * @stats_mutex: for @stats_base
 * @event_sequence: number of the last event, see event.c
 * @segment_sequence: number of the last segment that was told
 * @events_lost: of both, for want of memory
 * @batch: both, on their way to who listens
 * @buckets: connections by tuple, see conn.c
 * @bucket_mask: number of buckets less one
 * @hash_key: secret of the tables
 * @isn_key: secret of the initial sequence numbers (RFC 6528)
 * @stamps_key: secret of the timestamps' offsets (RFC 7323 section 5.4)
 * @port_key: secret of the ephemeral ports (RFC 6056)
 * @port_step: second table of RFC 6056's algorithm 4
 * @waits: SYN-RECEIVED and TIME-WAIT records by time, one set a CPU
 * @time_waits: records in TIME-WAIT
 * @orphans: connections without a socket
 * @memory: bytes that the queues of connections take
 * @listen_lock: for @listeners, to change
 * @listeners: by port, read under RCU
 * @port_lock: for @ports
 * @ports: sockets that called bind(), by port
 * @challenge_lock: for the two that follow
 * @challenge_second: the second that @challenge_count counts, jiffies / HZ
 * @challenge_count: challenge ACKs that may still be sent in it
 * @fault_mutex: held by who changes @faults: each waits for a grace period
 * @faults: on the way of segments, or NULL: there never was one
 * @dying: the namespace takes no more segments
 */
struct hstp_net {
	struct net *net;
	struct hstp_settings settings;
	struct ctl_table_header *sysctl;
	struct hstp_stats __percpu *stats;
	struct hstp_stats *stats_base;
	struct mutex stats_mutex;	/* for stats_base */
	atomic64_t event_sequence;
	atomic64_t segment_sequence;
	atomic64_t events_lost;
	struct hstp_batch batch;
	struct hstp_bucket *buckets;
	u32 bucket_mask;
	hsiphash_key_t hash_key;
	siphash_key_t isn_key;
	siphash_key_t stamps_key;
	siphash_key_t port_key;
	u32 port_step[256];
	struct hstp_wait __percpu *waits;
	struct percpu_counter time_waits;
	struct percpu_counter orphans;
	struct percpu_counter memory;
	spinlock_t listen_lock;	/* BH off */
	struct hlist_head listeners[HSTP_LISTEN_BUCKETS];
	spinlock_t port_lock;	/* BH off */
	struct hlist_head ports[HSTP_PORT_BUCKETS];
	spinlock_t challenge_lock;	/* BH off */
	unsigned long challenge_second;
	u32 challenge_count;
	struct mutex fault_mutex;	/* for faults, to change */
	struct hstp_faults *faults;
	bool dying;
};

extern unsigned int hstp_net_id;
extern u8 hstp_protocol;

static inline struct hstp_net *hstp_pernet(const struct net *net)
{
	return net_generic(net, hstp_net_id);
}

/**
 * hstp_now_ms() - the core's clock
 *
 * Return: milliseconds since boot, modulo 2^32, in steps of a jiffy.
 */
static inline u32 hstp_now_ms(void)
{
	return (u32)div_u64(get_jiffies_64() * MSEC_PER_SEC, HZ);
}

/**
 * hstp_now_s() - the same, for what lasts long
 *
 * Return: seconds since boot, modulo 2^32.
 */
static inline u32 hstp_now_s(void)
{
	return (u32)div_u64(get_jiffies_64(), HZ);
}

/**
 * hstp_now_us() - the clock that time in state is measured with
 *
 * Return: microseconds since boot, modulo 2^32.
 */
static inline u32 hstp_now_us(void)
{
	return (u32)ktime_to_us(ktime_get());
}

#endif /* HSTP_NET_H */
