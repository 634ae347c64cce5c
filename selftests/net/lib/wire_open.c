// SPDX-License-Identifier: GPL-2.0
/* The way into each state, with the tester as the remote end. */
#include "fd.h"
#include "proc.h"

/**
 * wire_open_passive() - open a connection from the tester to a listener
 * @us: the tester
 * @it: the stack
 * @listener: its listening socket
 *
 * Return: the accepted socket.
 */
int wire_open_passive(struct end *us, struct end *it, int listener)
{
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	return fd_accept(listener);
}

/**
 * wire_open_active() - let a stack open a connection to the tester
 * @us: the tester
 * @it: the stack
 *
 * Return: its socket.
 */
int wire_open_active(struct end *us, struct end *it)
{
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301);
	wire_expect(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	return fd;
}

/**
 * wire_cross_syns() - let a stack open a connection, and a SYN cross its own
 * @us: the tester
 * @it: the stack, then in SYN-RECEIVED; SND.NXT 301, RCV.NXT 101
 *
 * Return: its socket.
 */
int wire_cross_syns(struct end *us, struct end *it)
{
	int fd = wire_to_state(us, it, "SYN-SENT");

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	return fd;
}

/* Our FIN is the first: FIN-WAIT-1 and what follows from it. */
static int close_first(struct end *us, struct end *it, const char *state)
{
	int fd = wire_open_active(us, it);

	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 301, 101);
	if (!strcmp(state, "FIN-WAIT-1"))
		return fd;
	if (!strcmp(state, "CLOSING")) {
		wire_send(us, FIN | ACK, 101, 301);
		wire_expect(it, ACK, 302, 102);
		return fd;
	}
	wire_send(us, ACK, 101, 302);
	if (!strcmp(state, "FIN-WAIT-2"))
		return fd;
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	NEED(!strcmp(state, "TIME-WAIT"));
	return fd;
}

static int close_second(struct end *us, struct end *it, const char *state)
{
	int fd = wire_open_active(us, it);

	wire_send(us, FIN | ACK, 101, 301);
	wire_expect(it, ACK, 301, 102);
	if (!strcmp(state, "CLOSE-WAIT"))
		return fd;
	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 301, 102);
	return fd;
}

/**
 * wire_to_state() - bring a stack's connection into a state
 * @us: the tester
 * @it: the stack
 * @state: any but CLOSED and LISTEN
 *
 * By the shortest way, see wire.h for the numbers then reached.
 *
 * Return: its socket; in SYN-RECEIVED the listening one.
 */
int wire_to_state(struct end *us, struct end *it, const char *state)
{
	int fd;

	if (!strcmp(state, "SYN-SENT")) {
		fd = fd_start(it);
		wire_expect(it, SYN, 300);
	} else if (!strcmp(state, "SYN-RECEIVED")) {
		fd = fd_listen(it, 8);
		wire_send(us, SYN, 100);
		wire_expect(it, SYN | ACK, 300, 101);
	} else if (!strcmp(state, "ESTABLISHED")) {
		fd = wire_open_active(us, it);
	} else if (!strcmp(state, "CLOSE-WAIT") || !strcmp(state, "LAST-ACK")) {
		fd = close_second(us, it, state);
	} else {
		fd = close_first(us, it, state);
	}
	state_is(it, state);
	return fd;
}

/**
 * wire_server_time_wait() - a connection in TIME-WAIT that a listener has opened
 * @us: the tester
 * @it: the stack
 *
 * Return: the listening socket; the connection's is closed.
 */
int wire_server_time_wait(struct end *us, struct end *it)
{
	int listener = fd_listen(it, 8);

	fd_close(wire_open_passive(us, it, listener));
	wire_expect(it, FIN | ACK, 301, 101);
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	return listener;
}

/**
 * wire_open_unaccepted() - a handshake whose connection waits for accept()
 * @us: the tester, who opens
 * @it: the end that listens; synchronized afterwards
 *
 * Return: the listener.
 */
int wire_open_unaccepted(struct end *us, struct end *it)
{
	int listener = fd_listen(it, 1);

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	return listener;
}
