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
	info->tcpi_last_data_recv = now - t->heard_at;
	info->tcpi_last_ack_recv = now - t->heard_at;
	info->tcpi_rtt = t->srtt * USEC_PER_MSEC / 8;
	info->tcpi_rttvar = t->rttvar * USEC_PER_MSEC / 4;
	info->tcpi_snd_cwnd = t->cwnd / mss;
	info->tcpi_snd_ssthresh = t->ssthresh / mss;
	info->tcpi_notsent_bytes = hstp_text_unsent(t);
	info->tcpi_snd_wnd = t->snd_wnd;
	info->tcpi_total_retrans = t->again_count;
	info->tcpi_bytes_retrans = t->again_bytes;
	if (!hstp_synchronized(t->state))
		return;
	info->tcpi_bytes_acked = t->snd_una - t->iss - 1 - hstp_fin_acked(t);
	info->tcpi_bytes_received = t->rcv_nxt - t->irs - 1 - !hstp_may_receive(t->state);
}

/**
 * hstp_info_fill() - what there is to say of a connection
 * @info: filled but for the state; zeroed before
 * @hn: its namespace
 * @t: its variables
 * @buffer: all bytes of its receive buffer
 * @mtu: of the path, bytes, or 0
 */
void hstp_info_fill(struct tcp_info *info, const struct hstp_net *hn, const struct hstp_tcb *t,
		    u32 buffer, u32 mtu)
{
	fill_variables(info, t, hstp_now_ms());
	info->tcpi_reordering = REORDERING;
	info->tcpi_ato = READ_ONCE(hn->settings.core.delack_ms) * USEC_PER_MSEC;
	info->tcpi_pmtu = mtu;
	info->tcpi_rcv_ssthresh = buffer;
	info->tcpi_rcv_space = buffer;
}
EXPORT_SYMBOL_GPL(hstp_info_fill);

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
	struct hstp_env env;

	spin_lock_bh(&conn->lock);
	hstp_conn_env(conn, &env);
	hstp_info_fill(info, conn->hn, &conn->tcb, env.buffer,
		       conn->dst ? dst_mtu(conn->dst) : 0);
	info->tcpi_rcv_space = conn->accepted ? conn->rounds.most : 0;
	if (conn->board)
		info->tcpi_sacked = hstp_board_held(conn->board, conn->tcb.snd_nxt) /
				    max_t(u32, conn->tcb.mss, 1);
	spin_unlock_bh(&conn->lock);
}

/**
 * hstp_info() - what HSTP_INFO tells
 * @sk: socket, owned
 * @info: filled; what HSTP has not is 0
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
	}
}
