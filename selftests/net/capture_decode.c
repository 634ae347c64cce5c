// SPDX-License-Identifier: GPL-2.0
/* Exchange 15: the format on the wire is RFC 9293's (section 3.1), so that tools which
 * know TCP decode it. tcpdump captures exchanges 1 and 7, tshark decodes the capture as
 * TCP, and each field must be what the tester saw. tcpdump decodes it too, when
 * scripts/as-tcp has renamed the protocol.
 *
 * Checksums: tshark always sums a pseudo-header with TCP's protocol number, HSTP's has
 * its own. The one's complement sums differ by exactly the difference of the numbers.
 */
#include "lib/exchange.h"

#include <fcntl.h>
#include <signal.h>

#define CAPTURE		"/tmp/hstp-capture.pcap"
#define ROWS_MAX	64

/* One segment as tshark prints it. */
struct row {
	char src[16];
	unsigned int flags, seq, ack, len, wnd, mss;
	unsigned int sum, sum_calculated, offset;
};

static pid_t start_tcpdump(void)
{
	char text[512], *line;
	int pipes[2];
	FILE *errors;
	pid_t pid;

	TRY(pipe(pipes));
	net_enter(NS_A);
	unlink(CAPTURE);
	pid = TRY(fork());
	if (!pid) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		execlp("tcpdump", "tcpdump", "-i", "va", "-n", "-U", "--immediate-mode",
		       "-Z", "root", "-w", CAPTURE, NULL);
		_exit(127);
	}
	close(pipes[1]);
	errors = fdopen(pipes[0], "r");
	while ((line = fgets(text, sizeof(text), errors)) && !strstr(text, "listening on"))
		;
	NEED(line);
	return pid;
}

/* Is an answer to an ICMP echo in the capture? Then all that came before it is. */
static bool captured_echo(void)
{
	uint8_t capture[65536];
	int fd = open(CAPTURE, O_RDONLY), len, echoes = 0;

	if (fd < 0)
		return false;
	len = TRY(read(fd, capture, sizeof(capture)));
	close(fd);
	/* libpcap's file: 24 bytes, then 16 before each packet, the length at 8 */
	for (int at = 24; at + 16 <= len;) {
		uint32_t size;

		memcpy(&size, capture + at + 8, sizeof(size));
		at += 16;
		if (at + (int)size > len)
			break;
		echoes += size > 34 && capture[at + 23] == IPPROTO_ICMP && !capture[at + 34];
		at += size;
	}
	return echoes;
}

static void stop_tcpdump(pid_t pid)
{
	int status;

	WAIT((wire_sync(NS_A), captured_echo()));
	TRY(kill(pid, SIGINT));
	TRY(waitpid(pid, &status, 0));
	SAME(status, 0);
}

static int decode(struct row *rows)
{
	char command[768], line[256];
	int count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "tshark -n -r " CAPTURE " -d ip.proto==%d,tcp -Y ip.proto==%d"
		 " -o tcp.check_checksum:TRUE -o tcp.relative_sequence_numbers:FALSE"
		 " -T fields -E separator=, -e ip.src -e tcp.flags -e tcp.seq -e tcp.ack"
		 " -e tcp.len -e tcp.window_size_value -e tcp.checksum"
		 " -e tcp.checksum_calculated -e tcp.hdr_len -e tcp.options.mss_val"
		 " -e _ws.malformed 2>/dev/null", proto, proto);
	pipe = popen(command, "r");
	NEED(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		struct row *row = &rows[count++];
		int fields;

		NEED(count < ROWS_MAX);
		*row = (struct row){ 0 };
		fields = sscanf(line, "%15[^,],%x,%u,%u,%u,%u,%x,%x,%u,%u", row->src, &row->flags,
				&row->seq, &row->ack, &row->len, &row->wnd, &row->sum,
				&row->sum_calculated, &row->offset, &row->mss);
		if (fields < 9 || strstr(line, "alformed"))
			die(__FILE__, __LINE__, "tshark says: %s", line);
	}
	SAME(pclose(pipe), 0);
	return count;
}

/* ~(S + 6) is ~(S + 253) + 247, with the carry put back. */
static unsigned int with_other_protocol(unsigned int sum)
{
	sum += proto - IPPROTO_TCP;
	return (sum & 0xffff) + (sum >> 16);
}

static void compare(const struct row *row, const struct seen *seen)
{
	SAME(row->flags, seen->flags);
	SAME(row->seq, seen->real_seq);
	SAME(row->ack, seen->real_ack);
	SAME(row->len, seen->len);
	SAME(row->wnd, seen->wnd);
	SAME(row->offset, 20 + seen->optlen);
	SAME(row->mss, seen->mss);
	SAME(with_other_protocol(row->sum), row->sum_calculated);
}

/* "Flags [P.], cksum 0x1c2d (correct), seq 1:9, ack 1, win 65535, length 8" */
static void compare_line(const char *line, const struct seen *seen)
{
	char flags[32], length[24], *to = flags;
	const char *at = strstr(line, ": Flags ");

	for (int i = 0; i < 8; i++)
		if (seen->flags >> i & 1 && 1 << i != ACK)
			*to++ = "FSRP.UEW"[i];
	if (seen->flags & ACK)
		*to++ = '.';
	*to = '\0';
	snprintf(length, sizeof(length), ", length %d", seen->len);
	if (strncmp(at, ": Flags [", 9) || strncmp(at + 9, flags, strlen(flags)) ||
	    at[9 + strlen(flags)] != ']' || !strstr(at, "(correct)") || !strstr(at, length))
		die(__FILE__, __LINE__, "tcpdump says: %s", line);
}

static void compare_with_tcpdump(struct seen *const *seen, int count)
{
	FILE *pipe = popen(HSTP_SCRIPTS "/as-tcp <" CAPTURE
			   " | tcpdump -n -t -v -r - 2>/dev/null", "r");
	char line[512];
	int lines = 0;

	NEED(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		if (!strstr(line, ": Flags "))
			continue;
		NEED(lines < count);
		compare_line(line, seen[lines++]);
	}
	SAME(pclose(pipe), 0);
	SAME(lines, count);
}

/* One run of tshark takes seconds on an emulated machine: one test. */
TEST(exchanges_1_and_7)
{
	struct seen *seen[ROWS_MAX];
	struct row rows[ROWS_MAX];
	struct end a, b;
	int client, server, count = 0;
	pid_t tcpdump;

	net_pair();
	net_no_timers(NS_A);
	net_no_timers(NS_B);
	wire_ends(&a, NS_A, PORT_US, &b, NS_B, PORT_IT);
	tcpdump = start_tcpdump();

	/* Exchange 1 */
	server = fd_listen(&b, 1);
	client = fd_start(&a);
	seen[count++] = wire_expect(&a, SYN, 100, .mss = 1460);
	seen[count++] = wire_expect(&b, SYN | ACK, 300, 101, .mss = 1460);
	seen[count++] = wire_expect(&a, ACK, 101, 301);
	ASSERT_EQ(0, fd_connected(client));
	server = fd_accept(server);
	fd_send(client, "question");
	seen[count++] = wire_expect(&a, PSH | ACK, 101, 301, "question");
	fd_recv(server, "question");
	seen[count++] = wire_expect(&b, ACK, 301, 109);

	/* Exchange 7 */
	fd_shut(client, SHUT_WR);
	seen[count++] = wire_expect(&a, FIN | ACK, 109, 301);
	seen[count++] = wire_expect(&b, ACK, 301, 110);
	fd_send(server, "answer");
	seen[count++] = wire_expect(&b, PSH | ACK, 301, 110, "answer");
	fd_recv(client, "answer");
	seen[count++] = wire_expect(&a, ACK, 110, 307);
	fd_close(server);
	seen[count++] = wire_expect(&b, FIN | ACK, 307, 110);
	seen[count++] = wire_expect(&a, ACK, 110, 308);
	state_is(&a, "TIME-WAIT");
	stop_tcpdump(tcpdump);

	ASSERT_EQ(count, decode(rows));
	for (int i = 0; i < count; i++) {
		ASSERT_STREQ(seen[i]->from == &a ? ADDR_A : ADDR_B, rows[i].src);
		compare(&rows[i], seen[i]);
	}
	compare_with_tcpdump(seen, count);
	unlink(CAPTURE);
}

TEST_HARNESS_MAIN
