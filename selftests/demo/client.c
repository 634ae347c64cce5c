// SPDX-License-Identifier: GPL-2.0
/* Sends a file to the demonstration's server and prints what the server says to it. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/hstp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, data, length, 0);

		if (sent < 0)
			err(1, "client: send");
		data += sent;
		length -= (size_t)sent;
	}
}

static void send_file(int fd, const char *name)
{
	static char chunk[65536];
	int file = open(name, O_RDONLY);
	ssize_t length;

	if (file < 0)
		err(1, "client: %s", name);
	while ((length = read(file, chunk, sizeof(chunk))) > 0)
		send_all(fd, chunk, (size_t)length);
	if (length < 0)
		err(1, "client: %s", name);
	close(file);
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	char reply[128];
	ssize_t length;
	int fd;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
		errx(2, "usage: client ADDRESS PORT FILE");
	server.sin_port = htons((uint16_t)atoi(argv[2]));

	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP);
	if (fd < 0)
		err(1, "client: socket");
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		err(1, "client: connect");
	send_file(fd, argv[3]);

	/* Our FIN; the other direction stays open for the reply. */
	if (shutdown(fd, SHUT_WR))
		err(1, "client: shutdown");
	while ((length = recv(fd, reply, sizeof(reply), 0)) > 0)
		fwrite(reply, 1, (size_t)length, stdout);
	if (length < 0)
		err(1, "client: recv");
	close(fd);
	return 0;
}
