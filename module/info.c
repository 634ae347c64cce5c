// SPDX-License-Identifier: GPL-2.0
/* A connection as struct tcp_info, for HSTP_INFO and for sock_diag. */
#include <linux/export.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "core/congestion.h"
#include "info.h"
#include "socket.h"

/* TCP's first guess of how far segments are reordered */
#define REORDERING	3

static u8 recovery_state(const struct hstp_tcb *t)
{
	if (t->recovering)
		return TCP_CA_Loss;
	if (t->fast)
		return TCP_CA_Recovery;
	if (t->ecn_cut && hstp_before(t->snd_una, t->recover))
		return TCP_CA_CWR;
	return t->dupacks ? TCP_CA_Disorder : TCP_CA_Open;
}

static u64 rate_of(unsigned long rate)
{
	return rate == ~0UL ? ~0ULL : rate;
}

static void fill_variables(struct tcp_info *info, const struct hstp_tcb *t, u32 now)
{
	u32 mss = max_t(u32, t->mss, 1);

	info->tcpi_ca_state = recovery_state(t);
	if (t->ts_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (t->ecn_out)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (t->ecn_seen)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (t->sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (t->wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = t->snd_wscale;
		info->tcpi_rcv_wscale = t->rcv_wscale;
	}
	info->tcpi_retransmits = t->retries;
	info->tcpi_probes = t->kept ?: (t->snd_wnd ? 0 : t->retries);
	info->tcpi_backoff = t->backoff;
	info->tcpi_rto = t->rto * USEC_PER_MSEC;
	info->tcpi_snd_mss = t->mss;
	info->tcpi_rcv_mss = t->rcv_seg ?: min_t(u32, t->rcv_mss, HSTP_MSS_DEFAULT);
	info->tcpi_advmss = t->rcv_mss;
	info->tcpi_unacked = DIV_ROUND_UP(t->snd_nxt - t->snd_una, mss);
	info->tcpi_last_data_sent = now - t->sent_at;
	info->tcpi_last_ack_recv = now - t->heard_at;
	info->tcpi_rtt = t->srtt * USEC_PER_MSEC / 8;
	info->tcpi_rttvar = t->rttvar * USEC_PER_MSEC / 4;
	info->tcpi_snd_cwnd = t->cwnd / mss;
	info->tcpi_snd_ssthresh = t->ssthresh / mss;
	info->tcpi_notsent_bytes = hstp_text_unsent(t);
	info->tcpi_snd_wnd = t->snd_wnd;
	info->tcpi_total_retrans = t->again_count;
	info->tcpi_bytes_retrans = t->again_bytes;
}

static u64 limited_us(const struct hstp_meter *m, enum hstp_limit limit, u32 now)
{
	return hstp_meter_limited(m, limit, now) * USEC_PER_MSEC;
}

static void fill_meter(struct tcp_info *info, const struct hstp_meter *m,
		       const struct hstp_tcb *t, u32 now)
{
	info->tcpi_segs_in = m->segs_in;
	info->tcpi_segs_out = m->segs_out;
	info->tcpi_data_segs_in = m->texts_in;
	info->tcpi_data_segs_out = m->texts_out;
	info->tcpi_bytes_sent = m->sent;
	info->tcpi_delivered = hstp_meter_delivered(m, t, info->tcpi_sacked);
	info->tcpi_dsack_dups = m->twice;
	info->tcpi_reord_seen = m->reordered;
	info->tcpi_rcv_ooopack = m->disordered;
	info->tcpi_last_data_recv = now - m->text_at;
	info->tcpi_min_rtt = hstp_meter_min(m);
	if (m->rate_us) {
		info->tcpi_delivery_rate = div_u64((u64)m->rate_bytes * USEC_PER_SEC, m->rate_us);
		info->tcpi_delivery_rate_app_limited = m->rate_idle;
	}
	info->tcpi_rcv_rtt = m->filled_us;
	info->tcpi_rwnd_limited = limited_us(m, HSTP_LIMIT_WINDOW, now);
	info->tcpi_sndbuf_limited = limited_us(m, HSTP_LIMIT_BUFFER, now);
	info->tcpi_busy_time = limited_us(m, HSTP_LIMIT_NETWORK, now) +
			       info->tcpi_rwnd_limited + info->tcpi_sndbuf_limited;
}

/* Bytes as segments */
static u32 segments(const struct hstp_tcb *t, u32 bytes)
{
	return DIV_ROUND_UP(bytes, max_t(u32, t->mss, 1));
}

/**
 * hstp_info_fill() - what there is to say of a connection
 * @info: filled but for the state; zeroed before
 * @hn: its namespace
 * @t: its variables
 * @k: what else is known of it
 *
 * With TCP's meaning, but that
 * - a byte is one of text: SYN and FIN are not;
 * - tcpi_segs_out has the SYN,ACK, and tcpi_total_retrans is of text, SYN and FIN;
 * - of the segments that are out there is no record: tcpi_unacked, tcpi_sacked, tcpi_lost and
 *   tcpi_retrans are their bytes through a full-sized segment, tcpi_delivered is exact when
 *   nothing is out and else a lower bound, and tcpi_delivery_rate is of a round trip;
 * - it is a socket that counts and measures: what accept() finds has counted its segments, to
 *   65535 at most, and what close() has left (in sock_diag) tells its bytes alone;
 * - tcpi_rcv_rtt is measured as TCP does without timestamps, and 0 until more text has come than
 *   the first window had room for. The receive buffer grows by the sender's measurement.
 *
 * Always 0 are tcpi_fastopen_client_fail (there is no Fast Open), and what TCP does not fill
 * either.
 */
void hstp_info_fill(struct tcp_info *info, const struct hstp_net *hn, const struct hstp_tcb *t,
		    const struct hstp_known *k)
{
	u32 now = hstp_now_ms();

	fill_variables(info, t, now);
	info->tcpi_reordering = REORDERING;
	info->tcpi_ato = READ_ONCE(hn->settings.core.delack_ms) * USEC_PER_MSEC;
	info->tcpi_pmtu = k->mtu;
	info->tcpi_rcv_ssthresh = k->buffer;
	info->tcpi_rcv_space = k->most;
	info->tcpi_sacked = segments(t, k->held);
	info->tcpi_lost = segments(t, k->lost);
	info->tcpi_retrans = segments(t, k->again);
	info->tcpi_bytes_acked = k->acked;
	info->tcpi_bytes_received = k->received;
	fill_meter(info, &k->meter, t, now);
}
EXPORT_SYMBOL_GPL(hstp_info_fill);

/* What is lost by RFC 6675, IsLost(), or all after a timeout; and what of it was repaired. */
static void look_at_losses(const struct hstp_tcb *t, const struct hstp_board *b,
			   struct hstp_known *k)
{
	k->held = b ? hstp_board_held(b, t->snd_nxt) : 0;
	if (!t->fast && !t->recovering)
		return;
	if (hstp_after(t->resent, t->snd_una))
		k->again = t->resent - t->snd_una - (b ? hstp_board_held(b, t->resent) : 0);
	if (t->recovering)
		k->lost = t->recover - t->snd_una - (b ? hstp_board_held(b, t->recover) : 0);
	else if (b)
		k->lost = hstp_board_gone(b, t);
	else
		k->lost = min_t(u32, t->mss, t->snd_nxt - t->snd_una);
}

/* A connection that no socket holds. */
static void look_at_rest(const struct hstp_conn *conn, struct hstp_known *k)
{
	const struct hstp_tcb *t = &conn->tcb;
	const struct hstp_early none = {};

	k->acked = 0;
	k->received = conn->recvq.bytes;
	if (conn->accepted) {
		k->acked = hstp_count_on(conn->left.acked,
					 t->snd_una - t->iss - 1 - hstp_fin_acked(t));
		k->received = hstp_count_on(conn->left.received,
					    t->rcv_nxt - t->irs - 1 -
					    !hstp_may_receive(t->state));
	}
	memset(&k->meter, 0, sizeof(k->meter));
	hstp_meter_start(&k->meter, t, conn->accepted ? &none : &conn->early, t->heard_at);
}

/**
 * hstp_info_look() - what is known of a connection beside its variables
 * @conn: connection
 * @k: filled
 *
 * Context: the connection's lock.
 */
void hstp_info_look(const struct hstp_conn *conn, struct hstp_known *k)
{
	struct hstp_env env;

	hstp_conn_env(conn, &env);
	k->buffer = env.buffer;
	k->mtu = conn->dst ? dst_mtu(conn->dst) : 0;
	k->most = 0;
	k->lost = 0;
	k->again = 0;
	look_at_losses(&conn->tcb, conn->board, k);
	if (!conn->sk) {
		look_at_rest(conn, k);
		return;
	}
	k->most = conn->rounds.most;
	k->meter = hstp_sk(conn->sk)->meter;
	k->acked = k->meter.acked;
	k->received = k->meter.taken + conn->recvq.bytes;
}

/**
 * hstp_info_congestion() - the name of a connection's congestion control
 * @t: its variables
 */
const char *hstp_info_congestion(const struct hstp_tcb *t)
{
	return hstp_congestions[t->tune.congestion]->name;
}
EXPORT_SYMBOL_GPL(hstp_info_congestion);

static void fill_conn(struct tcp_info *info, struct hstp_conn *conn)
{
	struct hstp_known k;

	spin_lock_bh(&conn->lock);
	hstp_info_look(conn, &k);
	hstp_info_fill(info, conn->hn, &conn->tcb, &k);
	spin_unlock_bh(&conn->lock);
}

/**
 * hstp_info() - what HSTP_INFO tells
 * @sk: socket, owned
 * @info: filled as hstp_info_fill() says
 *
 * Of a listener, as with TCP, tcpi_unacked is how many wait for accept() and
 * tcpi_sacked how many may.
 */
void hstp_info(struct sock *sk, struct tcp_info *info)
{
	const struct hstp_sock *hsk = hstp_sk(sk);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = sk->sk_state;
	info->tcpi_pacing_rate = rate_of(READ_ONCE(sk->sk_pacing_rate));
	info->tcpi_max_pacing_rate = rate_of(READ_ONCE(sk->sk_max_pacing_rate));
	info->tcpi_reordering = REORDERING;
	if (hsk->listener) {
		info->tcpi_unacked = READ_ONCE(hsk->listener->queued);
		info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
	} else if (hsk->conn) {
		fill_conn(info, hsk->conn);
	} else {
		info->tcpi_min_rtt = ~0U;
	}
}
