// SPDX-License-Identifier: GPL-2.0
/* Each of scripts/scenarios as a test: it draws a ladder, and ends well when that is the RFC's
 * figure. The pictures of all of them are looked at together in the end.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"

#include "play.h"

#define SECONDS 200	/* for one, on a slow machine; ten times as long for full amounts */

/* Run it, with its output in @out; true when its exit status is 0. */
static bool play(const char *path, FILE *out)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		char seconds[16];

		dup2(fileno(out), 1);
		dup2(fileno(out), 2);
		snprintf(seconds, sizeof(seconds), "%d",
			 getenv("HSTP_FULL") ? 10 * SECONDS : SECONDS);
		execlp("timeout", "timeout", "-k", "10", seconds, path, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* Does @line look as a figure of RFC 9293 does: a segment, on its way between two ends? */
static bool is_rung(const char *line)
{
	const char *segment = strstr(line, "<SEQ=");

	return segment && strstr(segment, "<CTL=") &&
	       (strstr(line, " --> ") || strstr(line, " <-- "));
}

/* A scenario that shows nothing is none. */
static bool has_ladder(FILE *out)
{
	char line[512];
	int rungs = 0;

	rewind(out);
	while (fgets(line, sizeof(line), out))
		rungs += is_rung(line);
	if (!rungs)
		fprintf(out, "it drew no segment\n");
	return rungs;
}

/* What a scenario said that went wrong. */
static void show(FILE *out)
{
	char line[512];

	rewind(out);
	while (fgets(line, sizeof(line), out))
		ksft_print_msg("%.*s\n", (int)strcspn(line, "\n"), line);
}

/* What the scenario called @name said, for pictures.py; its picture is there already. */
static void keep(FILE *out, const char *dir, const char *name)
{
	char path[600], text[4096];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s.txt", dir, name);
	file = fopen(path, "w");
	if (!file)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	rewind(out);
	while ((len = fread(text, 1, sizeof(text), out)) > 0)
		fwrite(text, 1, len, file);
	fclose(file);
}

/* Pictures and texts in @dir, NAME.svg and NAME.txt. */
static bool look(const char *dir)
{
	char line[600];
	FILE *said;
	bool good;

	snprintf(line, sizeof(line),
		 "cd %s && python3 %s/pictures.py ladder $(for f in *.svg; do echo $f ${f%%svg}txt; done) 2>&1",
		 dir, HSTP_TESTS);
	said = popen(line, "r");
	if (!said)
		ksft_exit_fail_msg("pictures.py: %s\n", strerror(errno));
	while (fgets(line, sizeof(line), said))
		ksft_print_msg("%s", line);
	good = !pclose(said);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	return !system(line) && good;
}

/**
 * play_scenarios() - the main() of a program whose tests are scenarios
 * @patterns: of their names, up to NULL
 *
 * Does not return.
 */
void play_scenarios(const char *const *patterns)
{
	char dir[] = "/tmp/hstp_play.XXXXXX", path[512];
	glob_t found = { };

	setenv("HSTP_BUILD", HSTP_BUILD, 1);
	ksft_print_header();
	for (int i = 0; patterns[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", HSTP_SCENARIOS, patterns[i]);
		if (glob(path, i ? GLOB_APPEND : 0, NULL, &found))
			ksft_exit_fail_msg("no scenario is %s\n", path);
	}
	ksft_set_plan((unsigned int)found.gl_pathc + 1);
	if (!mkdtemp(dir))
		ksft_exit_fail_msg("%s: %s\n", dir, strerror(errno));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = basename(found.gl_pathv[i]);
		FILE *out = tmpfile();
		bool good;

		if (!out)
			ksft_exit_fail_msg("temporary file: %s\n", strerror(errno));
		snprintf(path, sizeof(path), "%s/%s.svg", dir, name);
		setenv("HSTP_SVG", path, 1);
		good = play(found.gl_pathv[i], out) && has_ladder(out);
		keep(out, dir, name);
		if (!good)
			show(out);
		fclose(out);
		ksft_test_result(good, "%s\n", name);
	}
	ksft_test_result(look(dir), "pictures\n");
	globfree(&found);
	ksft_finished();
}
