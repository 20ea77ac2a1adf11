/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays that grow by whole pages. Not malloc: a parse of a million points needs some hundred megabytes
 * for a moment, and what is unmapped has gone back to the system for certain. mremap moves pages, not
 * bytes, so that growing costs no copy; addresses change, offsets do not.
 */
#include "registry_priv.h"

#include <sys/mman.h>

#define PAGE_BYTES ((size_t)4096)

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static bool resize(struct registry_pages *pages, size_t size)
{
    void *at = pages->at
                   ? mremap(pages->at, pages->size, size, MREMAP_MAYMOVE)
                   : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        return false;
    pages->at = at;
    pages->size = size;
    return true;
}

bool registry__pages_use(struct registry_pages *pages, size_t used)
{
    if (used > SIZE_MAX / 4)
        return false;
    if (used > pages->size) {
        size_t twice = 2 * pages->size;

        if (!resize(pages, whole_pages(used > twice ? used : twice)))
            return false;
    }
    if (used > pages->used)
        pages->used = used;
    return true;
}

void registry__pages_fit(struct registry_pages *pages)
{
    size_t size = whole_pages(pages->used);

    if (size == 0)
        registry__pages_done(pages);
    else if (size < pages->size)
        (void)resize(pages, size); /* giving back whole pages of our own can not fail */
}

void registry__pages_done(struct registry_pages *pages)
{
    if (pages->at)
        (void)munmap(pages->at, pages->size); /* whole pages of our own */
    *pages = (struct registry_pages){0};
}
