// SPDX-License-Identifier: GPL-2.0
/* The setting segment_events, which monitors of one namespace share: the first of them switches
 * it on, and the last puts it back.
 *
 * Each holds a shared lock of a file that is named for the namespace; who gets it exclusively at
 * the end was the last. The file's text says that it was a monitor who switched the setting on,
 * even one that was killed. Who may write no file there puts back what it switched on itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conn.h"
#include "segments.h"

#define SWITCHED "on\n"

static int take_setting(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs;

	attrs_of(nlh, &attrs);
	*(bool *)data = number(&attrs, HSTP_A_CONFIG_SEGMENT_EVENTS);
	return 0;
}

/**
 * segments_told() - does the kernel tell of segments?
 * @nl: from nl_open(), in the namespace that is meant
 * @told: the answer
 *
 * Return: 0, or -errno with the reason in @nl->error.
 */
int segments_told(struct nl *nl, bool *told)
{
	char request[MNL_NLMSG_HDRLEN + 64];

	return nl_call(nl, nl_begin(nl, request, HSTP_CMD_CONFIG_GET, NLM_F_ACK), take_setting,
		       told);
}

static int switch_to(struct nl *nl, uint32_t on)
{
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_CONFIG_SET, NLM_F_ACK);

	mnl_attr_put_u32(nlh, HSTP_A_CONFIG_SEGMENT_EVENTS, on);
	return nl_call(nl, nlh, NULL, NULL);
}

/**
 * segments_name() - begin with the namespace that the calling process is in
 * @s: to be filled
 */
void segments_name(struct segments *s)
{
	struct stat netns = { };

	s->lock = -1;
	if (!stat("/proc/self/ns/net", &netns))
		snprintf(s->path, sizeof(s->path), "/run/hstp-segments.%llu",
			 (unsigned long long)netns.st_ino);
}

/* The file may be gone by the time that its lock is ours: the last monitor removes it. */
static void lock(struct segments *s)
{
	struct stat ours, there;

	while (s->path[0]) {
		s->lock = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (s->lock < 0)
			return;
		if (flock(s->lock, LOCK_SH) || fstat(s->lock, &ours))
			s->path[0] = '\0';
		else if (!stat(s->path, &there) && ours.st_ino == there.st_ino)
			return;
		close(s->lock);
		s->lock = -1;
	}
}

/**
 * segments_on() - have the kernel tell of segments, until segments_off()
 * @s: from segments_name()
 * @nl: from nl_open(), in the namespace of @s
 *
 * Return: 0, or -errno with the reason in @nl->error.
 */
int segments_on(struct segments *s, struct nl *nl)
{
	bool told = false;
	int err;

	lock(s);
	err = segments_told(nl, &told);
	if (err < 0 || told)
		return err;
	err = switch_to(nl, 1);
	if (err < 0)
		return err;
	s->switched = true;
	if (s->lock >= 0 && pwrite(s->lock, SWITCHED, strlen(SWITCHED), 0) < 0) {
		close(s->lock);
		s->lock = -1;
	}
	return 0;
}

/* The lock is given back; with @last, the file is needed no more. */
static void unlock(struct segments *s, bool last)
{
	if (s->lock < 0)
		return;
	if (last)
		unlink(s->path);
	close(s->lock);
	s->lock = -1;
}

/**
 * segments_gone() - the setting went with the module: there is nothing to put back
 * @s: what segments_on() was given
 */
void segments_gone(struct segments *s)
{
	s->switched = false;
	unlock(s, s->lock >= 0 && !flock(s->lock, LOCK_EX | LOCK_NB));
}

/**
 * segments_off() - want them no more; no effect without segments_on(), or the second time
 * @s: what segments_on() was given
 * @nl: likewise
 *
 * Return: 0, or -errno with the reason in @nl->error.
 */
int segments_off(struct segments *s, struct nl *nl)
{
	bool ours = s->switched, last = true;
	char text[8];
	int err = 0;

	if (s->lock >= 0) {
		/* Fails when another one holds it, who then is the later. */
		last = !flock(s->lock, LOCK_EX | LOCK_NB);
		ours = last && pread(s->lock, text, sizeof(text), 0) > 0;
	}
	if (ours)
		err = switch_to(nl, 0);
	s->switched = false;
	unlock(s, last && !err);
	return err;
}
