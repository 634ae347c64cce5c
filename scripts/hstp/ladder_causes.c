// SPDX-License-Identifier: GPL-2.0
/* What made a state change, as a ladder shows it: a segment, or words of its own. */
#include "ladder.h"

/* What a segment brings about; the rest is done by users and timers. */
bool cause_is_segment(unsigned int cause)
{
	switch (cause) {
	case HSTP_NL_CAUSE_FORK:
	case HSTP_NL_CAUSE_MERGE:
	case HSTP_NL_CAUSE_SYN:
	case HSTP_NL_CAUSE_SYN_ACK:
	case HSTP_NL_CAUSE_ACK:
	case HSTP_NL_CAUSE_FIN:
	case HSTP_NL_CAUSE_FIN_ACKED:
	case HSTP_NL_CAUSE_RST:
	case HSTP_NL_CAUSE_BAD_SYN:
	case HSTP_NL_CAUSE_LATE_TEXT:
	case HSTP_NL_CAUSE_REOPEN:
	case HSTP_NL_CAUSE_SECURITY:
		return true;
	default:
		return false;
	}
}

/* What ends a connection, or a state, and sends nothing. */
bool cause_is_silent(unsigned int cause)
{
	return cause == HSTP_NL_CAUSE_RETRIES || cause == HSTP_NL_CAUSE_FIN_TIMEOUT ||
	       cause == HSTP_NL_CAUSE_TIME_WAIT || cause == HSTP_NL_CAUSE_ICMP;
}

/* RFC 9293's figures have the call in parentheses. */
const char *cause_note(unsigned int cause)
{
	switch (cause) {
	case HSTP_NL_CAUSE_OPEN_ACTIVE:
	case HSTP_NL_CAUSE_OPEN_PASSIVE:
		return "(OPEN)";
	case HSTP_NL_CAUSE_CLOSE:
		return "(CLOSE)";
	case HSTP_NL_CAUSE_ABORT:
		return "(ABORT)";
	case HSTP_NL_CAUSE_UNREAD:
		return "(CLOSE, unread)";
	case HSTP_NL_CAUSE_TIME_WAIT:
		return "(2 MSL)";
	case HSTP_NL_CAUSE_RETRIES:
	case HSTP_NL_CAUSE_FIN_TIMEOUT:
		return "(timeout)";
	default:
		return NULL;
	}
}
