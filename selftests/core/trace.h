/* SPDX-License-Identifier: GPL-2.0 */
/* A language in which a test of the core reads as a trace of packets and calls.
 *
 * A test is one connection, seen from its own side: events come in one after
 * the other, and what the core does about each is expected before the next:
 *
 *	TEST(handshake, "figure 6, peer A")
 *	{
 *		ISS(100);
 *		CALL(open_active);
 *		EXPECT(SYN, .seq = 100);
 *		RECV(SYN | ACK, .seq = 300, .ack = 101);
 *		EXPECT(ACK, .seq = 101, .ack = 301);
 *		STATE(ESTABLISHED);
 *	}
 *
 * Between an event and the core stands a driver that behaves as the kernel
 * would: it performs the actions, keeps what is to be held, sends what there is
 * to send and counts the receive buffer down. A segment or a signal that
 * nobody expected fails the test at the next event or at its end.
 */
#ifndef HSTP_TEST_TRACE_H
#define HSTP_TEST_TRACE_H

#include "board.h"
#include "fsm.h"
#include "held.h"

/* Fields that a trace leaves out keep the default that stands before them. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

#define FIN HSTP_FIN
#define SYN HSTP_SYN
#define RST HSTP_RST
#define PSH HSTP_PSH
#define ACK HSTP_ACK
#define URG HSTP_URG
#define ECE HSTP_ECE
#define CWR HSTP_CWR

/* What a test that does not care gets: numbers, window and segment size. */
#define MY_ISS		100000u
#define PEER_ISS	500000u
#define ME		(MY_ISS + 1)	/* our first byte of text */
#define PEER		(PEER_ISS + 1)	/* the peer's */
#define BUFFER		10000u		/* our receive buffer */
#define WINDOW		8000u		/* what the peer offers */
#define MSS		1000u		/* both ends */
#define MY_STAMPS	7000000u	/* where our timestamps begin */

#define OUT_MAX		512
#define LOG_MAX		64
#define HELD_MAX	32

/* One segment that the core sent, whichever way. */
struct out {
	u32 seq;
	u32 ack;
	u32 off;
	u32 len;
	u32 wnd;
	u32 mss;
	u32 up;
	u8 flags;
	bool again;
	bool ect;
	struct hstp_options opt;
};

/**
 * struct trace - a connection under test and what surrounds it
 * @tcb: the connection
 * @cfg: settings
 * @env: clock, ISS and space
 * @board: what the peer has reported to hold
 * @acts: all actions of the last event, bits gathered over all steps of it
 * @out: segments sent and not yet expected
 * @last: the one that was expected last
 * @log: transitions taken and not yet expected
 * @held: text beyond RCV.NXT
 * @delivered: bytes given to the user since the beginning
 * @freed: bytes of the send queue that were freed since the beginning
 */
struct trace {
	struct hstp_tcb tcb;
	struct hstp_config cfg;
	struct hstp_env env;
	struct hstp_acts acts;
	struct hstp_board board;
	struct out out[OUT_MAX];
	struct out last;
	unsigned int out_count;
	struct {
		u8 from;
		u8 to;
		u8 cause;
	} log[LOG_MAX];
	unsigned int log_count;
	u8 state_seen;
	struct held held[HELD_MAX];
	u32 held_count;
	u32 delivered;
	u32 freed;
	enum hstp_result result;
	enum hstp_state status;
	bool signal_pending;
	bool forked;
};

extern struct trace T;

struct where {
	const char *file;
	int line;
};

#define HERE ((struct where){ __FILE__, __LINE__ })

/* A field that the trace does not name. */
#define ANY (-1LL)

struct want {
	long long seq;
	long long ack;
	long long off;
	long long len;
	long long wnd;
	long long mss;
	long long again;
	long long up;
	int flags;
	bool ect;		/* ECT(0) in the IP header */
};

struct arrival {
	u32 seq;
	u32 ack;
	u32 len;
	u32 wnd;
	u32 mss;
	u32 up;
	u8 flags;
	u8 has;			/* options besides MSS, of enum hstp_option_bit */
	u8 wscale;
	u8 sack_count;
	u8 ecn;			/* of the IP header, of enum hstp_codepoint */
	u32 tsval;
	u32 tsecr;
	struct {
		u32 left;
		u32 right;
	} sack[HSTP_SACK_BLOCKS];
};

/* --- the language ------------------------------------------------------- */

#define TEST(id, title) \
	static void test_##id(void); \
	__attribute__((constructor)) static void register_##id(void) \
	{ \
		trace_register(title, test_##id); \
	} \
	static void test_##id(void)

/* Settings, before or between events */
#define ISS(n)		(T.env.iss = (n))
#define SPACE(n)	(T.env.space = (n))
#define CONFIG(field, value) (T.cfg.field = (value))
#define PLAIN_793()	CONFIG(rfc5961, 0)
#define OFFER(wscale, stamps, selective) \
	(CONFIG(window_scaling, wscale), CONFIG(timestamps, stamps), CONFIG(sack, selective))

/* Events */
#define RECV(f, ...) \
	trace_recv(HERE, (struct arrival){ .wnd = WINDOW, .flags = (f), ##__VA_ARGS__ })
#define LISTENER_RECV(f, ...) \
	trace_listener_recv(HERE, \
			    (struct arrival){ .wnd = WINDOW, .flags = (f), ##__VA_ARGS__ })
#define CALL(what, ...)	(trace_##what(HERE, ##__VA_ARGS__), trace_result(HERE, HSTP_OK))
#define REFUSED(error, what, ...) \
	(trace_##what(HERE, ##__VA_ARGS__), trace_result(HERE, HSTP_##error))
/* Time in which nothing can happen, and no segment arrives */
#define SLEEP(s)	(T.env.now += 1000u * (u32)(s), T.env.now_s += (u32)(s))
#define TICK(ms)	trace_tick(HERE, ms)
#define READ(n)		trace_read(HERE, n)
#define HARD_ERROR()	trace_hard_error(HERE)
#define TOO_BIG(mss)	trace_too_big(HERE, mss)
#define URGENT(n)	trace_urgent(HERE, n)	/* SEND with the urgent flag */
#define KEEPALIVE(on)	trace_keepalive(HERE, on)
#define QUICK(n)	trace_quick(HERE, n)

/* Expectations */
#define EXPECT(f, ...) \
	trace_expect(HERE, (struct want){ .seq = ANY, .ack = ANY, .off = ANY, .len = 0, \
					  .wnd = ANY, .mss = ANY, .again = ANY, .up = 0, \
					  .flags = (f), ##__VA_ARGS__ })
#define SILENCE()	trace_silence(HERE)
#define STATE(s)	trace_state(HERE, HSTP_##s)
#define TRANSITION(from, to, cause) \
	trace_transition(HERE, HSTP_##from, HSTP_##to, HSTP_CAUSE_##cause)
#define NO_TRANSITION()	trace_no_transition(HERE)
#define SIGNAL(s)	trace_signal(HERE, HSTP_SIGNAL_##s)
#define TEXT(o, n)	trace_text(HERE, o, n)
#define NO_TEXT()	trace_no_bits(HERE, HSTP_ACT_TEXT, "text was delivered")
#define DID(act)	trace_bits(HERE, HSTP_ACT_##act, #act)
#define DID_NOT(act)	trace_no_bits(HERE, HSTP_ACT_##act, #act)
#define DROP(why)	trace_same(HERE, "drop", T.acts.drop, HSTP_DROP_##why)
#define RESET_IN(why)	trace_same(HERE, "reset_in", T.acts.reset_in, HSTP_RESET_IN_##why)
#define RESET_OUT(why)	trace_same(HERE, "reset_out", T.acts.reset_out, HSTP_RESET_OUT_##why)
#define ACKED(n)	trace_same(HERE, "bytes acknowledged", T.acts.acked, n)
#define DELIVERED(n)	trace_same(HERE, "bytes delivered", T.delivered, n)
#define VAR(field, n)	trace_same(HERE, #field, T.tcb.field, n)
#define SAME(what, a, b) trace_same(HERE, what, a, b)
/* Of the segment that was expected last */
#define OPTION(field, n) trace_same(HERE, #field, T.last.opt.field, n)
#define CHECK(cond)	trace_check(HERE, cond, #cond)
/* No timer is left: nothing more will ever happen by itself */
#define NO_TIMER()	trace_no_timer(HERE)

/* Where many tests begin. SND.NXT is ME, RCV.NXT is PEER. */
void trace_established(struct where w);
void trace_passive_syn_received(struct where w);
void trace_active_syn_received(struct where w);
#define ESTABLISHED_CONNECTION()	trace_established(HERE)
#define PASSIVE_SYN_RECEIVED()		trace_passive_syn_received(HERE)
#define ACTIVE_SYN_RECEIVED()		trace_active_syn_received(HERE)

/* --- behind it ---------------------------------------------------------- */

void trace_register(const char *title, void (*run)(void));
void trace_reset(void);
bool trace_run(const char *title, void (*run)(void));
int trace_finish(void);
void trace_fail(struct where w, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

void trace_recv(struct where w, struct arrival a);
void trace_listener_recv(struct where w, struct arrival a);
void trace_tick(struct where w, u32 ms);
void trace_read(struct where w, u32 n);
void trace_hard_error(struct where w);
void trace_too_big(struct where w, u16 mss);
void trace_open_active(struct where w);
void trace_open_passive(struct where w);
void trace_send(struct where w, u32 len);
void trace_urgent(struct where w, u32 len);
void trace_keepalive(struct where w, bool on);
void trace_quick(struct where w, u8 count);
void trace_receive(struct where w);
void trace_close(struct where w);
void trace_leave(struct where w, bool unread);
void trace_abort(struct where w);
void trace_status(struct where w);
void trace_result(struct where w, enum hstp_result result);

void trace_expect(struct where w, struct want want);
void trace_silence(struct where w);
void trace_state(struct where w, enum hstp_state state);
void trace_transition(struct where w, enum hstp_state from, enum hstp_state to,
		      enum hstp_cause cause);
void trace_no_transition(struct where w);
void trace_signal(struct where w, enum hstp_signal signal);
void trace_text(struct where w, u32 off, u32 len);
void trace_bits(struct where w, u32 bits, const char *name);
void trace_no_bits(struct where w, u32 bits, const char *name);
void trace_same(struct where w, const char *what, u64 got, u64 want);
void trace_check(struct where w, bool good, const char *what);
void trace_no_timer(struct where w);

#endif /* HSTP_TEST_TRACE_H */
