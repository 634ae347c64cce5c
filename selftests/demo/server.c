// SPDX-License-Identifier: GPL-2.0
/* Receives one file over HSTP, says how much it got, and ends. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/hstp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t receive_file(int fd, const char *name)
{
	static char chunk[65536];
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t total = 0;
	ssize_t length;

	if (file < 0)
		err(1, "server: %s", name);
	while ((length = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
		if (write(file, chunk, (size_t)length) != length)
			err(1, "server: %s", name);
		total += (size_t)length;
	}
	if (length < 0)
		err(1, "server: recv");
	close(file);
	return total;
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	int listener, fd;

	if (argc != 3)
		errx(2, "usage: server PORT FILE");
	here.sin_port = htons((uint16_t)atoi(argv[1]));

	listener = socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP);
	if (listener < 0)
		err(1, "server: socket");
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)))
		err(1, "server: bind");
	if (listen(listener, 1))
		err(1, "server: listen");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(1, "server: accept");
	close(listener);

	/* The client's FIN is the end of the file; the reply goes out in CLOSE-WAIT. */
	if (dprintf(fd, "server: %zu bytes received\n", receive_file(fd, argv[2])) < 0)
		err(1, "server: send");
	close(fd);
	return 0;
}
