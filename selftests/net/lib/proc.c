// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp: connections and their states. */
#include "fd.h"
#include "proc.h"

/* Numbers as in the kernel's TCP; SYN-RECEIVED is shown as 03. */
static const char *const names[] = {
	NULL, "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",
	"TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
};

/**
 * conn_state() - the name of a connection's state
 * @conn: a line of /proc/net/hstp
 *
 * Return: as in RFC 9293.
 */
const char *conn_state(const struct conn *conn)
{
	if (conn->st < 1 || conn->st >= (int)(sizeof(names) / sizeof(names[0])))
		die(__FILE__, __LINE__, "a connection in state %d", conn->st);
	return names[conn->st];
}

static bool parse(const char *line, struct conn *conn)
{
	unsigned int lport, rport, st;
	int columns;

	columns = sscanf(line, " %*d: %x:%x %x:%x %x %x:%x %x:%x %x %u %u %lu %u %*s"
			 " %lu %lu %u %u %d",
			 &conn->laddr, &lport, &conn->raddr, &rport, &st, &conn->tx, &conn->rx,
			 &conn->timer, &conn->when, &conn->retransmits, &conn->uid,
			 &conn->probes, &conn->inode, &conn->refs, &conn->rto, &conn->ato,
			 &conn->quick, &conn->cwnd, &conn->ssthresh);
	if (columns != 14 && columns != 19)
		return false;
	conn->full = columns == 19;
	conn->lport = lport;
	conn->rport = rport;
	conn->st = st;
	return true;
}

/**
 * conn_list() - read /proc/net/hstp
 * @ns: where
 * @conns: gets the lines
 * @max: how many of them at most
 *
 * Return: how many there are, at most @max.
 */
int conn_list(enum net_ns ns, struct conn *conns, int max)
{
	char line[512];
	FILE *file;
	int count = 0;

	net_enter(ns);
	file = fopen(net_protocol(ns) == IPPROTO_TCP ? "/proc/thread-self/net/tcp" :
		     "/proc/thread-self/net/hstp", "r");
	if (!file)
		die_errno(__FILE__, __LINE__, "/proc/net/hstp");
	NEED(fgets(line, sizeof(line), file));
	while (count < max && fgets(line, sizeof(line), file)) {
		if (!parse(line, &conns[count++]))
			die(__FILE__, __LINE__, "cannot read this line: %s", line);
	}
	fclose(file);
	return count;
}

/**
 * conn_count() - how many connections and listeners there are
 * @ns: where
 *
 * Return: lines of /proc/net/hstp.
 */
int conn_count(enum net_ns ns)
{
	static struct conn conns[CONNS_MAX];

	return conn_list(ns, conns, CONNS_MAX);
}

static bool find(const struct end *end, struct conn *found, bool *listener)
{
	static struct conn conns[CONNS_MAX];
	int count = conn_list(end->ns, conns, CONNS_MAX);

	*listener = false;
	for (int i = 0; i < count; i++) {
		const struct conn *conn = &conns[i];

		if (conn->lport != end->port)
			continue;
		if (!strcmp(conn_state(conn), "LISTEN"))
			*listener = true;
		if (conn->laddr != end->addr || conn->raddr != end->other->addr ||
		    conn->rport != end->other->port)
			continue;
		*found = *conn;
		return true;
	}
	return false;
}

/**
 * conn_find() - find the connection between two ends
 * @end: one end, as its host sees it
 * @conn: gets the line
 *
 * Return: false when there is none.
 */
bool conn_find(const struct end *end, struct conn *conn)
{
	bool listener;

	return find(end, conn, &listener);
}

/**
 * state_of() - the state of an end, as its host tells it
 * @end: which
 *
 * Return: "CLOSED" when there is no connection, "LISTEN" when there is only a listener.
 */
const char *state_of(const struct end *end)
{
	struct conn conn;
	bool listener;

	if (find(end, &conn, &listener))
		return conn_state(&conn);
	return listener ? "LISTEN" : "CLOSED";
}

/**
 * state_is_at() - an end must be in a state, now
 * @file: of the step
 * @line: of the step
 * @end: which
 * @state: name
 *
 * Behind state_is(). Looks after the host has dealt with all that was sent.
 */
void state_is_at(const char *file, int line, struct end *end, const char *state)
{
	const char *now;

	if (net_wired(end->ns))
		wire_sync(end->ns);
	now = state_of(end);
	if (strcmp(now, state))
		die(file, line, "state is %s, not %s", now, state);
}

/**
 * state_wait_at() - an end must come to a state
 * @file: of the step
 * @line: of the step
 * @end: which
 * @state: name
 *
 * Behind state_wait().
 */
void state_wait_at(const char *file, int line, struct end *end, const char *state)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	const char *now;

	while (strcmp(now = state_of(end), state)) {
		if (now_ms() > until)
			die(file, line, "state stays %s, does not become %s", now, state);
		usleep(POLL_US);
	}
}
