/* SPDX-License-Identifier: GPL-2.0 */
/* How things are written: JSON, colours, addresses, lengths of time. */
#ifndef HSTP_CMD_OUT_H
#define HSTP_CMD_OUT_H

#include "nl.h"

#define ENDPOINT 80		/* an address and a port as text */
#define DURATION 32

enum colour { PLAIN, BOLD, FAINT, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN };

void colour(enum colour colour);
enum colour state_colour(unsigned int state);
const char *endpoint(char text[ENDPOINT], const struct addr *addr, uint16_t port);
const char *duration(char text[DURATION], uint64_t ns);
const char *address_text(char text[ENDPOINT], const struct addr *addr);

/* A writer of JSON; key is NULL inside an array. */
void json_begin(char bracket, const char *key);
void json_end(char bracket);
void json_number(const char *key, uint64_t value);
void json_string(const char *key, const char *value);
void json_true(const char *key);
void json_false(const char *key);
void json_done(void);

#endif /* HSTP_CMD_OUT_H */
