// SPDX-License-Identifier: GPL-2.0
/* Loaded into programs by "hstp run": their stream sockets are of HSTP instead of TCP,
 * and options of TCP's level go to HSTP's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/hstp.h>

static int protocol(void)
{
	const char *word = getenv("HSTP_PROTOCOL");
	int number = word ? atoi(word) : 0;

	return number > 0 && number < 256 ? number : IPPROTO_HSTP;
}

/* Keeps errno as it was: the caller has not asked for this. */
static int is_hstp(int fd)
{
	int saved = errno, number = 0;
	socklen_t len = sizeof(number);
	__typeof__(getsockopt) *call = dlsym(RTLD_NEXT, "getsockopt");
	int failed = call(fd, SOL_SOCKET, SO_PROTOCOL, &number, &len);

	errno = saved;
	return !failed && number == protocol();
}

/**
 * socket() - a socket; one of HSTP where one of TCP is asked for
 * @domain: AF_...
 * @type: SOCK_..., with flags
 * @number: protocol
 */
int socket(int domain, int type, int number)
{
	__typeof__(socket) *call = dlsym(RTLD_NEXT, "socket");
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), fd;

	if ((domain != AF_INET && domain != AF_INET6) || kind != SOCK_STREAM ||
	    (number && number != IPPROTO_TCP))
		return call(domain, type, number);
	fd = call(domain, type, protocol());
	/* Programs go on to their next address after this one. */
	if (fd < 0 && domain == AF_INET6 && errno == EPROTONOSUPPORT)
		errno = EAFNOSUPPORT;
	return fd;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	__typeof__(setsockopt) *call = dlsym(RTLD_NEXT, "setsockopt");

	if (level == IPPROTO_TCP && is_hstp(fd))
		level = SOL_HSTP;
	return call(fd, level, option, value, len);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	__typeof__(getsockopt) *call = dlsym(RTLD_NEXT, "getsockopt");

	if (level == IPPROTO_TCP && is_hstp(fd))
		level = SOL_HSTP;
	return call(fd, level, option, value, len);
}
