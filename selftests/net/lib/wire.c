// SPDX-License-Identifier: GPL-2.0
/* Segments of the ends of a connection: sent, expected, passed on. */
#include "wire_private.h"

#include <stdarg.h>

static FILE *trace;
static char *trace_text;
static size_t trace_len;

/**
 * wire_flags() - the names of flags
 * @flags: SEG.FLAGS
 *
 * Return: text in one of four static buffers.
 */
const char *wire_flags(uint8_t flags)
{
	static const char *const names[] = {
		"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"
	};
	static char buffers[4][48];
	static int turn;
	char *out = buffers[turn++ % 4], *at = out;

	*at = 0;
	for (int bit = 0; bit < 8; bit++)
		if (flags >> bit & 1)
			at += sprintf(at, "%s%s", at == out ? "" : "|", names[bit]);
	return *out ? out : "no flags";
}

/**
 * wire_trace() - add a line to the trace
 * @fmt: as for printf()
 */
void wire_trace(const char *fmt, ...)
{
	va_list args;

	if (!trace)
		trace = open_memstream(&trace_text, &trace_len);
	NEED(trace);
	va_start(args, fmt);
	vfprintf(trace, fmt, args);
	va_end(args);
	fputc('\n', trace);
}

static void trace_segment(const char *verb, const struct end *from, const struct seen *seen)
{
	wire_trace("%-9s %c:%u  %-12s seq %u ack %u len %d wnd %u%s", verb,
		   from->ns == NS_T ? 'T' : from->ns == NS_A ? 'A' : 'B', from->port,
		   wire_flags(seen->flags), seen->seq, seen->ack, seen->len, seen->wnd,
		   seen->sum_good ? "" : " bad checksum");
}

/**
 * wire_option() - look for an option
 * @seen: segment
 * @kind: of the option
 *
 * Those that a segment has must be well formed.
 *
 * Return: its first byte, or NULL.
 */
const uint8_t *wire_option(const struct seen *seen, int kind)
{
	for (int i = 0; i < seen->optlen && seen->opt[i];) {
		if (seen->opt[i] == kind)
			return seen->opt + i;
		NEED(seen->opt[i] == 1 || (i + 1 < seen->optlen && seen->opt[i + 1] >= 2));
		i += seen->opt[i] == 1 ? 1 : seen->opt[i + 1];
	}
	return NULL;
}

static void print_left(enum net_ns ns)
{
	struct wire_view view;

	if (!net_has(ns))
		return;
	for (struct seen *seen = wire_first(ns); seen; seen = seen->next) {
		if (seen->taken || !wire_view(seen, &view))
			continue;
		fprintf(stderr, "#   unseen    %c:%u > %u  %s real seq %u ack %u\n",
			ns == NS_A ? 'A' : 'B', ntohs(view.header->sport),
			ntohs(view.header->dport), wire_flags(view.header->flags),
			ntohl(view.header->seq), ntohl(view.header->ack));
	}
}

/**
 * wire_print() - print the trace, and what came and was not looked at
 */
void wire_print(void)
{
	char *line, *rest;

	if (!trace)
		return;
	fflush(trace);
	rest = trace_text;
	while ((line = strsep(&rest, "\n")) && *line)
		fprintf(stderr, "#   %s\n", line);
	print_left(NS_A);
	if (net_has(NS_B))
		print_left(NS_B);
}

static void name_end(struct end *end, enum net_ns ns, uint16_t port, struct end *other)
{
	*end = (struct end){ .ns = ns, .addr = wire_addr(ns), .port = port, .other = other };
	end->known = ns == NS_T;
	if (ns != NS_T)
		wire_open(ns);
}

/**
 * wire_ends() - name the two ends of a connection
 * @one: filled in
 * @one_ns: NS_T when the tester plays it
 * @one_port: host order
 * @two: filled in
 * @two_ns: as @one_ns
 * @two_port: host order
 */
void wire_ends(struct end *one, enum net_ns one_ns, uint16_t one_port,
	       struct end *two, enum net_ns two_ns, uint16_t two_port)
{
	wire_stay_on_cpu();
	name_end(one, one_ns, one_port, two);
	name_end(two, two_ns, two_port, one);
}

/**
 * wire_twins() - name one and the same end on two hosts
 * @twins: gets the names, and those of the ends that they are connected to
 * @port: of the twins, host order
 */
void wire_twins(struct twins *twins, uint16_t port)
{
	name_end(&twins->a, NS_A, port, &twins->from_a);
	name_end(&twins->from_a, NS_T, 80, &twins->a);
	twins->b = twins->a;
	twins->b.ns = NS_B;
	twins->b.other = &twins->from_b;
	twins->from_b = twins->from_a;
	twins->from_b.other = &twins->b;
}

/**
 * wire_forget() - an end is about to choose a new ISS
 * @end: which; the next SYN expected from it tells
 */
void wire_forget(struct end *end)
{
	end->known = end->ns == NS_T;
	end->shift = 0;
}

/**
 * wire_pattern() - make text whose bytes say where they belong
 * @buf: gets it
 * @seq: SEG.SEQ of the first byte
 * @len: bytes
 */
void wire_pattern(char *buf, uint32_t seq, int len)
{
	for (int i = 0; i < len; i++, seq++)
		buf[i] = seq * 7 + seq / 256;
}

static int text_len(const struct seg *seg)
{
	return seg->text && !seg->len ? (int)strlen(seg->text) : seg->len;
}

/* Options as they are sent: MSS, then what the test wants, padded to a word. */
static int build_options(uint8_t options[40], const struct seg *seg)
{
	int len = 0;

	if (seg->mss) {
		options[len++] = 2;
		options[len++] = 4;
		options[len++] = seg->mss >> 8;
		options[len++] = seg->mss;
	}
	NEED(len + seg->optlen <= 40);
	if (seg->optlen)
		memcpy(options + len, seg->opt, seg->optlen);
	len += seg->optlen;
	while (len & 3)
		options[len++] = 0;
	return len;
}

/**
 * wire_send_at() - send a segment in an end's name
 * @end: as whom; to its other end
 * @seg: what; numbers are the test's
 *
 * Behind wire_send().
 */
void wire_send_at(struct end *end, struct seg seg)
{
	uint8_t packet[sizeof(struct wire_header) + 40 + WIRE_TEXT_MAX];
	uint32_t saddr = seg.saddr || seg.from_zero ? seg.saddr : end->addr;
	uint32_t daddr = seg.daddr ? seg.daddr : end->other->addr;
	int optlen = build_options(packet + sizeof(struct wire_header), &seg);
	int len = text_len(&seg), size = sizeof(struct wire_header) + optlen;
	int words = seg.offset ? seg.offset : size / 4;
	struct wire_header *header = (void *)packet;
	struct wire_ip more = { .opt = seg.ipopt, .optlen = seg.ipoptlen, .tos = seg.tos };
	struct seen shown = {
		.flags = seg.flags, .seq = seg.seq, .ack = seg.ack, .len = len,
		.wnd = seg.wnd == ZERO_WINDOW ? 0 : seg.wnd ? seg.wnd : 65535,
		.sum_good = !seg.sum_xor,
	};

	NEED(len <= WIRE_TEXT_MAX);
	if (seg.text)
		memcpy(packet + size, seg.text, len);
	else
		wire_pattern((char *)packet + size, seg.seq + !!(seg.flags & SYN), len);
	*header = (struct wire_header){
		.sport = htons(end->port), .dport = htons(end->other->port),
		.seq = htonl(seg.seq + end->shift),
		.ack = htonl(seg.flags & ACK ? seg.ack + end->other->shift : seg.ack),
		.offset = words << 4, .flags = seg.flags,
		.wnd = htons(shown.wnd), .urg = htons(seg.urg),
	};
	size += len - seg.cut;
	header->sum = htons(~wire_sum(saddr, daddr, packet, size) ^ seg.sum_xor);
	trace_segment("sent as", end, &shown);
	wire_emit(end->other->ns, saddr, daddr, proto, &more, packet, size);
}

static bool parse_options(struct seen *seen)
{
	for (int i = 0; i < seen->optlen && seen->opt[i];) {
		int len = seen->opt[i] == 1 ? 1 : i + 1 < seen->optlen ? seen->opt[i + 1] : 0;

		if (len < 1 || i + len > seen->optlen || (seen->opt[i] != 1 && len < 2))
			return false;
		if (seen->opt[i] == 2 && len == 4)
			seen->mss = seen->opt[i + 2] << 8 | seen->opt[i + 3];
		i += len;
	}
	return true;
}

/* Where a packet is to go in the end: the last stop of a source route (RFC 791, 3.1). */
static uint32_t destination(const struct iphdr *ip)
{
	const uint8_t *opt = (const void *)(ip + 1), *end = (const uint8_t *)ip + ip->ihl * 4;
	uint32_t last;

	while (opt < end && *opt) {
		int len = *opt == 1 ? 1 : end - opt > 1 ? opt[1] : 0;

		if (len < 1 || len > end - opt || (*opt != 1 && len < 3))
			die(__FILE__, __LINE__, "a stack sent malformed IP options");
		if ((*opt == 0x83 || *opt == 0x89) && len >= 7 && opt[2] < len) {
			memcpy(&last, opt + len - 4, 4);
			return last;
		}
		opt += len;
	}
	return ip->daddr;
}

/* Is this frame from @end to its other end? Then fill in the rest of @seen. */
static bool parse(struct end *end, struct seen *seen)
{
	struct wire_view view;
	int head;

	if (!wire_view(seen, &view) || view.ip->saddr != end->addr ||
	    destination(view.ip) != end->other->addr || ntohs(view.header->sport) != end->port ||
	    ntohs(view.header->dport) != end->other->port)
		return false;
	head = view.header->offset >> 4 << 2;
	if (head < (int)sizeof(*view.header) || head > view.len)
		die(__FILE__, __LINE__, "a stack sent data offset %d", head / 4);
	seen->from = end;
	seen->flags = view.header->flags;
	seen->real_seq = ntohl(view.header->seq);
	seen->real_ack = ntohl(view.header->ack);
	seen->wnd = ntohs(view.header->wnd);
	seen->urg = ntohs(view.header->urg);
	seen->sum_good = wire_sum(view.ip->saddr, destination(view.ip), view.header,
				  view.len) == 0xffff;
	seen->opt = (const uint8_t *)(view.header + 1);
	seen->optlen = head - sizeof(*view.header);
	seen->text = seen->opt + seen->optlen;
	seen->len = view.len - head;
	if (!parse_options(seen))
		die(__FILE__, __LINE__, "a stack sent malformed options");
	return true;
}

/* Sequence numbers as the test shows them. */
static void show(struct seen *seen)
{
	seen->seq = seen->real_seq - seen->from->shift;
	seen->ack = seen->flags & ACK ? seen->real_ack - seen->from->other->shift :
		    seen->real_ack;
}

static struct seen *find(struct end *end)
{
	for (struct seen *seen = wire_first(end->ns); seen; seen = seen->next)
		if (!seen->taken && parse(end, seen))
			return seen;
	return NULL;
}

static struct seen *next(struct end *end, int ms)
{
	uint64_t until = now_ms() + ms;
	struct seen *seen;

	do {
		wire_read(end->ns);
		seen = find(end);
	} while (!seen && wire_wait(end->ns, until));
	if (!seen)
		return NULL;
	seen->taken = true;
	return seen;
}

/**
 * wire_next() - take the next segment, whatever it is
 * @end: who sends it
 * @ms: how long to wait
 *
 * Return: NULL when none came.
 */
struct seen *wire_next(struct end *end, int ms)
{
	struct seen *seen = next(end, ms);

	if (!seen)
		return NULL;
	show(seen);
	trace_segment("next from", end, seen);
	return seen;
}

static void mismatch(const char *file, int line, const struct seen *seen,
		     const struct seg *seg, const char *what)
{
	die(file, line, "%s: expected %s seq %u ack %u len %d, got %s seq %u ack %u len %d",
	    what, wire_flags(seg->flags), seg->seq, seg->ack, text_len(seg),
	    wire_flags(seen->flags), seen->seq, seen->ack, seen->len);
}

/**
 * wire_expect_at() - take the next segment, which must be this one
 * @file: of the step
 * @line: of the step
 * @end: who sends it
 * @seg: what it must be
 *
 * Behind wire_expect(). Flags, SEQ, ACK, length and checksum are always compared.
 *
 * Return: the segment.
 */
struct seen *wire_expect_at(const char *file, int line, struct end *end, struct seg seg)
{
	struct seen *seen = next(end, PATIENCE_MS);
	int len = text_len(&seg);
	const char *wrong = NULL;

	if (!seen)
		die(file, line, "expected %s seq %u ack %u len %d, but nothing comes",
		    wire_flags(seg.flags), seg.seq, seg.ack, len);
	if (seen->flags & seg.flags & SYN && !end->known) {
		end->shift = seen->real_seq - seg.seq;
		end->known = true;
	}
	show(seen);
	trace_segment("from", end, seen);

	if (seen->flags != seg.flags)
		wrong = "flags differ";
	else if ((seg.raw ? seen->real_seq : seen->seq) != seg.seq)
		wrong = "SEQ differs";
	else if (seg.flags & ACK && seen->ack != seg.ack)
		wrong = "ACK differs";
	else if (seen->len != len)
		wrong = "length differs";
	else if (seg.text && memcmp(seen->text, seg.text, len))
		wrong = "text differs";
	else if (!seen->sum_good)
		wrong = "bad checksum";
	if (wrong)
		mismatch(file, line, seen, &seg, wrong);
	if (seg.wnd && seen->wnd != (seg.wnd == ZERO_WINDOW ? 0 : seg.wnd))
		die(file, line, "window is %u, expected %d", seen->wnd,
		    seg.wnd == ZERO_WINDOW ? 0 : seg.wnd);
	if (seg.mss && seen->mss != seg.mss)
		die(file, line, "MSS option is %d, expected %d", seen->mss, seg.mss);
	return seen;
}

/**
 * wire_deliver() - let a segment that was taken go on to the other end
 * @seen: the segment
 *
 * Twice, and it is a duplicate. Between ends that share a link it has arrived already.
 */
void wire_deliver(struct seen *seen)
{
	struct end *to = seen->from->other;

	if (net_direct())
		return;
	NEED(to->ns != NS_T);
	trace_segment("passed", seen->from, seen);
	wire_emit_frame(to->ns, seen->frame, seen->frame_len);
}

/**
 * wire_flow() - let all pass that has come, both ways
 * @end: either end
 */
void wire_flow(struct end *end)
{
	struct end *ends[] = { end, end->other };
	struct seen *seen;

	for (int i = 0; i < 2; i++) {
		while ((seen = wire_next(ends[i], 0)))
			wire_deliver(seen);
	}
}

/**
 * wire_silence_at() - nothing came in answer to what was sent until now
 * @file: of the step
 * @line: of the step
 * @end: who must be silent
 *
 * Behind wire_silence().
 */
void wire_silence_at(const char *file, int line, struct end *end)
{
	struct seen *seen;

	wire_sync(end->ns);
	seen = wire_next(end, 0);
	if (seen)
		die(file, line, "expected nothing, got %s seq %u ack %u len %d",
		    wire_flags(seen->flags), seen->seq, seen->ack, seen->len);
}

/**
 * wire_quiet_at() - nothing comes for a while
 * @file: of the step
 * @line: of the step
 * @end: who must be silent
 * @ms: how long
 *
 * Behind wire_quiet().
 */
void wire_quiet_at(const char *file, int line, struct end *end, int ms)
{
	struct seen *seen = wire_next(end, ms);

	if (seen)
		die(file, line, "expected nothing for %d ms, got %s seq %u ack %u len %d",
		    ms, wire_flags(seen->flags), seen->seq, seen->ack, seen->len);
}
