// SPDX-License-Identifier: GPL-2.0
/* Network namespaces, the links between them, and their sysctls. */
#include "fd.h"
#include "net_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The last byte tells them apart, in set_neighbour() too. The tester's, 9, is no
 * device's: the stack of T never takes a frame that is for the tester.
 */
static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 }, mac_b[6] = { 2, 0, 0, 0, 0, 2 };

static int ns_fd[NS_COUNT] = { -1, -1, -1, -1 };

static struct {
	enum net_ns ns;
	const char *device;
} link_end[NS_COUNT];
static bool direct;
static bool translated[NS_COUNT];

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

/**
 * net_leave() - let go of a namespace
 * @ns: which; the calling thread must be elsewhere
 *
 * It dies with its last process or socket.
 */
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

/**
 * net_status() - run a shell command in a namespace
 * @ns: where
 * @fmt: command, as for printf()
 *
 * Return: its exit status, 128 and more for a signal.
 */
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

/**
 * net_run() - run a shell command that must succeed
 * @ns: where
 * @fmt: command, as for printf()
 */
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
 * net_write() - write a setting of the kernel's
 * @path: a file in /proc or /sys
 * @text: what to write
 * @flags: of open(), O_APPEND or 0
 *
 * Return: 0 or a negative errno.
 */
int net_write(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
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
	int err;

	net_enter(ns);
	err = net_write(path, value, 0);
	free(path);
	return err;
}

/**
 * net_sysctl() - set a sysctl
 * @ns: where
 * @name: with dots
 * @value: number to write; the kernel must take it
 */
void net_sysctl(enum net_ns ns, const char *name, long value)
{
	char text[24];
	int err;

	snprintf(text, sizeof(text), "%ld", value);
	err = net_try_sysctl(ns, name, text);
	if (err)
		die(__FILE__, __LINE__, "%s = %ld: %s", name, value, strerror(-err));
}

/**
 * net_get_sysctl() - read a sysctl
 * @ns: where
 * @name: with dots
 *
 * Return: its number.
 */
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

/**
 * net_hstp() - set one of HSTP's sysctls
 * @ns: where
 * @name: without the "net.hstp."
 * @value: number to write
 *
 * Nothing happens where TCP itself is spoken, which has settings of its own.
 */
void net_hstp(enum net_ns ns, const char *name, long value)
{
	char full[64];

	if (net_protocol(ns) == IPPROTO_TCP)
		return;
	snprintf(full, sizeof(full), "net.hstp.%s", name);
	net_sysctl(ns, full, value);
}

/**
 * net_no_timers() - put retransmissions off for a minute and more
 * @ns: where; connections opened from now on
 */
void net_no_timers(enum net_ns ns)
{
	net_hstp(ns, "rto_max_ms", 3600000);
	net_hstp(ns, "rto_initial_ms", 60000);
	net_hstp(ns, "rto_min_ms", 60000);
}

/**
 * net_rto() - set the bounds of the retransmission timeout
 * @ns: where; RTOs computed from now on
 * @first_ms: initial and smallest RTO, ms
 * @max_ms: largest RTO, ms
 */
void net_rto(enum net_ns ns, long first_ms, long max_ms)
{
	/* The lower bound never lies above the upper one. */
	net_hstp(ns, "rto_max_ms", 3600000);
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

static void set_address(int fd, struct ifreq *ifr, unsigned long request, const char *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr->ifr_addr;

	*in = addr_of(inet_addr(address), 0);
	TRY(ioctl(fd, request, ifr));
}

static void set_up(int fd, struct ifreq *ifr)
{
	ifr->ifr_flags = IFF_UP;
	TRY(ioctl(fd, SIOCSIFFLAGS, ifr));
}

/* In the calling thread's namespace */
static void device_up(const char *name)
{
	struct ifreq ifr = { .ifr_name = "" };
	int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	set_up(fd, &ifr);
	close(fd);
}

static void set_neighbour(int fd, const char *device, const char *address, uint8_t last)
{
	struct arpreq arp = { .arp_flags = ATF_PERM | ATF_COM };
	struct sockaddr_in *in = (struct sockaddr_in *)&arp.arp_pa;

	*in = addr_of(inet_addr(address), 0);
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	arp.arp_ha.sa_data[0] = 2;
	arp.arp_ha.sa_data[5] = last;
	snprintf(arp.arp_dev, sizeof(arp.arp_dev), "%s", device);
	TRY(ioctl(fd, SIOCSARP, &arp));
}

/* The devices of the calling thread's namespace, without starting a program for it: on an
 * emulated machine that is most of what a test costs. Checksums and segments are to be as
 * on a real wire, made before the device.
 */
static void configure(const char *device, const char *address, const char *other, uint8_t mac)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq ifr = { .ifr_name = "" };
	int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	device_up("lo");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	ifr.ifr_data = (void *)&value;
	TRY(ioctl(fd, SIOCETHTOOL, &ifr));
	set_up(fd, &ifr);
	set_address(fd, &ifr, SIOCSIFADDR, address);
	set_address(fd, &ifr, SIOCSIFNETMASK, "255.255.255.0");
	set_address(fd, &ifr, SIOCSIFBRDADDR, "10.0.0.255");
	set_neighbour(fd, device, ADDR_T, 9);
	set_neighbour(fd, device, other, mac);
	close(fd);
}

static void configure_a(void)
{
	net_enter(NS_A);
	configure("va", ADDR_A, ADDR_B, 2);
}

static void configure_b(void)
{
	net_enter(NS_B);
	configure("vb", ADDR_B, ADDR_A, 1);
}

static void make(enum net_ns ns)
{
	if (ns_fd[NS_HOME] < 0)
		ns_fd[NS_HOME] = open_ns();
	ns_fd[ns] = net_new();
	silence_ipv6();
}

/**
 * net_alone() - make namespace A with a loopback device
 */
void net_alone(void)
{
	make(NS_A);
	device_up("lo");
}

static void set_link(enum net_ns ns, enum net_ns end, const char *device)
{
	link_end[ns].ns = end;
	link_end[ns].device = device;
}

/**
 * net_peer() - make namespace A, with the tester at the other end of its link
 */
void net_peer(void)
{
	make(NS_A);
	make(NS_T);
	net_link_add("ta", NULL, "va", mac_a, ns_fd[NS_A]);
	device_up("ta");
	configure_a();
	set_link(NS_A, NS_T, "ta");
	wire_open(NS_A);
}

/**
 * net_pair() - make namespaces A and B on one link
 *
 * What passes there can be watched with wire_open().
 */
void net_pair(void)
{
	make(NS_B);
	make(NS_A);
	net_link_add("va", mac_a, "vb", mac_b, ns_fd[NS_B]);
	configure_a();
	configure_b();
	set_link(NS_A, NS_B, "vb");
	set_link(NS_B, NS_A, "va");
	direct = true;
	/* Nobody need look at what passes here. */
	wire_open(NS_A);
	wire_close(NS_A);
}

/**
 * net_relay() - make namespaces A and B with the tester between them
 *
 * Nothing passes unless wire_deliver() or wire_flow() lets it.
 */
void net_relay(void)
{
	make(NS_A);
	make(NS_B);
	make(NS_T);
	net_link_add("ta", NULL, "va", mac_a, ns_fd[NS_A]);
	net_link_add("tb", NULL, "vb", mac_b, ns_fd[NS_B]);
	device_up("ta");
	device_up("tb");
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

/**
 * net_translate() - let a namespace speak TCP with the other, which speaks HSTP
 * @ns: A or B; its link has been made
 *
 * The translator sits on its own end of the link: the wire carries HSTP's number. The kernel
 * cuts TCP's large packets after that, and would not know how: TCP makes none. Nothing is
 * translated when the test runs on TCP itself.
 */
void net_translate(enum net_ns ns)
{
	const char *dev = ns == NS_A ? "va" : "vb";

	if (proto == IPPROTO_TCP)
		return;
	net_run(ns, "ip link set dev %s gso_max_segs 1 && tc qdisc add dev %s clsact && "
		"tc filter add dev %s ingress bpf da obj %s sec to_tcp && "
		"tc filter add dev %s egress bpf da obj %s sec to_hstp", dev, dev, dev,
		HSTP_TRANSLATOR, dev, HSTP_TRANSLATOR);
	translated[ns] = true;
}

/**
 * net_protocol() - the protocol that a namespace's programs ask for
 * @ns: which
 */
int net_protocol(enum net_ns ns)
{
	return translated[ns] ? IPPROTO_TCP : proto;
}

/**
 * net_direct() - are A and B on one link
 *
 * Return: true after net_pair().
 */
bool net_direct(void)
{
	return direct;
}

/**
 * net_wired() - can the tester talk to a namespace
 * @ns: which
 *
 * Return: true when it has a link that ends at the tester or is watched.
 */
bool net_wired(enum net_ns ns)
{
	return link_end[ns].device;
}

/**
 * net_enter_link() - go to where a link ends
 * @ns: whose link
 *
 * Return: index of the device at the far end, where frames to @ns are sent.
 */
unsigned int net_enter_link(enum net_ns ns)
{
	unsigned int index;

	NEED(link_end[ns].device);
	net_enter(link_end[ns].ns);
	index = if_nametoindex(link_end[ns].device);
	NEED(index);
	return index;
}
