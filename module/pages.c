// SPDX-License-Identifier: GPL-2.0
/* Pages for text on its way out. A new page is cleared by the kernel, which costs
 * as much as filling it; each CPU therefore keeps a few that it gave away pieces
 * of, and takes one whose pieces have all come back.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <net/sock.h>

#include "pages.h"

#define PAGES		8	/* a CPU, of 32 KiB: two full windows and two send buffers */

/**
 * struct page_ring - the pages of a CPU
 * @frags: each with the CPU's own reference, or none
 * @at: the one that pieces are taken from
 * @oldest: the one that gives way to a new page
 */
struct page_ring {
	struct page_frag frags[PAGES];
	unsigned int at;
	unsigned int oldest;
};

static DEFINE_PER_CPU(struct page_ring, rings);

static bool cut(struct page_ring *ring, u32 want, struct hstp_piece *piece)
{
	struct page_frag *frag = &ring->frags[ring->at];

	if (!frag->page || frag->offset == frag->size)
		return false;
	piece->page = frag->page;
	piece->off = frag->offset;
	piece->len = min(want, frag->size - frag->offset);
	get_page(frag->page);
	frag->offset += piece->len;
	return true;
}

/* A page that nobody but the ring refers to is as good as new. */
static bool recycle(struct page_ring *ring)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		struct page_frag *frag = &ring->frags[i];

		if (!frag->page || page_ref_count(frag->page) != 1)
			continue;
		frag->offset = 0;
		ring->at = i;
		return true;
	}
	return false;
}

/* A new page takes the place of the oldest, which goes with its pieces. Not that of the
 * one after @at: a recycled page is somewhere in the ring, and what is beside it in use.
 */
static void replace(struct page_ring *ring, const struct page_frag *fresh)
{
	struct page_frag *frag = &ring->frags[ring->oldest];

	if (frag->page)
		put_page(frag->page);
	*frag = *fresh;
	ring->at = ring->oldest;
	ring->oldest = (ring->oldest + 1) % PAGES;
}

/**
 * hstp_pages_get() - room for text
 * @want: bytes
 * @gfp: how to allocate
 * @piece: gets the room, at most @want bytes, with a reference of its page
 *
 * Context: process, no lock.
 *
 * Return: false when there is no memory.
 */
bool hstp_pages_get(u32 want, gfp_t gfp, struct hstp_piece *piece)
{
	struct page_ring *ring = get_cpu_ptr(&rings);
	struct page_frag fresh = {};
	bool got;

	got = cut(ring, want, piece) || (recycle(ring) && cut(ring, want, piece));
	put_cpu_ptr(&rings);
	if (got)
		return true;

	if (!skb_page_frag_refill(1, &fresh, gfp))
		return false;
	ring = get_cpu_ptr(&rings);
	replace(ring, &fresh);
	cut(ring, want, piece);
	put_cpu_ptr(&rings);
	return true;
}

/**
 * hstp_pages_exit() - give all pages back
 *
 * Context: module exit; no socket is left.
 */
void hstp_pages_exit(void)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		struct page_ring *ring = per_cpu_ptr(&rings, cpu);

		for (i = 0; i < PAGES; i++) {
			if (ring->frags[i].page)
				put_page(ring->frags[i].page);
		}
	}
}
