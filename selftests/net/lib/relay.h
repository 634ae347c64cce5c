/* SPDX-License-Identifier: GPL-2.0 */
/* HSTP in A and the kernel's TCP in B, with the translator on B's link.
 *
 * In the scene of the relay every segment passes the tester, who sees to it that the
 * network does to some of them what a test asks for: they are lost, held or doubled. TCP's
 * timers are its own and cannot be put off as HSTP's can, so a test does not write down
 * each segment that comes, but says what happens to which, and waits for states.
 *
 *	relay_lose(self->hstp, FIN, 0, 1);	the first FIN of HSTP's end is lost
 *	fd_close(fd);
 *	relay_until(!strcmp(state_of(self->hstp), "FIN-WAIT-2"));
 */
#ifndef HSTP_TEST_RELAY_H
#define HSTP_TEST_RELAY_H

#include "fd.h"
#include "proc.h"

#define PORT_HSTP	4000
#define PORT_TCP	80

/* Both namespaces, TCP in B without surprises: no probe of the tail, no options but MSS
 * unless a test wants them. HSTP retransmits as soon as TCP does.
 */
void interop_relay(struct end *hstp, struct end *tcp);
void interop_pair(struct end *hstp, struct end *tcp);
void interop_options(bool on);

/* Nothing is sent again because its ACK is late, but for TCP's SYN and SYN,ACK after a second: a
 * test that is not about loss may be as slow as it likes. For connections opened from now on.
 */
void interop_patient(void);

/* The programs interop_all_* are others once more, with all of TCP's options on. */
#ifndef INTEROP_ALL
#define INTEROP_ALL	false
#endif

/* What the network does to segments of @from that have all of the flags @with and none of
 * @without: as often as @times says, then no more.
 */
void relay_lose(struct end *from, uint8_t with, uint8_t without, int times);
void relay_mark(struct end *from, uint8_t with, uint8_t without, int times);
void relay_hold(struct end *from, uint8_t with, uint8_t without);
void relay_release(struct end *from);	/* what is held goes on; nothing more is held */
#define RELAY_ALWAYS	(1 << 30)

/* Forget all of it: what comes passes, what is held is lost. */
void relay_reset(void);

/* How many segments of @from with these flags passed, were lost or are held so far. */
int relay_seen(const struct end *from, uint8_t with, uint8_t without);
int relay_held(const struct end *from);
/* The last of them, or NULL. */
struct seen *relay_last(const struct end *from, uint8_t with, uint8_t without);
/* That before which there were @number of them, or NULL. */
struct seen *relay_nth(const struct end *from, uint8_t with, uint8_t without, int number);

/* The most text that one of them had, bytes. */
int relay_longest(const struct end *from);

/* How many of them had an MSS option. */
int relay_with_mss(const struct end *from, uint8_t with, uint8_t without);

/* One turn: everything that has come goes its way. */
void relay_turn(struct end *end);
/* So many of them that nothing is on its way any more, but what timers may send. */
void relay_settle(struct end *end);

#define relay_until(cond) do {						\
	uint64_t relay_end_ = now_ms() + 2 * PATIENCE_MS;		\
									\
	while (relay_turn(self->hstp), !(cond)) {			\
		if (now_ms() > relay_end_)				\
			die(__FILE__, __LINE__,				\
			    "relayed in vain until: %s", #cond);	\
		usleep(POLL_US / 5);					\
	}								\
} while (0)

/* Whatever comes in @ms milliseconds goes its way. */
#define relay_for(ms) do {						\
	uint64_t relay_end_ = now_ms() + (ms);				\
									\
	while (now_ms() < relay_end_) {					\
		relay_turn(self->hstp);					\
		usleep(POLL_US / 5);					\
	}								\
} while (0)

#define relay_state(end, name) relay_until(!strcmp(state_of(end), name))

int fd_unread(int fd);		/* bytes that recv() would give */

/* What recv() gives must become this text; segments are relayed until then. */
#define relay_text(fd, text) do {					\
	relay_until(fd_unread(fd) >= (int)strlen(text));		\
	fd_recv(fd, text);						\
} while (0)

#define relay_eof(fd) do {						\
	relay_until(fd_events(fd, POLLIN, 0) & POLLIN);			\
	fd_eof(fd);							\
} while (0)

/* Opens a connection between the ends; @client's connect(), a listener for @server. */
#define relay_connect(client, server, client_fd, server_fd) do {	\
	int listener_ = fd_listen(server, 5);				\
									\
	*(client_fd) = fd_start(client);				\
	relay_until(fd_events(*(client_fd), POLLOUT, 0) &&		\
		    fd_events(listener_, POLLIN, 0));			\
	SAME(fd_error(*(client_fd)), 0);				\
	*(server_fd) = fd_accept(listener_);				\
	fd_close(listener_);						\
} while (0)

#endif /* HSTP_TEST_RELAY_H */
