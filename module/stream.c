// SPDX-License-Identifier: GPL-2.0
/* The stream as the user sees it: send and receive, with TCP's rules of when to
 * wait and what to say. User memory is touched without the connection's lock.
 */
#include <linux/sched/signal.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "act.h"
#include "buffers.h"
#include "memory.h"
#include "meter.h"

/* bytes that are copied in one go */
#define CHUNK_MAX	65536

/* A user of the sleepers below may find that another thread has disconnected
 * the socket meanwhile: hstp_sock.conn is to be read again.
 */

/* SO_RCVLOWAT says how much. A peer that has no window left sends no more of it, nor does one
 * that was told of none for lack of memory.
 */
static bool is_enough(const struct sock *sk, const struct hstp_conn *conn, u32 bytes)
{
	return bytes && (bytes >= (u32)READ_ONCE(sk->sk_rcvlowat) ||
			 READ_ONCE(conn->tcb.rcv_wnd) <= conn->tcb.rcv_mss || conn->tcb.shut);
}

static noinline bool is_enough_but_marked(const struct sock *sk, const struct hstp_conn *conn)
{
	return is_enough(sk, conn, hstp_urgent_text(sk, conn));
}

/**
 * hstp_stream_readable() - is there so much text that reading is worth a wake-up
 * @sk: socket
 * @conn: its connection
 *
 * Context: any; without the connection's lock the answer may be old.
 */
bool hstp_stream_readable(const struct sock *sk, const struct hstp_conn *conn)
{
	if (unlikely(conn->tcb.urgent_in))
		return is_enough_but_marked(sk, conn);
	return is_enough(sk, conn, READ_ONCE(conn->recvq.bytes));
}

/**
 * hstp_stream_writable() - is there so much room that writing is worth a wake-up
 * @sk: socket
 * @conn: its connection
 *
 * Context: any; without the connection's lock the answer may be old.
 *
 * Return: true when at least a third of the send buffer is free, and the namespace has
 * memory for it.
 */
bool hstp_stream_writable(const struct sock *sk, const struct hstp_conn *conn)
{
	u32 used = READ_ONCE(conn->sendq.memory);

	/* Without the lock the object may be of another namespace by now. */
	return used + used / 2 <= (u32)READ_ONCE(sk->sk_sndbuf) &&
	       !hstp_memory_full(hstp_pernet(sock_net(sk)), used);
}

static u32 send_room(const struct sock *sk, const struct hstp_conn *conn)
{
	u32 used = READ_ONCE(conn->sendq.memory);
	u32 bound = READ_ONCE(sk->sk_sndbuf);

	return used < bound ? min(bound - used, hstp_memory_room(conn->hn, used)) : 0;
}

static bool may_send(const struct sock *sk)
{
	return (1 << READ_ONCE(sk->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT);
}

static bool connecting(const struct sock *sk)
{
	return (1 << READ_ONCE(sk->sk_state)) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
}

static bool send_is_over(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) || (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN);
}

/* For a connect() that is under way. */
static int wait_for_open(struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int done;

	while (!may_send(sk)) {
		int err = sock_error(sk);

		if (err)
			return err;
		if (!connecting(sk))
			return -EPIPE;
		if (!*timeo)
			return -EAGAIN;
		if (signal_pending(current))
			return sock_intr_errno(*timeo);

		add_wait_queue(sk_sleep(sk), &wait);
		done = sk_wait_event(sk, timeo, READ_ONCE(sk->sk_err) || !connecting(sk), &wait);
		remove_wait_queue(sk_sleep(sk), &wait);
		if (done < 0)
			return done;
	}
	return 0;
}

/* The user wants to send, and the send buffer is full: does the network want more? */
static void starves(struct sock *sk)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;

	spin_lock_bh(&conn->lock);
	hstp_meter_waits(conn, hstp_now_ms());
	spin_unlock_bh(&conn->lock);
}

static int sleep_for_room(struct sock *sk, long *timeo)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int done;

	hstp_conn_hold(conn);
	add_wait_queue(sk_sleep(sk), &wait);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	smp_mb__after_atomic();		/* pairs with hstp_sock_writable() */
	starves(sk);
	done = sk_wait_event(sk, timeo, send_is_over(sk) || send_room(sk, conn), &wait);
	remove_wait_queue(sk_sleep(sk), &wait);
	hstp_conn_put(conn);
	return done;
}

/* For acknowledgments to make room in the send buffer. */
static int wait_for_room(struct sock *sk, long *timeo)
{
	for (;;) {
		sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
		if (send_is_over(sk) || !hstp_sk(sk)->conn)
			return -EPIPE;
		if (send_room(sk, hstp_sk(sk)->conn)) {
			sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
			return 0;
		}
		if (!*timeo) {
			/* EAGAIN promises an event when there is room again */
			set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
			smp_mb__after_atomic();	/* pairs with hstp_sock_writable() */
			starves(sk);
			return send_room(sk, hstp_sk(sk)->conn) ? 0 : -EAGAIN;
		}
		if (signal_pending(current))
			return sock_intr_errno(*timeo);
		if (sleep_for_room(sk, timeo) < 0)
			return -EPIPE;
	}
}

/* SEND. */
static int hand_over(struct sock *sk, struct hstp_conn *conn, struct sk_buff *skb,
		     struct msghdr *msg, bool first)
{
	bool urgent = msg->msg_flags & MSG_OOB && !msg_data_left(msg);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	enum hstp_result result;
	struct hstp_env env;

	spin_lock_bh(&conn->lock);
	hstp_sock_options(sk, conn);
	hstp_conn_env(conn, &env);
	if (first)
		hstp_meter_gap(&hstp_sk(sk)->meter, &conn->tcb, conn->board);
	conn->tcb.more = !!(msg->msg_flags & MSG_MORE);
	result = hstp_call_send(&conn->tcb, skb->len, &acts);
	if (result == HSTP_OK) {
		if (urgent)
			hstp_call_urgent(&conn->tcb);
		hstp_sendq_append(&conn->sendq, skb);
		hstp_act(conn, NULL, NULL, &env, &acts);
	}
	spin_unlock_bh(&conn->lock);
	if (result == HSTP_OK)
		return 0;
	kfree_skb(skb);
	return -EPIPE;
}

/* A buffer of whole segments is free as soon as they are acknowledged, and its
 * pages can be filled again.
 */
static u32 chunk_size(const struct hstp_conn *conn, u32 room)
{
	u32 segment = hstp_segment_size(&conn->tcb);

	return max(rounddown(room, segment), segment);
}

static int send_chunk(struct sock *sk, struct msghdr *msg, bool first)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	struct sk_buff *skb;
	u32 size, bytes;
	int err;

	size = chunk_size(conn, min_t(u32, send_room(sk, conn), CHUNK_MAX));
	skb = hstp_sendq_fill(msg, min_t(size_t, msg_data_left(msg), size), sk->sk_allocation);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	bytes = skb->len;
	err = hand_over(sk, conn, skb, msg, first);
	return err ? err : bytes;
}

static int send_locked(struct sock *sk, struct msghdr *msg)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	int sent = 0, err;

	err = wait_for_open(sk, &timeo);
	if (err)
		goto out;
	if (msg->msg_controllen) {
		struct sockcm_cookie cookie;

		sockcm_init(&cookie, sk);
		if (sock_cmsg_send(sk, msg, &cookie))
			return -EINVAL;
	}
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);

	err = -EPIPE;
	if (send_is_over(sk) || !hstp_sk(sk)->conn)
		goto out;
	while (msg_data_left(msg)) {
		err = wait_for_room(sk, &timeo);
		if (err)
			goto out;
		err = send_chunk(sk, msg, !sent);
		if (err < 0)
			goto out;
		sent += err;
	}
	return sent;
out:
	if (sent)
		return sent;
	return sk_stream_error(sk, msg->msg_flags, err);
}

/**
 * hstp_sendmsg() - send()
 * @sk: socket
 * @msg: what to send, and MSG_DONTWAIT, MSG_NOSIGNAL
 * @len: bytes of it
 *
 * Context: process.
 *
 * Return: bytes taken; -EPIPE, with SIGPIPE, when the stream is shut; the error
 * that the connection died of; -EAGAIN, -EINTR or -ERESTARTSYS; -EOPNOTSUPP for
 * MSG_FASTOPEN; -EINVAL, -EFAULT, -ENOMEM.
 */
int hstp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	int ret;

	if (msg->msg_flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	lock_sock(sk);
	ret = send_locked(sk, msg);
	release_sock(sk);
	return ret;
}

/* The buffer with the byte that comes @skip bytes after the next one to read. */
static struct sk_buff *find_text(const struct hstp_recvq *q, u32 skip, u32 *off)
{
	struct sk_buff *skb;
	u32 at = q->taken + skip;

	for (skb = q->head; skb; skb = skb->next) {
		if (at < HSTP_CB(skb)->len)
			break;
		at -= HSTP_CB(skb)->len;
	}
	*off = at;
	return skb;
}

static int copy_text(struct sk_buff *skb, u32 off, struct msghdr *msg, size_t len, int flags)
{
	if (flags & MSG_TRUNC)
		return 0;
	return skb_copy_datagram_msg(skb, HSTP_CB(skb)->off + off, msg, len);
}

/* No call reads across the urgent mark: @bytes from the one that comes @skip bytes after
 * the next, or as many as there are before the mark. The connection's lock is held.
 */
static u32 up_to_mark(const struct hstp_conn *conn, u32 skip, u32 bytes)
{
	u32 ahead;

	if (!hstp_urgent_ahead(conn, &ahead) || (s32)(ahead - skip) <= 0)
		return bytes;
	return min(bytes, ahead - skip);
}

static bool at_mark(struct sock *sk, u32 skip)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	bool at;
	u32 ahead;

	spin_lock_bh(&conn->lock);
	at = hstp_urgent_ahead(conn, &ahead) && ahead == skip;
	spin_unlock_bh(&conn->lock);
	return at;
}

/* MSG_PEEK may look at the last buffer, which grows while text arrives, unless it
 * is cloned.
 */
static struct sk_buff *peek_at(struct hstp_conn *conn, u32 skip, u32 *off, u32 *bytes)
{
	struct sk_buff *skb;

	spin_lock_bh(&conn->lock);
	skb = find_text(&conn->recvq, skip, off);
	if (skb)
		*bytes = up_to_mark(conn, skip, min(*bytes, HSTP_CB(skb)->len - *off));
	if (skb)
		skb = skb_clone(skb, GFP_ATOMIC) ?: ERR_PTR(-ENOMEM);
	spin_unlock_bh(&conn->lock);
	return skb;
}

/* Returns the bytes copied, or -ENODATA when no text waits after @skip bytes. */
static int peek(struct hstp_conn *conn, u32 skip, struct msghdr *msg, size_t len, int flags)
{
	struct sk_buff *skb;
	u32 off, bytes = min_t(size_t, len, INT_MAX);
	int err;

	skb = peek_at(conn, skip, &off, &bytes);
	if (!skb)
		return -ENODATA;
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	err = copy_text(skb, off, msg, bytes, flags);
	consume_skb(skb);
	return err ? -EFAULT : bytes;
}

/* The user has @bytes more of the first buffer; returns it when that was all. */
static struct sk_buff *eat(struct hstp_recvq *q, u32 bytes)
{
	struct sk_buff *skb = q->head;

	WRITE_ONCE(q->bytes, q->bytes - bytes);
	q->taken += bytes;
	if (q->taken < HSTP_CB(skb)->len)
		return NULL;
	q->taken = 0;
	q->head = skb->next;
	if (!q->head)
		q->tail = NULL;
	q->memory -= skb->truesize;
	skb->next = NULL;
	return skb;
}

/* RECEIVE: the window may open with what is eaten. */
static struct sk_buff *eat_and_tell(struct sock *sk, struct hstp_conn *conn, u32 bytes)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;
	struct sk_buff *skb;

	spin_lock_bh(&conn->lock);
	skb = eat(&conn->recvq, bytes);
	hstp_sk(sk)->meter.taken += bytes;
	hstp_memory_charge(conn);
	hstp_urgent_taken(conn, bytes);
	hstp_sock_options(sk, conn);
	hstp_conn_env(conn, &env);
	if (hstp_round_over(&conn->rounds, &conn->tcb, env.now))
		hstp_buffer_tune(sk, conn, &env);
	hstp_call_receive(&conn->tcb, &env, &acts);
	if (acts.bits)
		hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
	return skb;
}

static void skip_byte(struct sock *sk, struct hstp_conn *conn)
{
	consume_skb(eat_and_tell(sk, conn, 1));
	sk_peek_offset_bwd(sk, 1);
}

/**
 * hstp_stream_pass_old() - bytes that were urgent, and that another one has taken the mark from
 * @sk: socket, owned
 * @conn: its connection
 *
 * Context: process.
 */
void hstp_stream_pass_old(struct sock *sk, struct hstp_conn *conn)
{
	while (conn->tcb.urgent_old && !sock_flag(sk, SOCK_URGINLINE))
		skip_byte(sk, conn);
}

/* Is there a mark ahead? */
static bool has_mark(struct sock *sk)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;

	if (likely(!conn || !conn->tcb.urgent_in))
		return false;
	hstp_stream_pass_old(sk, conn);
	return true;
}

/* The urgent byte is not part of the stream. */
static void skip_urgent(struct sock *sk, struct hstp_conn *conn)
{
	bool skip;

	spin_lock_bh(&conn->lock);
	skip = !sock_flag(sk, SOCK_URGINLINE) && hstp_urgent_at_mark(conn) &&
	       conn->recvq.bytes;
	spin_unlock_bh(&conn->lock);
	if (skip)
		skip_byte(sk, conn);
}

/* Has the next byte become an urgent one just now, which the caller has not passed? */
static bool not_text(const struct sock *sk, const struct hstp_conn *conn)
{
	return !sock_flag(sk, SOCK_URGINLINE) &&
	       (conn->tcb.urgent_old || hstp_urgent_at_mark(conn));
}

/* SO_TIMESTAMP and its like: as with TCP, when the segment came that had the last byte.
 * IP_RECVTOS: its Diffserv field (MAY-9).
 */
static bool wants_packet(const struct sock *sk)
{
	return sock_flag(sk, SOCK_RCVTSTAMP) || (sk->sk_tsflags & SOF_TIMESTAMPING_SOFTWARE) ||
	       (hstp_inet_cmsg_flags(sk) & IP_CMSG_TOS);
}

static void tell_packet(struct sock *sk, struct msghdr *msg, struct sk_buff *skb)
{
	sock_recv_timestamp(msg, sk, skb);
	if (hstp_inet_cmsg_flags(sk) & IP_CMSG_TOS)
		put_cmsg(msg, SOL_IP, IP_TOS, sizeof(u8), &ip_hdr(skb)->tos);
}

/* Returns as peek(). */
static int take(struct sock *sk, struct hstp_conn *conn, struct msghdr *msg, size_t len,
		int flags, struct sk_buff **last)
{
	struct hstp_recvq *q = &conn->recvq;
	struct sk_buff *skb;
	u32 bytes;

	if (unlikely(conn->tcb.urgent_in))
		skip_urgent(sk, conn);
	skb = hstp_recvq_first(q);
	if (!skb)
		return -ENODATA;
	bytes = min_t(size_t, len, HSTP_CB(skb)->len - q->taken);
	if (unlikely(conn->tcb.urgent_in)) {
		spin_lock_bh(&conn->lock);
		bytes = not_text(sk, conn) ? 0 : up_to_mark(conn, 0, bytes);
		spin_unlock_bh(&conn->lock);
		if (!bytes)
			return 0;
	}
	if (copy_text(skb, q->taken, msg, bytes, flags))
		return -EFAULT;
	if (unlikely(wants_packet(sk))) {
		consume_skb(*last);
		*last = skb_get(skb);
	}
	consume_skb(eat_and_tell(sk, conn, bytes));
	return bytes;
}

/* No text waits: may the call sleep? 1: yes; 0: it ends with what it has; else an
 * error.
 */
static int may_wait(struct sock *sk, bool some, long timeo)
{
	if (some) {
		if (!timeo || READ_ONCE(sk->sk_err) || sk->sk_state == TCP_CLOSE ||
		    (sk->sk_shutdown & RCV_SHUTDOWN) || signal_pending(current))
			return 0;
		return 1;
	}
	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (READ_ONCE(sk->sk_err))
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 1;
}

/* Has text come beyond the first @at bytes of all? */
static bool has_more(const struct sock *sk, const struct hstp_conn *conn, u32 at)
{
	return hstp_after((u32)READ_ONCE(hstp_sk(sk)->meter.taken) +
			  READ_ONCE(conn->recvq.bytes), at);
}

/* Until there is text beyond the first @at bytes of all, or the end of it; returns 0, or
 * -EPIPE when another thread has disconnected the socket, and perhaps made a listener of it.
 */
static int wait_for_text(struct sock *sk, u32 at, long *timeo)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int done;

	if (!conn)
		return -EPIPE;
	hstp_conn_hold(conn);
	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	done = sk_wait_event(sk, timeo,
			     has_more(sk, conn, at) || READ_ONCE(sk->sk_err) ||
			     (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) ||
			     READ_ONCE(sk->sk_state) == TCP_CLOSE, &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	hstp_conn_put(conn);
	return min(done, 0);
}

/* Returns the bytes taken, or -ENODATA when none wait after the @skip that MSG_PEEK
 * has seen. @last gets the buffer of which the user asks more than the text.
 */
static int receive_some(struct sock *sk, struct msghdr *msg, size_t len, int flags, u32 skip,
			struct sk_buff **last)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;

	if (!conn)
		return -ENODATA;
	if (flags & MSG_PEEK)
		return peek(conn, skip, msg, len, flags);
	return take(sk, conn, msg, len, flags, last);
}

static int receive_locked(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	int target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	const struct hstp_meter *m = &hstp_sk(sk)->meter;
	u32 at = (u32)m->taken + max(sk_peek_offset(sk, flags), 0);
	bool peeks = flags & MSG_PEEK, hole = false;
	struct sk_buff *last = NULL;
	int got = 0, ret;

	do {
		bool mark = has_mark(sk);
		u32 taken = m->taken;

		/* Others may have read what this one has seen, while it slept. */
		if (!peeks || hstp_before(at, taken))
			at = taken;
		if (unlikely(mark) && at_mark(sk, at - taken)) {
			if (got)
				break;
			if (peeks && !sock_flag(sk, SOCK_URGINLINE)) {
				hole = true;
				at++;
			}
		}
		ret = receive_some(sk, msg, len, flags, at - taken, &last);
		if (ret >= 0) {
			got += ret;
			len -= ret;
			at += ret;
			continue;
		}
		if (ret != -ENODATA)
			break;
		ret = 0;
		if (got >= target)
			break;
		ret = may_wait(sk, got, timeo);
		if (ret <= 0)
			break;
		ret = wait_for_text(sk, peeks ? at : m->taken, &timeo);
		at -= hole;	/* meanwhile the mark may have moved */
		hole = false;
	} while (len > 0 && ret >= 0);

	if (!peeks)
		sk_peek_offset_bwd(sk, got);
	else if (got)
		sk_peek_offset_fwd(sk, (int)(at - (u32)m->taken) - sk_peek_offset(sk, flags));
	if (unlikely(last)) {
		tell_packet(sk, msg, last);
		consume_skb(last);
	}
	return got ? got : ret;
}

/**
 * hstp_recvmsg() - recv()
 * @sk: socket
 * @msg: where the text goes
 * @len: bytes of room
 * @flags: MSG_PEEK, MSG_WAITALL, MSG_TRUNC (throw away), MSG_DONTWAIT, MSG_OOB,
 *	MSG_ERRQUEUE
 * @addr_len: not written: the peer's name is not asked for on a stream
 *
 * Text that arrived before the connection died can still be read.
 *
 * Context: process.
 *
 * Return: bytes; 0 at the end; -ENOTCONN when there never was a connection; the
 * error that the connection died of; -EAGAIN, -EINTR or -ERESTARTSYS; -EFAULT, -ENOMEM;
 * with MSG_OOB as hstp_urgent_receive().
 */
int hstp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	int ret;

	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, len, addr_len);
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN)
		ret = -ENOTCONN;
	else if (flags & MSG_OOB)
		ret = hstp_urgent_receive(sk, msg, len, flags);
	else
		ret = receive_locked(sk, msg, len, flags);
	release_sock(sk);
	return ret;
}
