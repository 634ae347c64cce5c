// SPDX-License-Identifier: GPL-2.0
/* Names of the states, causes and reasons, and the arrows between states. */
#include "state.h"

#define X(id, name) \
	[HSTP_##id] = name,
const char *const hstp_state_names[HSTP_STATE_COUNT] = { HSTP_STATES(X) };

#undef X

#define X(id, name) \
	[HSTP_CAUSE_##id] = name,
const char *const hstp_cause_names[HSTP_CAUSE_COUNT] = { HSTP_CAUSES(X) };

#undef X

#define X(id, name) \
	[HSTP_DROP_##id] = name,
const char *const hstp_drop_names[HSTP_DROP_COUNT] = { "none", HSTP_DROPS(X) };

#undef X

#define X(id, name) \
	[HSTP_RESET_OUT_##id] = name,
const char *const hstp_reset_out_names[HSTP_RESET_OUT_COUNT] = {
	"none", HSTP_RESETS_OUT(X)
};

#undef X

#define X(id, name) \
	[HSTP_RESET_IN_##id] = name,
const char *const hstp_reset_in_names[HSTP_RESET_IN_COUNT] = {
	"none", HSTP_RESETS_IN(X)
};

#undef X

#define X(from, to) \
	[HSTP_EDGE_##from##_##to] = { HSTP_##from, HSTP_##to },
const struct hstp_edge_ends hstp_edges[HSTP_EDGE_COUNT] = { HSTP_EDGES(X) };

#undef X

/* Index of the arrow plus one, so that 0 means "no such arrow". */
#define X(from, to) \
	[HSTP_##from][HSTP_##to] = HSTP_EDGE_##from##_##to + 1,
static const u8 edge_index[HSTP_STATE_COUNT][HSTP_STATE_COUNT] = { HSTP_EDGES(X) };

#undef X

/**
 * hstp_edge_find() - the arrow that leads from one state to another
 * @from: state left
 * @to: state entered
 *
 * Return: an enum hstp_edge, or -1 when RFC 9293 has no such arrow.
 */
int hstp_edge_find(enum hstp_state from, enum hstp_state to)
{
	return edge_index[from][to] - 1;
}
