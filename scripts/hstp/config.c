// SPDX-License-Identifier: GPL-2.0
/* hstp get, hstp set: the settings of the namespace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "nl.h"
#include "out.h"

static int take(const struct nlmsghdr *nlh, void *data)
{
	uint64_t *values = data;
	struct attrs attrs;

	attrs_of(nlh, &attrs);
	for (unsigned int i = 0; i < ATTRS; i++)
		values[i] = has(&attrs, i) ? number(&attrs, i) : UINT64_MAX;
	return 0;
}

static void read_settings(struct nl *nl, bool defaults, uint64_t values[ATTRS])
{
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_CONFIG_GET, NLM_F_ACK);

	if (defaults)
		mnl_attr_put(nlh, HSTP_A_CONFIG_DEFAULTS, 0, NULL);
	if (nl_call(nl, nlh, take, values) < 0)
		quit(FAILED, "reading settings: %s", nl->error);
}

/* The attribute of a setting; does not return when there is none of that name. */
static unsigned int attr_of(const char *name)
{
	char names[1024] = "";
	int attr = setting_attr(name);

	if (attr >= 0)
		return (unsigned int)attr;
	for (unsigned int i = 0; i < ATTRS; i++) {
		if (!setting_name(i))
			continue;
		if (*names)
			strcat(names, ", ");
		strcat(names, setting_name(i));
	}
	quit(MISUSED, "there is no setting \"%s\"; there are %s", name, names);
}

static void print(unsigned int attr, uint64_t value, uint64_t preset)
{
	if (value == UINT64_MAX)
		return;
	if (opt.json) {
		json_number(setting_name(attr), value);
		return;
	}
	printf("%-20s ", setting_name(attr));
	colour(value != preset ? BOLD : PLAIN);
	printf("%llu", (unsigned long long)value);
	colour(PLAIN);
	if (value != preset && preset != UINT64_MAX)
		printf("  (default %llu)", (unsigned long long)preset);
	putchar('\n');
}

/* hstp get [NAME ...] */
int cmd_get(int argc, char **argv)
{
	uint64_t values[ATTRS], presets[ATTRS];
	struct nl *nl;

	if (argc && is_help(argv[0])) {
		printf("usage: hstp get [NAME ...]\n\n"
		       "Prints the settings of the namespace (those of sysctl net.hstp), all or the\n"
		       "named, and the default where it is another.\n");
		return DONE;
	}
	for (int i = 0; i < argc; i++)
		attr_of(argv[i]);
	nl = nl_open();
	read_settings(nl, false, values);
	read_settings(nl, true, presets);
	nl_close(nl);
	if (opt.json)
		json_begin('{', NULL);
	for (int i = 0; i < argc; i++)
		print(attr_of(argv[i]), values[attr_of(argv[i])], presets[attr_of(argv[i])]);
	for (unsigned int i = 0; !argc && i < ATTRS; i++) {
		if (setting_name(i))
			print(i, values[i], presets[i]);
	}
	if (opt.json) {
		json_end('}');
		json_done();
	}
	return DONE;
}

/* hstp set NAME VALUE [NAME VALUE ...], NAME=VALUE too */
int cmd_set(int argc, char **argv)
{
	uint32_t values[ATTRS];
	bool given[ATTRS] = { };
	char request[1024];
	struct nlmsghdr *nlh;
	struct nl *nl;

	if (argc && is_help(argv[0])) {
		printf("usage: hstp set NAME VALUE [NAME VALUE ...]\n\n"
		       "Changes settings of the namespace, all that are given or, when one is refused,\n"
		       "none. NAME=VALUE is the same as NAME VALUE. \"hstp get\" lists the names.\n");
		return DONE;
	}
	if (!argc)
		quit(MISUSED, "set: a name and a value, as in: hstp set msl_ms 1000");
	for (int i = 0; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		const char *value = equals ? equals + 1 : argv[i + 1];
		unsigned int attr;

		if (equals)
			*equals = '\0';
		attr = attr_of(argv[i]);
		if (!value)
			quit(MISUSED, "set: a value should follow \"%s\"", argv[i]);
		if (given[attr])
			quit(MISUSED, "set: \"%s\" is given twice", argv[i]);
		values[attr] = (uint32_t)parse_number(argv[i], value, 0, UINT32_MAX);
		given[attr] = true;
		i += !equals;
	}
	nl = nl_open();
	nlh = nl_begin(nl, request, HSTP_CMD_CONFIG_SET, NLM_F_ACK);
	for (unsigned int i = 0; i < ATTRS; i++) {
		if (given[i])
			mnl_attr_put_u32(nlh, (uint16_t)i, values[i]);
	}
	if (nl_call(nl, nlh, NULL, NULL) < 0)
		quit(FAILED, "set: %s", nl->error);
	nl_close(nl);
	return DONE;
}
