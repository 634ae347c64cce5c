/* SPDX-License-Identifier: GPL-2.0 */
/* Segments on the wire: send them, expect them, pass them on, lose them.
 *
 * A test names the two ends of a connection and then reads like a packet trace:
 *
 *	struct end us, it;
 *
 *	net_peer();
 *	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
 *	int fd = fd_listen(&it, 1);
 *
 *	wire_send(&us, SYN, 100);
 *	wire_expect(&it, SYN | ACK, 300, 101);
 *	wire_send(&us, ACK, 101, 301);
 *	state_is(&it, "ESTABLISHED");
 *
 * Sequence numbers are those of the test: the first SYN expected from a stack tells
 * its real ISS, which is shown from then on as the number that the test expected (300
 * above), as in the figures of RFC 9293. Numbers of the tester are sent as they are.
 *
 * The arguments of wire_send(), wire_expect() ... begin with SEG.FLAGS, SEG.SEQ,
 * SEG.ACK and the text (a string); further ones are named, see struct seg:
 *	wire_send(&us, PSH | ACK, 101, 301, "hello", .wnd = 512);
 */
#ifndef HSTP_TEST_WIRE_H
#define HSTP_TEST_WIRE_H

#include "net.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

#define ZERO_WINDOW	(-1)
#define WIRE_TEXT_MAX	5000	/* more than 1440 take a larger MTU */

/* What is sent or expected. Zero means the default. */
struct seg {
	uint8_t flags;		/* expected: all eight are compared */
	uint32_t seq;
	uint32_t ack;		/* expected: compared when ACK is set */
	const char *text;	/* sent and expected; default length strlen() */
	int len;		/* bytes; without text: wire_pattern() of seq */
	int wnd;		/* sent: default 65535; expected: default any */
	int mss;		/* option; sent: default none; expected: default any */
	uint16_t urg;
	const uint8_t *opt;	/* sent: further options, padded with 0 (End of List) */
	int optlen;
	const uint8_t *ipopt;	/* sent: IP options, padded with 0 (End of Option List) */
	int ipoptlen;
	uint8_t tos;		/* sent: of the IP header */
	bool raw;		/* expected: SEG.SEQ is not in the connection's numbers */
	/* Only sent: what a healthy host does not do. */
	int offset;		/* data offset, in words */
	int cut;		/* bytes missing at the end of the packet */
	uint16_t sum_xor;	/* damages the checksum */
	uint32_t saddr, daddr;	/* network order */
	bool from_zero;		/* saddr is 0.0.0.0 */
	bool given;		/* (set by the macros) */
};

/* One segment that came. Lives as long as the test. */
struct seen {
	struct end *from;
	uint8_t flags;
	uint32_t seq, ack;	/* in the test's numbers */
	uint32_t real_seq, real_ack;
	uint16_t wnd, urg;
	int mss;		/* 0: no such option */
	int len;
	bool sum_good;
	uint64_t ms;		/* when it came, as now_ms() */
	const uint8_t *text;
	const uint8_t *opt;
	int optlen;
	uint8_t frame[2048];	/* Ethernet */
	int frame_len;
	bool taken;
	struct seen *next;
};

/* One end of a connection: a socket's name, and what the tester knows of it. */
struct end {
	enum net_ns ns;		/* NS_T: the tester plays it */
	uint32_t addr;		/* network order */
	uint16_t port;
	struct end *other;
	bool known;		/* real numbers = the test's + shift */
	uint32_t shift;
};

/* The names of both ends; forgets what was known of their sequence numbers. */
void wire_ends(struct end *one, enum net_ns one_ns, uint16_t one_port,
	       struct end *two, enum net_ns two_ns, uint16_t two_port);

/* One and the same end on two hosts, NS_A and NS_B (in a relay, and with NS_A's address), each
 * towards the same other end, so that nothing but the host tells them apart.
 */
struct twins {
	struct end a, b, from_a, from_b;
};

void wire_twins(struct twins *twins, uint16_t port);

/* Begin to see what @ns sends, and cease. wire_open() waits until the link works; done
 * by wire_ends().
 */
void wire_open(enum net_ns ns);
void wire_close(enum net_ns ns);

/* @end is about to choose a new ISS. */
void wire_forget(struct end *end);

/* Send a segment as @end to the other end, whoever @end really is. */
#define wire_send(end, ...) \
	wire_send_at(end, (struct seg){ __VA_ARGS__, .given = true })
void wire_send_at(struct end *end, struct seg seg);

/* The next segment from @end must come soon and be this one. Between two stacks
 * with the tester as relay it is thereby lost, unless wire_deliver() follows.
 */
#define wire_expect(end, ...) \
	wire_expect_at(__FILE__, __LINE__, end, \
		       (struct seg){ __VA_ARGS__, .given = true })
struct seen *wire_expect_at(const char *file, int line, struct end *end, struct seg seg);

/* Expect it, and let it go on to the other end. */
#define wire_pass(end, ...) wire_deliver(wire_expect(end, __VA_ARGS__))
/* Expect it, and let it be lost. */
#define wire_lose(end, ...) ((void)wire_expect(end, __VA_ARGS__))

/* Hand a segment to the end it is for; again, and it is a duplicate. */
void wire_deliver(struct seen *seen);

/* Where an option is in it, its kind byte, or NULL. */
const uint8_t *wire_option(const struct seen *seen, int kind);

/* The TOS octet of its packet, with the ECN field in the lowest two bits (RFC 3168 section 5);
 * and the network's part in that: the packet has met congestion.
 */
enum { NOT_ECT = 0, ECT_0 = 2, CE = 3 };
uint8_t wire_tos(const struct seen *seen);
void wire_mark(struct seen *seen);

/* The next segment from @end, or NULL when none comes for @ms milliseconds. */
struct seen *wire_next(struct end *end, int ms);

/* Nothing more came from @end in answer to what it got until now: it answers an ICMP
 * echo that is sent last. For one end, and for all that came in this test.
 */
#define wire_silence(end) wire_silence_at(__FILE__, __LINE__, end)
void wire_silence_at(const char *file, int line, struct end *end);

/* Nothing comes from @end for @ms milliseconds (for what a timer might send). */
#define wire_quiet(end, ms) wire_quiet_at(__FILE__, __LINE__, end, ms)
void wire_quiet_at(const char *file, int line, struct end *end, int ms);

/* @ns has dealt with all that was sent to it until now (an ICMP echo came back). */
void wire_sync(enum net_ns ns);

/* Relay: let everything pass both ways until @cond holds. */
#define wire_flow_until(end, cond) do {					\
	uint64_t flow_end_ = now_ms() + PATIENCE_MS;			\
									\
	while (wire_flow(end), !(cond)) {				\
		if (now_ms() > flow_end_)				\
			die(__FILE__, __LINE__,				\
			    "relayed in vain until: %s", #cond);	\
		usleep(POLL_US / 5);					\
	}								\
} while (0)
void wire_flow(struct end *end);

/* The bytes that wire_send() puts where only a length is given: the byte with
 * sequence number seq is seq * 7 + seq / 256.
 */
void wire_pattern(char *buf, uint32_t seq, int len);

/* Open a connection between the tester (@us) and a stack (@it), sequence numbers then
 * 101 and 301. Passive: the stack listens on @listener, a socket; returns the accepted
 * one. Active: the stack connects; returns its socket.
 */
int wire_open_passive(struct end *us, struct end *it, int listener);
int wire_open_active(struct end *us, struct end *it);
int wire_open_unaccepted(struct end *us, struct end *it);	/* returns the listener */

/* An active open in SYN-RECEIVED (figure 7, half of it); numbers 301 and 101. */
int wire_cross_syns(struct end *us, struct end *it);

/* A server that has closed first: TIME-WAIT beside its listener, which is returned; numbers 302
 * and 102.
 */
int wire_server_time_wait(struct end *us, struct end *it);

/* A stack's connection in any state but CLOSED and LISTEN, by the shortest way.
 *	SYN-SENT	SND.NXT 301
 *	SYN-RECEIVED	from LISTEN: SND.NXT 301, RCV.NXT 101 (.passive of it)
 *	ESTABLISHED	301, 101; opened actively
 *	FIN-WAIT-1, FIN-WAIT-2	302, 101; shutdown(SHUT_WR) was called
 *	CLOSE-WAIT	301, 102
 *	CLOSING, TIME-WAIT, LAST-ACK	302, 102
 * Returns the socket, which is still open in every state; in SYN-RECEIVED the
 * listening one.
 */
int wire_to_state(struct end *us, struct end *it, const char *state);

/* One's complement sum with pseudo-header; 0xffff over a segment that is intact. */
uint16_t wire_sum(uint32_t saddr, uint32_t daddr, const void *segment, int len);

/* The bare packet: anything as IP payload of protocol @protocol, from the tester. */
void wire_raw(enum net_ns to, uint32_t saddr, uint32_t daddr, int protocol,
	      const void *payload, int len);

/* Ethernet destination of the frames that follow: broadcast or multicast (NULL: own). */
void wire_ether(const uint8_t mac[6]);

/* Segments that the tester saw or sent for @ns since the last call with reset. */
struct wire_count {
	unsigned long in, out;		/* as the stack of @ns sees them */
	unsigned long flag_in[8], flag_out[8];	/* by bit: fin syn rst psh ack urg ece cwr */
};

struct wire_count wire_count(enum net_ns ns);
void wire_count_reset(enum net_ns ns);

/* The trace until now, to stderr. Printed by itself when a test fails. */
void wire_print(void);

#endif /* HSTP_TEST_WIRE_H */
