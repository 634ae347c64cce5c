// SPDX-License-Identifier: GPL-2.0
/* Network namespaces, the links between them, and their sysctls. */
#include "fd.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MAC_A	"02:00:00:00:00:01"
#define MAC_B	"02:00:00:00:00:02"
#define MAC_T	"02:00:00:00:00:09"	/* no device's */

static int ns_fd[NS_COUNT] = { -1, -1, -1, -1 };

static struct {
	enum net_ns ns;
	const char *device;
} link_end[NS_COUNT];
static bool direct;

static int open_ns(void)
{
	return TRY(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

/**
 * net_enter() - move the calling thread
 * @ns: where to
 */
void net_enter(enum net_ns ns)
{
	if (ns_fd[ns] < 0)
		die(__FILE__, __LINE__, "this test has no namespace %d", ns);
	TRY(setns(ns_fd[ns], CLONE_NEWNET));
}

/**
 * net_new() - make a namespace and go into it
 *
 * Return: its descriptor, for setns().
 */
int net_new(void)
{
	TRY(unshare(CLONE_NEWNET));
	return open_ns();
}

void net_leave(enum net_ns ns)
{
	close(ns_fd[ns]);
	ns_fd[ns] = -1;
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		die(__FILE__, __LINE__, "no memory");
	return text;
}

int net_status(enum net_ns ns, const char *fmt, ...)
{
	va_list args;
	char *command;
	int status;

	va_start(args, fmt);
	command = format(fmt, args);
	va_end(args);
	net_enter(ns);
	status = TRY(system(command));
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void net_run(enum net_ns ns, const char *fmt, ...)
{
	va_list args;
	char *command;
	int status;

	va_start(args, fmt);
	command = format(fmt, args);
	va_end(args);
	net_enter(ns);
	status = TRY(system(command));
	if (status)
		die(__FILE__, __LINE__, "status %#x from: %s", status, command);
	free(command);
}

/* One run of ip(8) for many commands, where the calling thread is. */
static void ip_batch(const char *fmt, ...)
{
	va_list args;
	FILE *pipe;

	pipe = popen("ip -batch -", "w");
	NEED(pipe);
	va_start(args, fmt);
	vfprintf(pipe, fmt, args);
	va_end(args);
	if (pclose(pipe))
		die(__FILE__, __LINE__, "ip -batch failed");
}

static char *sysctl_path(const char *name)
{
	char *path;

	if (asprintf(&path, "/proc/sys/%s", name) < 0)
		die(__FILE__, __LINE__, "no memory");
	for (char *c = path + strlen("/proc/sys/"); *c; c++)
		if (*c == '.')
			*c = '/';
	return path;
}

/**
 * net_try_sysctl() - set a sysctl, if the kernel lets one
 * @ns: where
 * @name: with dots
 * @value: text to write
 *
 * Return: 0 or a negative errno.
 */
int net_try_sysctl(enum net_ns ns, const char *name, const char *value)
{
	char *path = sysctl_path(name);
	int fd, err = 0;

	net_enter(ns);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

void net_sysctl(enum net_ns ns, const char *name, long value)
{
	char text[24];
	int err;

	snprintf(text, sizeof(text), "%ld", value);
	err = net_try_sysctl(ns, name, text);
	if (err)
		die(__FILE__, __LINE__, "%s = %ld: %s", name, value, strerror(-err));
}

long net_get_sysctl(enum net_ns ns, const char *name)
{
	char *path = sysctl_path(name);
	char text[64] = "";
	int fd;

	net_enter(ns);
	fd = TRY(open(path, O_RDONLY | O_CLOEXEC));
	TRY(read(fd, text, sizeof(text) - 1));
	close(fd);
	free(path);
	return strtol(text, NULL, 10);
}

/* The tests on TCP itself have to do with TCP's own settings. */
void net_hstp(enum net_ns ns, const char *name, long value)
{
	char full[64];

	if (proto == IPPROTO_TCP)
		return;
	snprintf(full, sizeof(full), "net.hstp.%s", name);
	net_sysctl(ns, full, value);
}

/* The first and the repeated retransmission, one minute and more away. */
void net_no_timers(enum net_ns ns)
{
	net_hstp(ns, "rto_max_ms", 3600000);
	net_hstp(ns, "rto_initial_ms", 60000);
	net_hstp(ns, "rto_min_ms", 60000);
}

void net_rto(enum net_ns ns, long first_ms, long max_ms)
{
	net_hstp(ns, "rto_min_ms", first_ms);
	net_hstp(ns, "rto_initial_ms", first_ms);
	net_hstp(ns, "rto_max_ms", max_ms);
}

/* IPv6 says nothing by itself in the namespace of the calling thread. */
static void silence_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);

	if (fd < 0)
		return;
	TRY(write(fd, "1", 1));
	close(fd);
}

/* Checksums and segments as they are on a real wire: made before the device. */
static void no_offload(const char *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = TRY(socket(AF_INET, SOCK_DGRAM, 0));

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	TRY(ioctl(fd, SIOCETHTOOL, &ifr));
	close(fd);
}

static void make(enum net_ns ns)
{
	if (ns_fd[NS_HOME] < 0)
		ns_fd[NS_HOME] = open_ns();
	ns_fd[ns] = net_new();
	silence_ipv6();
}

void net_alone(void)
{
	make(NS_A);
	ip_batch("link set lo up\n");
}

static void set_link(enum net_ns ns, enum net_ns end, const char *device)
{
	link_end[ns].ns = end;
	link_end[ns].device = device;
}

static void configure_a(void)
{
	net_enter(NS_A);
	ip_batch("link set lo up\n"
		 "addr add " ADDR_A "/24 brd + dev va\n"
		 "link set va up\n"
		 "neigh add " ADDR_T " lladdr " MAC_T " dev va\n"
		 "neigh add " ADDR_B " lladdr " MAC_B " dev va\n");
	no_offload("va");
}

static void configure_b(void)
{
	net_enter(NS_B);
	ip_batch("link set lo up\n"
		 "addr add " ADDR_B "/24 brd + dev vb\n"
		 "link set vb up\n"
		 "neigh add " ADDR_T " lladdr " MAC_T " dev vb\n"
		 "neigh add " ADDR_A " lladdr " MAC_A " dev vb\n");
	no_offload("vb");
}

void net_peer(void)
{
	make(NS_A);
	make(NS_T);
	ip_batch("link add ta address " MAC_T " type veth"
		 " peer name va address " MAC_A " netns /proc/%d/fd/%d\n"
		 "link set ta up\n", getpid(), ns_fd[NS_A]);
	configure_a();
	set_link(NS_A, NS_T, "ta");
	wire_open(NS_A);
}

void net_pair(void)
{
	make(NS_B);
	make(NS_A);
	ip_batch("link add va address " MAC_A " type veth"
		 " peer name vb address " MAC_B " netns /proc/%d/fd/%d\n",
		 getpid(), ns_fd[NS_B]);
	configure_a();
	configure_b();
	set_link(NS_A, NS_B, "vb");
	set_link(NS_B, NS_A, "va");
	direct = true;
	/* Nobody need look at what passes here. */
	wire_open(NS_A);
	wire_close(NS_A);
}

void net_relay(void)
{
	make(NS_A);
	make(NS_B);
	make(NS_T);
	ip_batch("link add ta type veth peer name va address " MAC_A " netns /proc/%d/fd/%d\n"
		 "link add tb type veth peer name vb address " MAC_B " netns /proc/%d/fd/%d\n"
		 "link set ta up\n"
		 "link set tb up\n",
		 getpid(), ns_fd[NS_A], getpid(), ns_fd[NS_B]);
	configure_a();
	configure_b();
	set_link(NS_A, NS_T, "ta");
	set_link(NS_B, NS_T, "tb");
	wire_open(NS_A);
	wire_open(NS_B);
}

/**
 * net_has() - is there such a namespace in this test
 * @ns: which
 */
bool net_has(enum net_ns ns)
{
	return ns_fd[ns] >= 0;
}

bool net_direct(void)
{
	return direct;
}

bool net_wired(enum net_ns ns)
{
	return link_end[ns].device;
}

unsigned int net_enter_link(enum net_ns ns)
{
	unsigned int index;

	NEED(link_end[ns].device);
	net_enter(link_end[ns].ns);
	index = if_nametoindex(link_end[ns].device);
	NEED(index);
	return index;
}
