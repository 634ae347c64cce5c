// SPDX-License-Identifier: GPL-2.0
/* The driver behind trace.h: performs the core's actions as the kernel would,
 * compares, and writes TAP.
 */
#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_MAX 1024

struct trace T;

static struct {
	const char *title;
	void (*run)(void);
} tests[TESTS_MAX];
static unsigned int test_count;

static jmp_buf failed;
static unsigned int number, passed;

/* --- TAP -------------------------------------------------------------- */

void trace_register(const char *title, void (*run)(void))
{
	if (test_count == TESTS_MAX)
		abort();
	tests[test_count].title = title;
	tests[test_count].run = run;
	test_count++;
}

static const char *flags_text(u8 flags)
{
	static char text[4][48];
	static unsigned int turn;
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE",
					     "CWR" };
	char *at = text[turn++ % 4];
	char *const start = at;
	unsigned int i;

	*at = 0;
	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			at += sprintf(at, "%s%s", at == start ? "" : ",", names[i]);
	return start;
}

static void print_out(const struct out *out)
{
	printf("#   sent: <SEQ=%u><ACK=%u><CTL=%s><WND=%u> text %u at %u%s\n", out->seq, out->ack,
	       flags_text(out->flags), out->wnd, out->len, out->off, out->again ? ", again" : "");
}

void trace_fail(struct where w, const char *format, ...)
{
	const char *slash = strrchr(w.file, '/');
	unsigned int i;
	va_list args;

	printf("# %s:%d: ", slash ? slash + 1 : w.file, w.line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n#   in %s, SND.UNA %u SND.NXT %u SND.WND %u RCV.NXT %u RCV.WND %u\n",
	       hstp_state_names[T.tcb.state], T.tcb.snd_una, T.tcb.snd_nxt, T.tcb.snd_wnd,
	       T.tcb.rcv_nxt, T.tcb.rcv_wnd);
	for (i = 0; i < T.out_count; i++)
		print_out(&T.out[i]);
	longjmp(failed, 1);
}

void trace_reset(void)
{
	static const struct hstp_config defaults = HSTP_CONFIG_DEFAULT;

	memset(&T, 0, sizeof(T));
	T.cfg = defaults;
	/* A trace that is not about them has no options */
	T.cfg.window_scaling = 0;
	T.cfg.timestamps = 0;
	T.cfg.sack = 0;
	T.env.cfg = &T.cfg;
	T.env.now = 100000;
	T.env.now_s = 100;
	T.env.ts_offset = MY_STAMPS;
	T.env.iss = MY_ISS;
	T.env.space = BUFFER;
	T.env.buffer = BUFFER;
	T.env.buffer_max = BUFFER;
	T.tcb.mss = MSS;
	T.tcb.snd_mss = 65535;
	T.tcb.rcv_mss = MSS;
}

static void run_to_end(const char *title, void (*run)(void))
{
	struct where end = { title, 0 };

	run();
	trace_silence(end);
	if (T.signal_pending)
		trace_fail(end, "signal %u nobody expected", T.acts.signal);
}

bool trace_run(const char *title, void (*run)(void))
{
	number++;
	trace_reset();
	if (setjmp(failed)) {
		printf("not ok %u - %s\n", number, title);
		return false;
	}
	run_to_end(title, run);
	passed++;
	printf("ok %u - %s\n", number, title);
	return true;
}

int trace_finish(void)
{
	unsigned int i;

	for (i = 0; i < test_count; i++)
		trace_run(tests[i].title, tests[i].run);
	printf("1..%u\n# %u passed, %u failed\n", number, passed, number - passed);
	return number == passed ? 0 : 1;
}

/* --- performing the actions ------------------------------------------- */

static void begin(struct where w)
{
	if (T.out_count)
		trace_fail(w, "%u segments that nobody expected were sent before this",
			   T.out_count);
	if (T.signal_pending)
		trace_fail(w, "signal %u that nobody expected came before this", T.acts.signal);
	memset(&T.acts, 0, sizeof(T.acts));
	T.env.board = T.tcb.sack_ok ? &T.board : NULL;
}

static void note_transitions(struct where w)
{
	unsigned int i;

	if (T.acts.transition_count > HSTP_TRANSITIONS_MAX)
		trace_fail(w, "%u transitions in one event", T.acts.transition_count);
	for (i = 0; i < T.acts.transition_count; i++) {
		u8 edge = T.acts.transitions[i].edge;

		if (edge >= HSTP_EDGE_COUNT)
			trace_fail(w, "a transition that the RFC does not have");
		if (hstp_edges[edge].from != T.state_seen)
			trace_fail(w, "transition from %s, but the state was %s",
				   hstp_state_names[hstp_edges[edge].from],
				   hstp_state_names[T.state_seen]);
		if (T.log_count == LOG_MAX)
			trace_fail(w, "too many transitions for this test");
		T.log[T.log_count].from = hstp_edges[edge].from;
		T.log[T.log_count].to = hstp_edges[edge].to;
		T.log[T.log_count].cause = T.acts.transitions[i].cause;
		T.log_count++;
		T.state_seen = hstp_edges[edge].to;
	}
	if (T.state_seen != T.tcb.state)
		trace_fail(w, "state changed without a transition");
}

static struct out *push(struct where w)
{
	if (T.out_count == OUT_MAX)
		trace_fail(w, "the core does not stop sending");
	memset(&T.out[T.out_count], 0, sizeof(T.out[0]));
	return &T.out[T.out_count++];
}

static void deliver(struct where w)
{
	if (T.acts.text_len > T.env.space)
		trace_fail(w, "more text than there is space for");
	T.delivered += T.acts.text_len;
	T.env.space -= T.acts.text_len;
}

static void hold(struct where w, u32 seq, u32 len, bool fin)
{
	if (T.held_count == HELD_MAX)
		trace_fail(w, "too much is held");
	held_keep(T.held, &T.held_count, (struct held){ .seq = seq, .len = len, .fin = fin },
		  &T.tcb);
}

static void release_held(struct where w)
{
	struct held text;

	while (held_next(T.held, &T.held_count, &text, &T.tcb, &T.env, &T.acts))
		deliver(w);
}

static void leaves(struct where w, const struct hstp_tx *tx)
{
	struct out *out = push(w);

	out->seq = tx->seq;
	out->ack = tx->ack;
	out->off = tx->text_off;
	out->len = tx->text_len;
	out->wnd = tx->wnd;
	out->up = tx->up;
	out->mss = tx->opt.has & HSTP_HAS_MSS ? tx->opt.mss : 0;
	out->opt = tx->opt;
	out->flags = tx->flags;
	out->again = tx->again;
	out->ect = tx->ect;
}

static void flush_output(struct where w)
{
	struct hstp_tx tx;

	while (hstp_send_next(&T.tcb, &T.env, &T.acts, &tx))
		leaves(w, &tx);
}

static void perform(struct where w)
{
	struct hstp_tx reply;

	if (T.acts.bits & HSTP_ACT_REPLY) {
		hstp_reply_tx(&T.tcb, &T.env, &T.acts, &reply);
		leaves(w, &reply);
	}
	if (T.acts.bits & HSTP_ACT_ACKED)
		T.freed += T.acts.acked;
	if (T.acts.bits & HSTP_ACT_OUTPUT)
		flush_output(w);
	if (T.acts.signal)
		T.signal_pending = true;
	note_transitions(w);
}

/* --- events ----------------------------------------------------------- */

static struct hstp_segment to_segment(struct arrival a)
{
	struct hstp_segment seg = {
		.seq = a.seq,
		.ack = a.ack,
		.text_len = a.len,
		.wnd = (u16)a.wnd,
		.up = (u16)a.up,
		.flags = a.flags,
		.header_len = HSTP_HEADER_MIN,
		.ecn = a.ecn,
	};

	seg.opt.has = a.has | (a.mss ? HSTP_HAS_MSS : 0);
	seg.opt.mss = (u16)a.mss;
	seg.opt.wscale = a.wscale;
	seg.opt.tsval = a.tsval;
	seg.opt.tsecr = a.tsecr;
	seg.opt.sack_count = a.sack_count;
	memcpy(seg.opt.sack, a.sack, sizeof(seg.opt.sack));
	return seg;
}

void trace_recv(struct where w, struct arrival a)
{
	struct hstp_segment seg = to_segment(a);
	u32 first = seg.seq + !!(seg.flags & SYN);

	begin(w);
	hstp_segment_arrives(&T.tcb, &seg, &T.env, &T.acts);
	if (T.acts.bits & HSTP_ACT_HOLD)
		hold(w, first + T.acts.text_off, T.acts.text_len,
		     T.acts.bits & HSTP_ACT_HOLD_FIN);
	if (T.acts.bits & (HSTP_ACT_TEXT | HSTP_ACT_OPENED)) {
		u32 off = T.acts.text_off, len = T.acts.text_len;

		if (T.acts.bits & HSTP_ACT_TEXT)
			deliver(w);
		release_held(w);
		T.acts.text_off = off;
		T.acts.text_len = len;
	}
	perform(w);
}

/* The listener's own TCB stays in LISTEN; T.tcb is what it forks. */
void trace_listener_recv(struct where w, struct arrival a)
{
	struct hstp_segment seg = to_segment(a);

	begin(w);
	memset(&T.tcb, 0, sizeof(T.tcb));
	T.tcb.mss = MSS;
	T.tcb.snd_mss = 65535;
	T.tcb.rcv_mss = MSS;
	T.state_seen = HSTP_CLOSED;
	T.forked = hstp_listen_arrives(&T.tcb, &seg, &T.env, &T.acts);
	if (!T.forked)
		T.state_seen = HSTP_LISTEN;
	if (T.acts.bits & HSTP_ACT_HOLD)
		hold(w, seg.seq + 1 + T.acts.text_off, T.acts.text_len,
		     T.acts.bits & HSTP_ACT_HOLD_FIN);
	perform(w);
}

void trace_tick(struct where w, u32 ms)
{
	u32 end = T.env.now + ms;
	u32 when;

	begin(w);
	while (hstp_deadline(&T.tcb, &when) && !hstp_after(when, end)) {
		if (hstp_after(when, T.env.now))
			T.env.now = when;
		memset(&T.acts, 0, sizeof(T.acts));
		hstp_timeouts(&T.tcb, &T.env, &T.acts);
		perform(w);
	}
	T.env.now = end;
}

void trace_read(struct where w, u32 n)
{
	T.env.space += n;
	trace_receive(w);
	trace_result(w, HSTP_OK);
}

void trace_hard_error(struct where w)
{
	begin(w);
	hstp_hard_error(&T.tcb, &T.acts);
	perform(w);
}

void trace_too_big(struct where w, u16 mss)
{
	begin(w);
	hstp_too_big(&T.tcb, mss, &T.acts);
	perform(w);
}

void trace_open_active(struct where w)
{
	begin(w);
	T.result = hstp_call_open_active(&T.tcb, &T.env, &T.acts);
	perform(w);
}

void trace_open_passive(struct where w)
{
	begin(w);
	T.result = hstp_call_open_passive(&T.tcb, &T.acts);
	perform(w);
}

void trace_send(struct where w, u32 len)
{
	begin(w);
	T.result = hstp_call_send(&T.tcb, len, &T.acts);
	perform(w);
}

void trace_urgent(struct where w, u32 len)
{
	begin(w);
	T.result = hstp_call_send(&T.tcb, len, &T.acts);
	trace_result(w, HSTP_OK);
	hstp_call_urgent(&T.tcb);
	perform(w);
}

void trace_keepalive(struct where w, bool on)
{
	begin(w);
	T.tcb.tune.keepalive = on;
	hstp_keepalive_start(&T.tcb, &T.env);
	perform(w);
}

void trace_quick(struct where w, u8 count)
{
	begin(w);
	hstp_call_quick(&T.tcb, count, &T.acts);
	perform(w);
}

void trace_receive(struct where w)
{
	begin(w);
	T.result = hstp_call_receive(&T.tcb, &T.env, &T.acts);
	perform(w);
}

void trace_close(struct where w)
{
	begin(w);
	T.result = hstp_call_close(&T.tcb, &T.acts);
	perform(w);
}

void trace_leave(struct where w, bool unread)
{
	begin(w);
	T.result = hstp_call_leave(&T.tcb, unread, &T.env, &T.acts);
	perform(w);
}

void trace_abort(struct where w)
{
	begin(w);
	T.result = hstp_call_abort(&T.tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &T.acts);
	perform(w);
}

void trace_status(struct where w)
{
	begin(w);
	T.result = hstp_call_status(&T.tcb, &T.status);
	perform(w);
}

/* --- expectations ----------------------------------------------------- */

static const char *const result_names[] = { "ok", "connection does not exist",
	"connection already exists", "connection closing", "remote socket unspecified" };

void trace_result(struct where w, enum hstp_result result)
{
	if (T.result != result)
		trace_fail(w, "the call returned \"%s\", expected \"%s\"",
			   result_names[T.result], result_names[result]);
}

static bool differs(long long want, u32 got)
{
	return want != ANY && (u32)want != got;
}

void trace_expect(struct where w, struct want want)
{
	struct out *out = &T.out[0];

	if (!T.out_count)
		trace_fail(w, "expected <CTL=%s>, nothing was sent",
			   flags_text((u8)want.flags));
	if (out->flags != want.flags)
		trace_fail(w, "expected <CTL=%s>", flags_text((u8)want.flags));
	if (differs(want.seq, out->seq))
		trace_fail(w, "expected SEQ %u", (u32)want.seq);
	if (differs(want.ack, out->ack))
		trace_fail(w, "expected ACK %u", (u32)want.ack);
	if (differs(want.len, out->len))
		trace_fail(w, "expected %u bytes of text", (u32)want.len);
	if (differs(want.off, out->off))
		trace_fail(w, "expected text from offset %u", (u32)want.off);
	if (differs(want.wnd, out->wnd))
		trace_fail(w, "expected WND %u", (u32)want.wnd);
	if (differs(want.mss, out->mss))
		trace_fail(w, "expected MSS %u, got %u", (u32)want.mss, out->mss);
	if (differs(want.up, out->up))
		trace_fail(w, "expected UP %u, got %u", (u32)want.up, out->up);
	if (differs(want.again, out->again))
		trace_fail(w, "expected %s", want.again ? "a retransmission" : "a first sending");
	if (want.ect != out->ect)
		trace_fail(w, "expected %s", want.ect ? "ECT(0)" : "no ECT");
	T.last = *out;
	T.out_count--;
	memmove(T.out, T.out + 1, T.out_count * sizeof(T.out[0]));
}

void trace_silence(struct where w)
{
	if (T.out_count)
		trace_fail(w, "expected silence, %u segments were sent", T.out_count);
}

void trace_state(struct where w, enum hstp_state state)
{
	if (T.tcb.state != state)
		trace_fail(w, "expected %s", hstp_state_names[state]);
}

void trace_transition(struct where w, enum hstp_state from, enum hstp_state to,
		      enum hstp_cause cause)
{
	if (!T.log_count)
		trace_fail(w, "expected a transition from %s to %s, there was none",
			   hstp_state_names[from], hstp_state_names[to]);
	if (T.log[0].from != from || T.log[0].to != to || T.log[0].cause != cause)
		trace_fail(w, "expected %s -> %s (%s), got %s -> %s (%s)",
			   hstp_state_names[from], hstp_state_names[to], hstp_cause_names[cause],
			   hstp_state_names[T.log[0].from], hstp_state_names[T.log[0].to],
			   hstp_cause_names[T.log[0].cause]);
	T.log_count--;
	memmove(T.log, T.log + 1, T.log_count * sizeof(T.log[0]));
}

void trace_no_transition(struct where w)
{
	if (T.log_count)
		trace_fail(w, "unexpected transition %s -> %s (%s)",
			   hstp_state_names[T.log[0].from], hstp_state_names[T.log[0].to],
			   hstp_cause_names[T.log[0].cause]);
}

void trace_signal(struct where w, enum hstp_signal signal)
{
	if (T.acts.signal != signal)
		trace_fail(w, "expected signal %u, got %u", signal, T.acts.signal);
	T.signal_pending = false;
}

void trace_text(struct where w, u32 off, u32 len)
{
	if (!(T.acts.bits & (HSTP_ACT_TEXT | HSTP_ACT_HOLD)))
		trace_fail(w, "expected text, there was none");
	if (T.acts.text_off != off || T.acts.text_len != len)
		trace_fail(w, "expected %u bytes of text from %u, got %u from %u", len, off,
			   T.acts.text_len, T.acts.text_off);
}

void trace_bits(struct where w, u32 bits, const char *name)
{
	if ((T.acts.bits & bits) != bits)
		trace_fail(w, "expected action %s", name);
}

void trace_no_bits(struct where w, u32 bits, const char *name)
{
	if (T.acts.bits & bits)
		trace_fail(w, "unexpected: %s", name);
}

void trace_same(struct where w, const char *what, u64 got, u64 want)
{
	if (got != want)
		trace_fail(w, "%s: expected %llu, got %llu", what, (unsigned long long)want,
			   (unsigned long long)got);
}

void trace_check(struct where w, bool good, const char *what)
{
	if (!good)
		trace_fail(w, "%s does not hold", what);
}

void trace_no_timer(struct where w)
{
	if (T.tcb.armed)
		trace_fail(w, "a timer is armed (%u)", T.tcb.armed);
}

/* --- where tests begin ------------------------------------------------ */

void trace_established(struct where w)
{
	struct arrival syn_ack = {
		.flags = SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = WINDOW, .mss = MSS
	};

	trace_open_active(w);
	trace_expect(w, (struct want){ MY_ISS, 0, ANY, 0, ANY, MSS, 0, 0, SYN, false });
	trace_recv(w, syn_ack);
	trace_expect(w, (struct want){ ME, PEER, ANY, 0, BUFFER, 0, 0, 0, ACK, false });
	trace_state(w, HSTP_ESTABLISHED);
	T.log_count = 0;
}

void trace_passive_syn_received(struct where w)
{
	struct arrival syn = { .flags = SYN, .seq = PEER_ISS, .wnd = WINDOW, .mss = MSS };

	trace_listener_recv(w, syn);
	trace_expect(w, (struct want){ MY_ISS, PEER, ANY, 0, BUFFER, MSS, 0, 0, SYN | ACK, false });
	trace_state(w, HSTP_SYN_RECEIVED);
	T.log_count = 0;
}

void trace_active_syn_received(struct where w)
{
	struct arrival syn = { .flags = SYN, .seq = PEER_ISS, .wnd = WINDOW, .mss = MSS };
	struct want syn_ack = { MY_ISS, PEER, ANY, 0, BUFFER, MSS, ANY, 0, SYN | ACK, false };

	trace_open_active(w);
	trace_expect(w, (struct want){ MY_ISS, 0, ANY, 0, ANY, MSS, 0, 0, SYN, false });
	trace_recv(w, syn);
	trace_expect(w, syn_ack);
	trace_state(w, HSTP_SYN_RECEIVED);
	T.log_count = 0;
}
