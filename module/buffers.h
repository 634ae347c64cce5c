/* SPDX-License-Identifier: GPL-2.0 */
/* The sizes of a socket's buffers. */
#ifndef HSTP_BUFFERS_H
#define HSTP_BUFFERS_H

#include <net/sock.h>

#include "conn.h"

/**
 * hstp_buffer_fixed() - has the user chosen the size of the receive buffer
 * @sk: socket
 */
static inline bool hstp_buffer_fixed(const struct sock *sk)
{
	return sk->sk_userlocks & SOCK_RCVBUF_LOCK;
}

/**
 * hstp_buffer_text() - how much text a receive buffer is for
 * @rcvbuf: bytes of memory
 * @tune: HSTP_WINDOW_CLAMP
 *
 * Half of it is for text, the other half for what it is packed in.
 *
 * Return: bytes.
 */
static inline u32 hstp_buffer_text(int rcvbuf, const struct hstp_tuning *tune)
{
	u32 text = rcvbuf / 2;

	return tune->window_clamp ? min(text, tune->window_clamp) : text;
}

u32 hstp_buffer_max(const struct hstp_net *hn, int rcvbuf, const struct hstp_tuning *tune,
		    bool fixed);
void hstp_buffer_tune(struct sock *sk, struct hstp_conn *conn, struct hstp_env *env);

#endif /* HSTP_BUFFERS_H */
