/* SPDX-License-Identifier: GPL-2.0 */
/* The lines of a sequence diagram, and who draws them. */
#ifndef HSTP_CMD_LADDER_H
#define HSTP_CMD_LADDER_H

#include "out.h"
#include "record.h"

enum row_kind {
	ROW_HEAD,		/* the ends' names; the states that they begin with */
	ROW_NOTE,		/* what a user or a timer did at one side */
	ROW_STATES,		/* a state changed and nothing was sent */
	ROW_SEGMENT,
	ROW_CHANGE,		/* what a rule changed in the segment above it */
};

/* Of a segment: it arrived, before anything crossed it; RFC 9293's "XXX" and "..."; nobody
 * looks at the other end.
 */
enum row_fate { ARRIVED, LOST, UNDER_WAY, NOT_WATCHED };

struct row {
	enum row_kind kind;
	uint64_t time;			/* ns since the diagram began */
	char names[2][ENDPOINT];	/* ROW_HEAD */
	unsigned int states[2];		/* NO_STATE: not known */
	int side;			/* that sends, or where the note belongs: 0 left */
	enum row_fate fate;
	bool late;			/* its beginning has a line of its own, or none */
	uint64_t link;			/* the same in both of a segment's lines; or 0 */
	bool again;
	bool reset;
	bool changed;			/* ROW_CHANGEs that follow say what */
	char text[120];
	int y;				/* where it was drawn */
};

#define CHANGES	3			/* of a segment, that are told */

/* What rules changed in a segment. */
struct changes {
	unsigned int count;
	bool corrupt;			/* one did that to its checksum: it never arrives */
	struct change {
		bool corrupt;
		unsigned int field;
		uint32_t was, now;
	} list[CHANGES];
};

bool arrives_as(const struct record *out, const struct record *in);
bool cause_is_segment(unsigned int cause);
bool cause_is_silent(unsigned int cause);
const char *cause_note(unsigned int cause);
bool same_segment(const struct record *a, const struct record *b);
bool ladder_change_sent(struct record *out, struct changes *changes, const struct record *change);
void ladder_change_comes(const struct record *change);
void ladder_change_arrived(struct record *in, struct changes *changes);
const struct header *ladder_change_held(const struct record *out);
void ladder_change_text(char *text, size_t size, const struct change *change);
void ladder_held_open(struct nl *nl);
void ladder_held_read(void);
bool ladder_held(const struct record *out);
void ladder_iss_learn(const struct subject *ends, uint32_t seq, bool chosen);
bool ladder_iss_shown(const struct subject *ends, int side, uint32_t *seq);
void ladder_late_sent(const struct record *out, uint64_t link, bool held);
uint64_t ladder_late_arrives(const struct record *in);
void ladder_listen(const struct subject *ends);
void ladder_listen_no_more(const struct subject *ends);
bool ladder_listens(const struct addr *addr, uint16_t port);
void ladder_print(const struct row *row);
void ladder_svg_add(const struct row *row);
int ladder_svg_write(const char *path);

#endif /* HSTP_CMD_LADDER_H */
