/* SPDX-License-Identifier: GPL-2.0 */
/* Many texts at once through many connections, both ways, and every byte checked. */
#ifndef HSTP_TEST_STREAM_H
#define HSTP_TEST_STREAM_H

#include "check.h"

/* One end of a connection: sends its text, reads the other's, closes. */
struct stream {
	int fd;			/* -1 when it is done; calls must not block */
	unsigned int seed;	/* of the text that it sends */
	unsigned int peer_seed;	/* of the text that it gets */
	long long size;		/* bytes to send */
	long long peer_size;	/* bytes to get */
	long long sent, got;
	bool ended;		/* the end of the text came */
};

/* Both ends of one connection, @size bytes each way; @number makes their texts unlike those
 * of others. The descriptors no longer block.
 */
void stream_pair(struct stream pair[2], int one_fd, int other_fd, unsigned int number,
		 long long size);

/* Until all have sent and got everything; dies when nothing happens for @idle_ms. */
void stream_run(struct stream *streams, int count, int idle_ms);

/* The next @len bytes of the text of @seed, from byte @at. */
const char *stream_text(unsigned int seed, long long at, int len);
#define STREAM_SOME	65536	/* @len at most */

#endif /* HSTP_TEST_STREAM_H */
