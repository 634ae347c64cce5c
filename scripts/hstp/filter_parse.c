// SPDX-License-Identifier: GPL-2.0
/* Reading a filter: words, then precedence (not, and, or), then each condition. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "filter.h"

/* All words of the command line as one text, and where the next token begins. */
struct parser {
	char *text;
	char *at;
	char token[PATH_MAX];	/* the next one; empty at the end */
	enum filter_of of;
};

#define ENDS	"src, dst, sport, dport"

/* The conditions that @of's filters can have. */
static const char *conditions(enum filter_of of)
{
	switch (of) {
	case OF_CONNECTIONS:
		return "state, exclude, " ENDS
		       ", uid, inode, cookie, fwmark, dev, cgroup, autobound, passive, orphan"
		       ", unaccepted";
	case OF_EVENTS:
		return "state, exclude, " ENDS;
	default:
		return ENDS;
	}
}

/* What is not known would match nothing or, with "not", everything. */
static void need_known(const struct parser *p, const char *word, enum filter_of last)
{
	if (p->of <= last)
		return;
	quit(MISUSED, "filter: \"%s\" is not known of %s: %s are", word,
	     p->of == OF_EVENTS ? "an event" : "a segment", conditions(p->of));
}

/* Operators need no spaces around them: "dport=:80" is three tokens. */
static size_t operator_length(const char *at)
{
	static const char *const operators[] = {
		"&&", "||", "==", "!=", "<=", ">=", "(", ")", "!", "=", "<", ">", "&", "|", ",",
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!strncmp(at, operators[i], strlen(operators[i])))
			return strlen(operators[i]);
	}
	return 0;
}

static void advance(struct parser *p)
{
	size_t len;

	while (isspace((unsigned char)*p->at))
		p->at++;
	len = operator_length(p->at);
	if (!len) {
		while (p->at[len] && !isspace((unsigned char)p->at[len]) &&
		       !operator_length(p->at + len))
			len++;
	}
	if (len >= sizeof(p->token))
		quit(MISUSED, "filter: \"%.20s...\" is too long", p->at);
	memcpy(p->token, p->at, len);
	p->token[len] = '\0';
	p->at += len;
}

static bool next_is(struct parser *p, const char *one, const char *other)
{
	return !strcasecmp(p->token, one) || (other && !strcasecmp(p->token, other));
}

static bool accept_token(struct parser *p, const char *one, const char *other)
{
	if (!*p->token || !next_is(p, one, other))
		return false;
	advance(p);
	return true;
}

static struct filter *node(enum filter_kind kind)
{
	struct filter *filter = need(calloc(1, sizeof(*filter)));

	filter->kind = kind;
	return filter;
}

static struct filter *join(enum filter_kind kind, struct filter *left, struct filter *right)
{
	struct filter *filter = node(kind);

	filter->left = left;
	filter->right = right;
	return filter;
}

static enum filter_compare operator(struct parser *p)
{
	static const struct {
		const char *sign, *word;
		enum filter_compare compare;
	} operators[] = {
		{ "=", "eq", EQ }, { "==", "is", EQ }, { "!=", "ne", NE }, { "!", "neq", NE },
		{ "<", "lt", LT }, { "<=", "le", LE }, { ">", "gt", GT }, { ">=", "ge", GE },
		{ "<=", "leq", LE }, { ">=", "geq", GE },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (accept_token(p, operators[i].sign, operators[i].word))
			return operators[i].compare;
	}
	return EQ;
}

static uint16_t port_of(const char *word)
{
	struct servent *service = getservbyname(word, "tcp");

	if (!isdigit((unsigned char)*word) && service)
		return ntohs((uint16_t)service->s_port);
	if (!isdigit((unsigned char)*word))
		quit(MISUSED,
		     "filter: port \"%s\" is neither a number nor a service of services(5)", word);
	return (uint16_t)parse_number("filter: port", word, 0, 65535);
}

/* ADDRESS[/BITS], brackets taken off. */
static void address_of(struct filter *filter, char *word)
{
	char *slash = strchr(word, '/');
	uint64_t bits;

	if (slash)
		*slash = '\0';
	if (!strcmp(word, "*") || !*word)
		return;
	if (inet_pton(AF_INET, word, filter->addr.bytes) == 1)
		filter->addr.len = 4;
	else if (inet_pton(AF_INET6, word, filter->addr.bytes) == 1)
		filter->addr.len = 16;
	else
		quit(MISUSED,
		     "filter: \"%s\" is not an address: 192.0.2.1, 192.0.2.0/24, [2001:db8::1]:80 are",
		     word);
	bits = filter->addr.len * 8U;
	if (slash)
		bits = parse_number("filter: prefix", slash + 1, 0, bits);
	filter->prefix = (uint8_t)bits;
}

/* ADDRESS[/BITS][:PORT] or :PORT */
static struct filter *host(struct parser *p, bool remote)
{
	enum filter_compare how = operator(p);
	struct filter *filter = node(FILTER_ADDRESS);
	char *word = p->token, *port = NULL, *close;

	if (!*word)
		quit(MISUSED, "filter: an address should follow \"%s\"", remote ? "dst" : "src");
	if (how != EQ && how != NE)
		quit(MISUSED, "filter: addresses are compared with = or != only");
	filter->remote = remote;
	close = strchr(word, ']');
	if (*word == '[' && close) {
		/* [ADDRESS]/BITS and [ADDRESS/BITS] */
		memmove(close, close + 1, strlen(close));
		word++;
		port = strchr(close, ':');
	} else {
		port = strrchr(word, ':');
		if (port && strchr(word, ':') != port)
			port = NULL;
	}
	if (port) {
		*port++ = '\0';
		if (strcmp(port, "*") && *port) {
			filter->compare = EQ;
			filter->number = port_of(port);
		}
	}
	address_of(filter, word);
	advance(p);
	return how == NE ? join(FILTER_NOT, filter, NULL) : filter;
}

static struct filter *port(struct parser *p, bool remote)
{
	struct filter *filter = node(FILTER_PORT);
	const char *word;

	filter->remote = remote;
	filter->compare = operator(p);
	word = p->token;
	if (!*word)
		quit(MISUSED, "filter: a port should follow \"%s\", as in %s = :80",
		     remote ? "dport" : "sport", remote ? "dport" : "sport");
	filter->number = port_of(word + (*word == ':'));
	advance(p);
	return filter;
}

/* state A [B] [state C] [exclude D]: in one of the named, in none of the excluded. */
static struct filter *states(struct parser *p)
{
	struct filter *filter = node(FILTER_STATES);
	unsigned int in = 0, out = 0, set;
	bool exclude;

	while (next_is(p, "state", "exclude")) {
		exclude = next_is(p, "exclude", NULL);
		advance(p);
		accept_token(p, "=", NULL);
		if (state_set(p->token, &set))
			quit(MISUSED,
			     "filter: \"%s\" is not a state: closed, listen, syn-sent, syn-received, established, fin-wait-1, fin-wait-2, close-wait, closing, last-ack, time-wait, or all, connected, synchronized, bucket, big",
			     p->token);
		do {
			if (exclude)
				out |= set;
			else
				in |= set;
			advance(p);
		} while ((accept_token(p, ",", NULL), !state_set(p->token, &set)));
	}
	filter->number = (in ? in : ALL_STATES) & ~out;
	return filter;
}

/* An interface by its name, or by its number, as ss has it too. */
static uint64_t interface(const char *word)
{
	unsigned int index = if_nametoindex(word);

	if (index)
		return index;
	if (isdigit((unsigned char)*word))
		return parse_number("filter: dev", word, 0, INT32_MAX);
	quit(MISUSED, "filter: there is no interface \"%s\" here", word);
}

/* @name OP NUMBER; of a mark NUMBER/MASK, too. */
static struct filter *amount(struct parser *p, const char *name, unsigned int attr)
{
	const uint64_t most = attr == HSTP_A_CONN_COOKIE ? UINT64_MAX : UINT32_MAX;
	struct filter *filter = node(FILTER_NUMBER);
	char what[32], *mask;

	filter->attr = attr;
	filter->compare = operator(p);
	filter->mask = UINT64_MAX;
	snprintf(what, sizeof(what), "filter: %s", name);
	mask = attr == HSTP_A_CONN_MARK ? strchr(p->token, '/') : NULL;
	if (mask) {
		*mask++ = '\0';
		filter->mask = parse_number("filter: mask", mask, 0, most);
	}
	filter->number = attr == HSTP_A_CONN_INTERFACE ? interface(p->token) :
							 parse_number(what, p->token, 0, most);
	advance(p);
	return filter;
}

/* Where cgroups of version 2 are mounted. */
static int open_cgroups(const char *path)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	struct mntent *mount;
	int fd = -1;

	while (mounts && fd < 0 && (mount = getmntent(mounts))) {
		if (!strcmp(mount->mnt_type, "cgroup2"))
			fd = open(mount->mnt_dir, O_PATH | O_CLOEXEC);
	}
	if (mounts)
		endmntent(mounts);
	if (fd < 0)
		quit(MISUSED, "filter: cgroup \"%s\": none of version 2 are mounted here", path);
	return fd;
}

/* The number of the cgroup at @path, which begins where they are mounted unless it is absolute,
 * as with ss.
 */
static uint64_t cgroup_id(const char *path)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h = { .handle.handle_bytes = sizeof(uint64_t) };
	int top = *path == '/' ? AT_FDCWD : open_cgroups(path), mount;
	int fd = openat(top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	uint64_t id;

	if (fd < 0)
		quit(MISUSED, "filter: there is no cgroup \"%s\": %s", path, strerror(errno));
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		quit(MISUSED,
		     "filter: \"%s\" is not a cgroup of version 2: directories below /sys/fs/cgroup are",
		     path);
	if (name_to_handle_at(fd, "", &h.handle, &mount, AT_EMPTY_PATH) ||
	    h.handle.handle_bytes != sizeof(id))
		quit(FAILED, "filter: cgroup \"%s\" does not tell its number: %s", path,
		     strerror(errno));
	memcpy(&id, h.handle.f_handle, sizeof(id));
	close(fd);
	if (top >= 0)
		close(top);
	return id;
}

/* cgroup [=|!=] PATH */
static struct filter *in_cgroup(struct parser *p)
{
	struct filter *filter = node(FILTER_NUMBER);

	filter->attr = HSTP_A_CONN_CGROUP;
	filter->mask = UINT64_MAX;
	filter->compare = operator(p);
	if (!*p->token)
		quit(MISUSED, "filter: a path should follow \"cgroup\"");
	if (filter->compare != EQ && filter->compare != NE)
		quit(MISUSED, "filter: cgroups are compared with = or != only");
	filter->number = cgroup_id(p->token);
	advance(p);
	return filter;
}

static struct filter *flag(unsigned int attr)
{
	struct filter *filter = node(FILTER_FLAG);

	filter->attr = attr;
	return filter;
}

static struct filter *expression(struct parser *p);

static struct filter *condition(struct parser *p)
{
	static const struct {
		const char *word;
		unsigned int attr;
		bool flag;
	} others[] = {
		{ "uid", HSTP_A_CONN_UID, false }, { "inode", HSTP_A_CONN_INODE, false },
		{ "ino", HSTP_A_CONN_INODE, false }, { "cookie", HSTP_A_CONN_COOKIE, false },
		{ "fwmark", HSTP_A_CONN_MARK, false }, { "dev", HSTP_A_CONN_INTERFACE, false },
		{ "passive", HSTP_A_CONN_PASSIVE, true }, { "orphan", HSTP_A_CONN_ORPHAN, true },
		{ "unaccepted", HSTP_A_CONN_UNACCEPTED, true },
	};
	struct filter *filter;

	if (accept_token(p, "not", "!"))
		return join(FILTER_NOT, condition(p), NULL);
	if (accept_token(p, "(", NULL)) {
		filter = expression(p);
		if (!accept_token(p, ")", NULL))
			quit(MISUSED, "filter: a \")\" is missing%s%s", *p->token ? " before " : "",
			     p->token);
		return filter;
	}
	if (next_is(p, "state", "exclude")) {
		need_known(p, p->token, OF_EVENTS);
		return states(p);
	}
	if (accept_token(p, "src", "local"))
		return host(p, false);
	if (accept_token(p, "dst", "peer"))
		return host(p, true);
	if (accept_token(p, "sport", NULL))
		return port(p, false);
	if (accept_token(p, "dport", NULL))
		return port(p, true);
	if (accept_token(p, "cgroup", NULL)) {
		need_known(p, "cgroup", OF_CONNECTIONS);
		return in_cgroup(p);
	}
	if (accept_token(p, "autobound", NULL)) {
		need_known(p, "autobound", OF_CONNECTIONS);
		return join(FILTER_NOT, flag(HSTP_A_CONN_BOUND), NULL);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!accept_token(p, others[i].word, NULL))
			continue;
		need_known(p, others[i].word, OF_CONNECTIONS);
		return others[i].flag ? flag(others[i].attr) :
					amount(p, others[i].word, others[i].attr);
	}
	if (!*p->token)
		quit(MISUSED, "filter: it ends where a condition should be");
	quit(MISUSED, "filter: \"%s\" is not a condition: %s are", p->token, conditions(p->of));
}

static struct filter *conjunction(struct parser *p)
{
	struct filter *filter = condition(p);

	for (;;) {
		if (!accept_token(p, "and", "&&") && !accept_token(p, "&", NULL) &&
		    (!*p->token || next_is(p, ")", "or") || next_is(p, "||", "|")))
			return filter;
		filter = join(FILTER_AND, filter, condition(p));
	}
}

static struct filter *expression(struct parser *p)
{
	struct filter *filter = conjunction(p);

	while (accept_token(p, "or", "||") || accept_token(p, "|", NULL))
		filter = join(FILTER_OR, filter, conjunction(p));
	return filter;
}

/**
 * filter_parse() - read a filter
 * @argc: number of words
 * @argv: the words; one argument or many makes no difference
 * @of: what it will be asked about
 *
 * Return: the filter, NULL when there is no word. Does not return when it makes no
 * sense: says where, and what would. It lives as long as the program.
 */
struct filter *filter_parse(int argc, char **argv, enum filter_of of)
{
	struct parser p = { .of = of };
	struct filter *filter;
	size_t len = 1;

	for (int i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	p.text = need(calloc(1, len));
	p.at = p.text;
	for (int i = 0; i < argc; i++) {
		strcat(p.text, argv[i]);
		strcat(p.text, " ");
	}
	advance(&p);
	if (!*p.token) {
		free(p.text);
		return NULL;
	}
	filter = expression(&p);
	if (*p.token)
		quit(MISUSED, "filter: \"%s\" has no place here", p.token);
	free(p.text);
	return filter;
}
