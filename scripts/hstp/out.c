// SPDX-License-Identifier: GPL-2.0
/* Colours, addresses, ports and lengths of time as text. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "out.h"

/* What follows is in this colour, if colours are wanted. */
void colour(enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "0", [BOLD] = "1", [FAINT] = "2", [RED] = "31", [GREEN] = "32",
		[YELLOW] = "33", [BLUE] = "34", [MAGENTA] = "35", [CYAN] = "36",
	};

	if (opt.colour)
		printf("\033[%sm", codes[colour]);
}

/* Opening is yellow, open is green, closing is blue, a wait is cyan. */
enum colour state_colour(unsigned int state)
{
	switch (state) {
	case HSTP_NL_STATE_SYN_SENT:
	case HSTP_NL_STATE_SYN_RECEIVED:
		return YELLOW;
	case HSTP_NL_STATE_ESTABLISHED:
		return GREEN;
	case HSTP_NL_STATE_LISTEN:
		return BOLD;
	case HSTP_NL_STATE_TIME_WAIT:
		return CYAN;
	case HSTP_NL_STATE_CLOSED:
		return FAINT;
	default:
		return BLUE;
	}
}

const char *address_text(char text[ENDPOINT], const struct addr *addr)
{
	if (addr->len == 16)
		inet_ntop(AF_INET6, addr->bytes, text, ENDPOINT);
	else if (addr->len == 4)
		inet_ntop(AF_INET, addr->bytes, text, ENDPOINT);
	else
		strcpy(text, "*");
	return text;
}

/* What a port is called, or NULL. All names are read at once: each question after a single one is
 * answered by reading them again, and most ports have none.
 */
static const char *service_of(uint16_t port)
{
	static const char *names[UINT16_MAX + 1];
	static bool read;
	struct servent *service;

	if (read)
		return names[port];
	read = true;
	while ((service = getservent())) {
		const char **name = &names[ntohs((uint16_t)service->s_port)];

		if (!*name && !strcmp(service->s_proto, "tcp"))
			*name = need(strdup(service->s_name));
	}
	endservent();
	return names[port];
}

/**
 * endpoint() - an address and a port
 * @text: where to write; at least ENDPOINT bytes
 * @addr: the address
 * @port: the port, in host order; 0 is any
 *
 * Return: @text
 */
const char *endpoint(char text[ENDPOINT], const struct addr *addr, uint16_t port)
{
	const char *service = opt.numeric || !port ? NULL : service_of(port);
	char host[ENDPOINT];
	const char *form = addr->len == 16 ? "[%.45s]:%.30s" : "%.45s:%.30s";
	char digits[8] = "*";

	if (port)
		snprintf(digits, sizeof(digits), "%u", port);
	snprintf(text, ENDPOINT, form, address_text(host, addr),
		 service ?: digits);
	return text;
}

/**
 * duration() - a length of time in the unit that suits it
 * @text: where to write; at least DURATION bytes
 * @ns: nanoseconds
 *
 * Return: @text
 */
const char *duration(char text[DURATION], uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (!ns)
		strcpy(text, "0");
	else if (ns < 1000000)
		snprintf(text, DURATION, "%.*fus", ns < 100000 ? 1 : 0, (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, DURATION, "%.*fms", ns < 100000000 ? 1 : 0, (double)ns / 1e6);
	else if (s < 60)
		snprintf(text, DURATION, "%.1fs", (double)ns / 1e9);
	else if (s < 3600)
		snprintf(text, DURATION, "%um%02us", (unsigned int)(s / 60),
			 (unsigned int)(s % 60));
	else
		snprintf(text, DURATION, "%lluh%02um", (unsigned long long)(s / 3600),
			 (unsigned int)(s / 60 % 60));
	return text;
}
