/* SPDX-License-Identifier: GPL-2.0 */
/* Pages for text on its way out, used again as soon as nobody refers to them. */
#ifndef HSTP_PAGES_H
#define HSTP_PAGES_H

#include <linux/gfp.h>
#include <linux/types.h>

struct page;

/**
 * struct hstp_piece - a part of a page
 * @page: the page, a reference
 * @off: where the part begins, bytes
 * @len: its size, bytes
 */
struct hstp_piece {
	struct page *page;
	u32 off;
	u32 len;
};

bool hstp_pages_get(u32 want, gfp_t gfp, struct hstp_piece *piece);
void hstp_pages_exit(void);

#endif /* HSTP_PAGES_H */
