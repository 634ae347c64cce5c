// SPDX-License-Identifier: GPL-2.0
/* HSTP and the kernel's TCP: their namespaces, and a network between them that loses and
 * holds what a test says.
 */
#include "relay.h"

#include <arpa/inet.h>
#include <sys/ioctl.h>

#define RULES_MAX	16

enum fate { PASS, LOSE, HOLD, MARK };

struct rule {
	struct end *from;
	uint8_t with, without;
	int times;
	enum fate fate;
};

struct log {
	struct seen *seen;
	bool held;
};

static struct rule rules[RULES_MAX];
static int rule_count;
static struct log *logged;
static int log_count;

/**
 * interop_options() - which options TCP offers
 * @on: all of them; else the MSS alone
 */
void interop_options(bool on)
{
	net_sysctl(NS_B, "net.ipv4.tcp_timestamps", on);
	net_sysctl(NS_B, "net.ipv4.tcp_sack", on);
	net_sysctl(NS_B, "net.ipv4.tcp_window_scaling", on);
}

/**
 * interop_patient() - neither end takes a late ACK for a lost segment
 */
void interop_patient(void)
{
	net_no_timers(NS_A);
	net_run(NS_B, "ip route change 10.0.0.0/24 dev vb proto kernel scope link src " ADDR_B
		" rto_min 60s");
}

/* TCP without what would come between: a tail loss probe looks like a retransmission. */
static void calm_tcp(void)
{
	net_sysctl(NS_B, "net.ipv4.tcp_early_retrans", 0);
	interop_options(false);
	/* RFC 9293 asks for 2 MSL (MUST-13); Linux has 60 s, whatever an MSL may be. */
	net_hstp(NS_A, "msl_ms", 1000);
	net_rto(NS_A, 600, 2000);
}

static void name(struct end *end, struct end *other, enum net_ns ns, const char *addr,
		 uint16_t port)
{
	*end = (struct end){ .ns = ns, .addr = inet_addr(addr),
			     .port = port, .other = other };
}

/**
 * interop_relay() - HSTP in A, TCP in B, the tester between them
 * @hstp: gets A's end
 * @tcp: gets B's end
 */
void interop_relay(struct end *hstp, struct end *tcp)
{
	net_relay();
	net_translate(NS_B);
	calm_tcp();
	wire_ends(hstp, NS_A, PORT_HSTP, tcp, NS_B, PORT_TCP);
	/* Numbers are shown as they are. */
	hstp->known = true;
	tcp->known = true;
	stats_mark(NS_A);
}

/**
 * interop_pair() - HSTP in A, TCP in B, on one link
 * @hstp: gets A's end
 * @tcp: gets B's end
 */
void interop_pair(struct end *hstp, struct end *tcp)
{
	net_pair();
	net_translate(NS_B);
	calm_tcp();
	name(hstp, tcp, NS_A, ADDR_A, PORT_HSTP);
	name(tcp, hstp, NS_B, ADDR_B, PORT_TCP);
	hstp->known = true;
	tcp->known = true;
	stats_mark(NS_A);
}

static void add_rule(struct end *from, uint8_t with, uint8_t without, int times,
		     enum fate fate)
{
	NEED(rule_count < RULES_MAX);
	rules[rule_count++] = (struct rule){ from, with, without, times, fate };
}

/**
 * relay_lose() - let segments be lost
 * @from: who sends them
 * @with: they have all of these flags
 * @without: and none of these
 * @times: how many, or RELAY_ALWAYS
 */
void relay_lose(struct end *from, uint8_t with, uint8_t without, int times)
{
	add_rule(from, with, without, times, LOSE);
}

/**
 * relay_mark() - let packets that can say so meet congestion (RFC 3168 section 5)
 * @from: who sends them
 * @with: their segments have all of these flags
 * @without: and none of these
 * @times: how many, or RELAY_ALWAYS
 */
void relay_mark(struct end *from, uint8_t with, uint8_t without, int times)
{
	add_rule(from, with, without, times, MARK);
}

/**
 * relay_hold() - keep segments until relay_release()
 * @from: who sends them
 * @with: they have all of these flags
 * @without: and none of these
 */
void relay_hold(struct end *from, uint8_t with, uint8_t without)
{
	add_rule(from, with, without, RELAY_ALWAYS, HOLD);
}

/**
 * relay_release() - let go on what is held, and hold no more
 * @from: whose segments
 */
void relay_release(struct end *from)
{
	for (int i = 0; i < rule_count; i++)
		if (rules[i].from == from && rules[i].fate == HOLD)
			rules[i].times = 0;
	for (int i = 0; i < log_count; i++) {
		if (!logged[i].held || logged[i].seen->from != from)
			continue;
		logged[i].held = false;
		wire_deliver(logged[i].seen);
	}
}

/**
 * relay_reset() - let pass what comes from now on
 *
 * What is held is lost.
 */
void relay_reset(void)
{
	rule_count = 0;
	for (int i = 0; i < log_count; i++)
		logged[i].held = false;
}

static bool has(uint8_t flags, uint8_t with, uint8_t without)
{
	return (flags & with) == with && !(flags & without);
}

/**
 * relay_seen() - count segments
 * @from: who sent them
 * @with: they have all of these flags
 * @without: and none of these
 *
 * Return: how many the tester has taken so far, whatever became of them.
 */
int relay_seen(const struct end *from, uint8_t with, uint8_t without)
{
	int count = 0;

	for (int i = 0; i < log_count; i++)
		count += logged[i].seen->from == from &&
			 has(logged[i].seen->flags, with, without);
	return count;
}

/**
 * relay_last() - the last segment of a kind
 * @from: who sent it
 * @with: it has all of these flags
 * @without: and none of these
 *
 * Return: NULL when there was none.
 */
struct seen *relay_last(const struct end *from, uint8_t with, uint8_t without)
{
	for (int i = log_count; i-- > 0;)
		if (logged[i].seen->from == from && has(logged[i].seen->flags, with, without))
			return logged[i].seen;
	return NULL;
}

/**
 * relay_nth() - one segment of a kind
 * @from: who sent it
 * @with: it has all of these flags
 * @without: and none of these
 * @number: how many came before it
 *
 * Return: NULL when there was none.
 */
struct seen *relay_nth(const struct end *from, uint8_t with, uint8_t without, int number)
{
	for (int i = 0; i < log_count; i++)
		if (logged[i].seen->from == from && has(logged[i].seen->flags, with, without) &&
		    !number--)
			return logged[i].seen;
	return NULL;
}

/**
 * relay_longest() - how large segments were
 * @from: who sent them
 *
 * Return: bytes of text in the largest.
 */
int relay_longest(const struct end *from)
{
	int longest = 0;

	for (int i = 0; i < log_count; i++)
		if (logged[i].seen->from == from && logged[i].seen->len > longest)
			longest = logged[i].seen->len;
	return longest;
}

/**
 * relay_with_mss() - count MSS options
 * @from: who sent them
 * @with: on segments with all of these flags
 * @without: and none of these
 */
int relay_with_mss(const struct end *from, uint8_t with, uint8_t without)
{
	int count = 0;

	for (int i = 0; i < log_count; i++)
		count += logged[i].seen->from == from && logged[i].seen->mss &&
			 has(logged[i].seen->flags, with, without);
	return count;
}

/**
 * relay_held() - count what is held
 * @from: whose segments
 */
int relay_held(const struct end *from)
{
	int count = 0;

	for (int i = 0; i < log_count; i++)
		count += logged[i].held && logged[i].seen->from == from;
	return count;
}

static enum fate fate_of(const struct seen *seen)
{
	for (int i = 0; i < rule_count; i++) {
		struct rule *rule = &rules[i];

		if (!rule->times || rule->from != seen->from ||
		    !has(seen->flags, rule->with, rule->without))
			continue;
		rule->times--;
		return rule->fate;
	}
	return PASS;
}

static void relay_one(struct seen *seen)
{
	enum fate fate = fate_of(seen);

	if (!(log_count & (log_count - 1))) {
		logged = realloc(logged, (log_count ? 2 * log_count : 1) * sizeof(*logged));
		NEED(logged);
	}
	logged[log_count++] = (struct log){ seen, fate == HOLD };
	if (!seen->sum_good)
		die(__FILE__, __LINE__, "a segment with a bad checksum");
	if (fate == MARK && (wire_tos(seen) & CE) == ECT_0)
		wire_mark(seen);
	if (fate == PASS || fate == MARK)
		wire_deliver(seen);
}

/**
 * relay_turn() - let everything that has come go its way
 * @end: either end
 */
void relay_turn(struct end *end)
{
	struct end *ends[] = { end, end->other };
	struct seen *seen;

	for (int i = 0; i < 2; i++) {
		while ((seen = wire_next(ends[i], 0)))
			relay_one(seen);
	}
}

/**
 * relay_settle() - let everything go its way, and what that brings about
 * @end: either end
 *
 * An end answers at once what is delivered to it, or not before a timer goes off.
 */
void relay_settle(struct end *end)
{
	int before;

	do {
		before = log_count;
		wire_sync(NS_A);
		wire_sync(NS_B);
		relay_turn(end);
	} while (log_count > before);
}

/**
 * fd_unread() - how much has come
 * @fd: socket
 *
 * Return: bytes that recv() would give.
 */
int fd_unread(int fd)
{
	int bytes;

	TRY(ioctl(fd, FIONREAD, &bytes));
	return bytes;
}
