// SPDX-License-Identifier: GPL-2.0
/* Two cores joined by a channel on which anything happens at random, as time passes.
 *
 * explore.c follows each way that a few accidents can take, but in steps: what is in flight
 * arrives before time goes on. Here segments are on their way for some time; they are lost,
 * copied, marked, overtake each other, or are too big; windows open while probes of them
 * travel; users write in pieces of any size, read when they like, and have no memory for a
 * while. In the end the network is clean. Each seed is one connection, always the same one:
 *
 *	channel [-v] [FIRST [COUNT]]
 *
 * simulates COUNT seeds from FIRST on; -v writes down all that happens, numbers counted
 * from each ISS. What must hold is told beside each call of broken().
 */
#include "channel.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS		20000
#define SEND_BUFFER	300000u		/* bytes */
#define MSS_MIN		112u		/* below, options leave no room */
#define IDLE_MAX	4000u		/* segments without progress: windows full of copies */
#define TURNS_MAX	1000000u	/* events of any kind, the same */
#define HOUR		3600000u	/* ms */

static const struct network networks[] = {
	{ "all at once", .loss = 30, .copies = 20, .marks = 30, .latency = 200, .jitter = 200,
	  .text = 200000, .buffer = 200000, .pause = 1500, .rto = 2000, .narrow = true },
	{ "small pieces", .loss = 30, .copies = 20, .marks = 30, .latency = 200, .jitter = 200,
	  .text = 3000, .buffer = 8000, .pause = 1500, .rto = 10000, .narrow = true },
	{ "windows that close, nothing lost", .latency = 250, .text = 30000, .buffer = 2000,
	  .pause = 2000, .rto = 2000, .much = true },
	{ "windows that close, disorder", .copies = 10, .latency = 100, .jitter = 200,
	  .text = 30000, .buffer = 4000, .pause = 2000, .rto = 2000, .much = true },
	{ "windows that fill, text lost", .loss = 30, .latency = 10, .text = 30000,
	  .buffer = 1000, .pause = 200, .rto = 10000 },
	{ "no memory for a while", .loss = 20, .latency = 200, .jitter = 50, .text = 100000,
	  .buffer = 20000, .pause = 1000, .rto = 60000, .forgetful = true },
};

#define NETWORKS (sizeof(networks) / sizeof(networks[0]))

struct world world;
const char *channel_program;
bool channel_verbose;

/* What this connection's network does: struct network has the most of it */
static u32 loss, copies, marks, latency, jitter;
static u32 path_mss, path_at;		/* what a packet carries, and until when */

static u64 dice;
static u32 launched;
static unsigned long segments;
static u32 bad[NETWORKS];		/* connections */
static u32 longest, busiest;		/* ms, segments without progress, of any connection */

static u32 word(void)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return (u32)(dice * 0x2545f4914f6cdd1du >> 32);
}

/* 0 up to @n, inclusive */
static u32 upto(u32 n)
{
	return word() % (n + 1);
}

static bool one_in(u32 n)
{
	return !upto(n - 1);
}

/* A third of what can happen does not. */
static u32 some(u32 most)
{
	if (world.network->much)
		return most - upto(most / 2);
	return one_in(3) ? 0 : upto(most);
}

static bool rough(void)
{
	return hstp_before(world.now, world.clean_at);
}

/**
 * moved() - something is different now that will not be again as it was before
 */
void moved(void)
{
	u32 since = hstp_seq_max(world.moved_at, world.clean_at);

	if (hstp_after(world.now, since))
		longest = hstp_max(longest, world.now - since);
	busiest = hstp_max(busiest, world.idle);
	world.moved_at = world.now;
	world.idle = 0;
	world.turns = 0;
}

/* --- the network ------------------------------------------------------ */

static void fly(struct flight f, u32 ms)
{
	if (world.flights == CHANNEL_FLIGHTS) {
		broken("more is in flight than windows have room for");
		return;
	}
	f.at = world.now + ms;
	f.order = launched++;
	world.flight[world.flights++] = f;
}

/**
 * carry() - a packet leaves
 * @from: side that sends it
 * @f: the packet
 */
void carry(u8 from, struct flight f)
{
	u8 options[HSTP_OPTIONS_MAX];
	u32 size = f.seg.text_len + hstp_options_build(&f.seg.opt, options);

	segments++;
	world.idle++;
	if (f.seg.text_len && size > path_mss) {
		say(from, "sends %s: too big", shown(&f.seg, from));
		f.too_big = path_mss;
		f.to = from;
		fly(f, latency);
		return;
	}
	if (rough() && upto(99) < loss) {
		say(from, "sends %s: lost", shown(&f.seg, from));
		return;
	}
	if (rough() && f.seg.ecn && upto(99) < marks)
		f.seg.ecn = HSTP_CE;
	say(from, "sends %s", shown(&f.seg, from));
	fly(f, latency + (rough() ? upto(jitter) : 0));
	if (rough() && upto(99) < copies)
		fly(f, latency + upto(jitter));
}

static void lands(u32 i)
{
	struct flight f = world.flight[i];
	struct hstp_acts acts = HSTP_ACTS_INIT;

	world.flight[i] = world.flight[--world.flights];
	if (f.too_big) {
		say(f.to, "hears that its path carries %u", f.too_big);
		hstp_too_big(&world.side[f.to].tcb, f.too_big, &acts);
		perform(f.to, &acts);
	} else if (world.side[f.to].listening || world.side[f.to].tcb.state != HSTP_CLOSED) {
		arrives(&f);
	}
}

/* --- the users -------------------------------------------------------- */

static bool over(const struct side *s)
{
	return !s->listening &&
	       (s->tcb.state == HSTP_CLOSED || s->tcb.state == HSTP_TIME_WAIT);
}

static void tunes(u8 which)
{
	struct side *s = &world.side[which];
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_tuning *tune = &s->tcb.tune;
	struct hstp_env env;

	switch (upto(5)) {
	case 0:
		tune->nodelay ^= 1;
		if (tune->nodelay && hstp_text_unsent(&s->tcb))
			s->tcb.push = 1;
		acts.bits |= HSTP_ACT_OUTPUT;
		break;
	case 1:
		tune->cork ^= 1;
		acts.bits |= HSTP_ACT_OUTPUT;
		break;
	case 2:
		tune->keepalive ^= 1;
		tune->keep_idle_s = (u16)(1 + upto(4));
		env = environment(s);
		hstp_keepalive_start(&s->tcb, &env);
		break;
	case 3:
		hstp_call_quick(&s->tcb, (u8)upto(16), &acts);
		break;
	case 4:
		s->buffer = 200 + upto(world.network->buffer);
		say(which, "has a buffer of %u", s->buffer);
		break;
	default:
		/* what ICMP said is old */
		if (rough())
			hstp_path_mss(&s->tcb, s->link_mss);
		break;
	}
	perform(which, &acts);
}

static void writes(u8 which)
{
	struct side *s = &world.side[which];
	struct hstp_acts acts = HSTP_ACTS_INIT;
	u32 len = 1 + upto(one_in(3) ? 40000 : 3000);

	/* accept() comes before, and CLOSE in SYN-SENT is the end of it */
	if (s->listening || (s->tcb.passive && !hstp_synchronized(s->tcb.state)) ||
	    (!s->left && s->tcb.state == HSTP_SYN_SENT))
		return;
	if (one_in(6)) {
		tunes(which);
		return;
	}
	len = hstp_min(len, hstp_min(s->left, SEND_BUFFER - (s->sent - s->freed)));
	if (s->left && !len)
		return;
	moved();
	if (!s->left) {
		say(which, "closes");
		s->closed = true;
		if (hstp_call_close(&s->tcb, &acts) != HSTP_OK)
			broken("CLOSE was refused (3.10.4)");
	} else {
		say(which, "gives %u", len);
		s->sent += len;
		s->left -= len;
		s->tcb.more = one_in(6);
		if (hstp_call_send(&s->tcb, len, &acts) != HSTP_OK)
			broken("SEND was refused (3.10.2)");
		if (one_in(30)) {
			s->urgent = s->sent;
			hstp_call_urgent(&s->tcb);
		}
	}
	perform(which, &acts);
}

static void reads(u8 which)
{
	struct side *s = &world.side[which];
	u32 len = one_in(4) ? 1 + upto(s->unread - 1) : s->unread;
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	say(which, "takes %u from the buffer", len);
	s->unread -= len;
	moved();
	env = environment(s);
	hstp_call_receive(&s->tcb, &env, &acts);
	perform(which, &acts);
}

/* --- time ------------------------------------------------------------- */

enum event { NOTHING, LANDS, TIMEOUT, WRITES, READS, MEMORY, PATH };

struct next {
	enum event kind;
	u32 at;
	u32 which;
};

static void sooner(struct next *n, enum event kind, u32 at, u32 which)
{
	if (hstp_before(at, world.now))
		at = world.now;
	if (!n->kind || hstp_before(at, n->at))
		*n = (struct next){ kind, at, which };
}

static struct next find_next(void)
{
	struct next n = { NOTHING, 0, 0 };
	u32 i, at, first = 0;

	for (i = 1; i < world.flights; i++)
		if (hstp_before(world.flight[i].at, world.flight[first].at) ||
		    (world.flight[i].at == world.flight[first].at &&
		     hstp_before(world.flight[i].order, world.flight[first].order)))
			first = i;
	if (world.flights)
		sooner(&n, LANDS, world.flight[first].at, first);
	for (i = 0; i < 2; i++) {
		struct side *s = &world.side[i];

		if (!over(s) && hstp_deadline(&s->tcb, &at))
			sooner(&n, TIMEOUT, at, i);
		if (!s->closed)
			sooner(&n, WRITES, s->writes_at, i);
		if (s->unread)
			sooner(&n, READS, s->reads_at, i);
		if (world.network->forgetful && (rough() || s->no_memory))
			sooner(&n, MEMORY, s->memory_at, i);
	}
	if (world.network->narrow && rough())
		sooner(&n, PATH, path_at, 0);
	return n;
}

static u32 wait(const struct side *s)
{
	bool pause = world.network->much || one_in(10);

	return world.now + 1 + upto(pause ? s->pause : hstp_min(s->pause, 30));
}

static void happens(struct next n)
{
	struct side *s = &world.side[n.which & 1];
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	switch (n.kind) {
	case LANDS:
		lands(n.which);
		break;
	case TIMEOUT:
		env = environment(s);
		say(n.which, "timeout");
		hstp_timeouts(&s->tcb, &env, &acts);
		perform((u8)n.which, &acts);
		break;
	case WRITES:
		writes((u8)n.which);
		s->writes_at = wait(s);
		break;
	case READS:
		reads((u8)n.which);
		s->reads_at = wait(s);
		break;
	case MEMORY:
		s->no_memory = rough() && !s->no_memory;
		s->memory_at = world.now + 1 + upto(s->no_memory ? 3000 : 10000);
		say(n.which, "has %s memory", s->no_memory ? "no" : "some");
		break;
	default:
		path_mss = MSS_MIN + upto(1500);
		path_at = world.now + 1 + upto(10000);
		break;
	}
}

static void begin_side(struct side *s)
{
	u32 rto = 1000 + upto(world.network->rto - 1000);

	s->cfg = (struct hstp_config)HSTP_CONFIG_DEFAULT;
	s->cfg.window_scaling = one_in(2);
	s->cfg.timestamps = one_in(2);
	s->cfg.sack = !one_in(3);
	s->cfg.dsack = one_in(2);
	s->cfg.ecn = (int)upto(2);
	s->cfg.rto_max_ms = (int)rto;
	/* Nobody gives up, and TIME-WAIT lasts until all is over. */
	s->cfg.syn_retries = 60;
	s->cfg.synack_retries = 60;
	s->cfg.retries = 250;
	s->cfg.keepalive_probes = 120;
	s->cfg.msl_ms = HOUR;
	s->iss = one_in(2) ? word() : 0u - upto(500);
	s->iss += one_in(4) ? 0x80000000u : 0;
	s->ts_offset = one_in(2) ? word() : 0u - world.began - upto(60000);
	s->link_mss = MSS_MIN + upto(3000);
	s->tcb.mss = (u16)s->link_mss;
	s->tcb.rcv_mss = (u16)s->link_mss;
	s->tcb.snd_mss = 65535;
	s->tcb.tune.congestion = one_in(2);
	s->buffer = 200 + upto(world.network->buffer);
	s->buffer_max = s->buffer * (1 + upto(19));
	s->left = some(world.network->text);
	s->pause = 1 + some(world.network->pause);
	s->writes_at = world.now + upto(100);
	s->reads_at = world.now + upto(100);
	s->memory_at = world.now + upto(10000);
}

static void begin(unsigned long seed)
{
	u32 i;

	memset(&world, 0, offsetof(struct world, flight));
	world.seed = seed;
	world.network = &networks[seed % NETWORKS];
	world.told = bad[seed % NETWORKS];
	dice = seed * 0x9e3779b97f4a7c15u | 1;
	for (i = 0; i < 5; i++)
		word();
	world.began = one_in(2) ? word() : 0u - upto(60000);	/* it wraps */
	world.now = world.began;
	world.moved_at = world.began;
	world.clean_at = world.began + 3000 + upto(60000);
	loss = some(world.network->loss);
	copies = some(world.network->copies);
	marks = some(world.network->marks);
	jitter = some(world.network->jitter);
	latency = 1 + some(world.network->latency);
	path_mss = world.network->narrow ? MSS_MIN + upto(1500) : 65535;
	path_at = world.began + upto(10000);
	for (i = 0; i < 2; i++) {
		begin_side(&world.side[i]);
		world.side[!i].offered = world.side[i].iss;
	}
}

static void tell_begin(void)
{
	u32 i;

	if (!channel_verbose)
		return;
	printf("# seed %lu, %s\n", world.seed, world.network->name);
	printf("# of 100 packets %u lost, %u copied, %u marked; %u to %u ms; clean after %u ms\n",
	       loss, copies, marks, latency, latency + jitter, world.clean_at - world.began);
	for (i = 0; i < 2; i++) {
		const struct side *s = &world.side[i];

		printf("# %c: ISS %u, MSS %u, buffer %u, RTO up to %d, gives %u; ECN %d%s%s%s%s\n",
		       "AB"[i], s->iss, s->link_mss, s->buffer, s->cfg.rto_max_ms, s->left,
		       s->cfg.ecn, s->cfg.window_scaling ? ", scaling" : "",
		       s->cfg.timestamps ? ", timestamps" : "", s->cfg.sack ? ", SACK" : "",
		       s->cfg.dsack ? ", DSACK" : "");
	}
}

static void opens(u8 which)
{
	struct hstp_env env = environment(&world.side[which]);
	struct hstp_acts acts = HSTP_ACTS_INIT;

	hstp_call_open_active(&world.side[which].tcb, &env, &acts);
	perform(which, &acts);
}

static void check_progress(void)
{
	/* Twice what may be between two retransmissions, and the users' pauses */
	u32 patience = 2 * world.network->rto + 10 * world.network->pause + 10000;

	if (world.idle > IDLE_MAX)
		broken("segments answer each other without end (A.2)");
	if (world.turns++ > TURNS_MAX)
		broken("timers go off without end (3.8.1)");
	if (rough())
		return;
	if (world.now - hstp_seq_max(world.moved_at, world.clean_at) > patience)
		broken("nothing goes on, and the network is clean (3.8.1, 3.8.6.1)");
	if (world.now - world.clean_at > HOUR)
		broken("it takes more than an hour, and the network is clean (3.8.1, 3.8.6.1)");
}

static void check_end(const struct side *s, const struct side *peer)
{
	if (s->got != peer->sent || peer->freed != peer->sent)
		broken("the end, but not all text has arrived (3.6)");
	if (!s->eof)
		broken("the end, but a user was not told of the peer's CLOSE (3.6)");
}

static bool simulate(unsigned long seed)
{
	struct side *a = &world.side[0], *b = &world.side[1];
	struct next n;

	begin(seed);
	tell_begin();
	b->listening = !one_in(4);
	if (!b->listening)
		opens(1);
	opens(0);
	while (!world.failed && (!over(a) || !over(b) || world.flights)) {
		n = find_next();
		if (!n.kind) {
			broken("nothing can happen any more, and it is not the end (3.6)");
			break;
		}
		world.now = n.at;
		check_progress();
		happens(n);
	}
	check_end(a, b);
	check_end(b, a);
	return !world.failed;
}

int main(int argc, char **argv)
{
	unsigned long seed, first = 1, count = SEEDS;
	u32 i, all = 0;

	channel_program = argv[0];
	channel_verbose = argc > 1 && !strcmp(argv[1], "-v");
	argv += channel_verbose;
	argc -= channel_verbose;
	if (argc > 1) {
		first = strtoul(argv[1], NULL, 10);
		count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	}
	for (seed = first; seed < first + count; seed++)
		bad[seed % NETWORKS] += !simulate(seed);
	for (i = 0; i < NETWORKS; i++) {
		if ((NETWORKS + i - first % NETWORKS) % NETWORKS >= count)
			continue;	/* no seed was for it */
		printf("%sok %u - two cores on a random channel: %s\n", bad[i] ? "not " : "",
		       i + 1, networks[i].name);
		all += bad[i];
	}
	printf("# %lu connections, %u of them bad; %lu segments\n", count, all, segments);
	printf("# at most %u ms, %u segments without progress\n", longest, busiest);
	printf("1..%u\n", i);
	return all != 0;
}
