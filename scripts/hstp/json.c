// SPDX-License-Identifier: GPL-2.0
/* A writer of JSON: commas, quotes and, when asked for, line breaks. */
#include <stdio.h>

#include "out.h"

static unsigned int depth;
static bool follows;		/* something before it in the same brackets */

static void quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned int)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void line(void)
{
	if (opt.pretty)
		printf("\n%*s", (int)depth * 4, "");
}

static void name(const char *key)
{
	if (follows)
		putchar(',');
	if (depth)
		line();
	follows = true;
	if (!key)
		return;
	quoted(key);
	printf(opt.pretty ? ": " : ":");
}

/**
 * json_begin() - an object or an array
 * @bracket: { or [
 * @key: its name in the object around it; NULL in an array, or outermost
 */
void json_begin(char bracket, const char *key)
{
	name(key);
	putchar(bracket);
	depth++;
	follows = false;
}

void json_end(char bracket)
{
	depth--;
	if (follows)
		line();
	putchar(bracket);
	follows = true;
}

void json_number(const char *key, uint64_t value)
{
	name(key);
	printf("%llu", (unsigned long long)value);
}

void json_string(const char *key, const char *value)
{
	name(key);
	quoted(value);
}

void json_true(const char *key)
{
	name(key);
	printf("true");
}

void json_false(const char *key)
{
	name(key);
	printf("false");
}

/* The outermost bracket was closed: what follows is a text of its own. */
void json_done(void)
{
	putchar('\n');
	follows = false;
}
