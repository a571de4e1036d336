/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator of the context alone: for sanitizers and valgrind, which have the process's malloc
 * to themselves. Every block moves when it grows, and must be given back with the size it had.
 */
#include "heap.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heap heap;

int heap_fails(void)
{
    heap.calls++;
    return heap.fail_at &&
           (heap.calls == heap.fail_at || (heap.sticky && heap.calls > heap.fail_at));
}

enum { HEADER = 16 }; /* holds the size, keeps the alignment */

static void give_back(char *block, size_t old_size)
{
    size_t size;
    if (!block) {
        return;
    }
    memcpy(&size, block - HEADER, sizeof size);
    if (size != old_size) {
        fprintf(stderr, "a block of %zu bytes is given back as one of %zu\n", size, old_size);
        abort();
    }
    heap.live--;
    free(block - HEADER);
}

static void *resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
    (void)user;
    char *made = NULL;
    if (new_size) {
        made = heap_fails() ? NULL : malloc(HEADER + new_size);
        if (!made) {
            return NULL;
        }
        heap.live++;
        memcpy(made, &new_size, sizeof new_size);
        made += HEADER;
        if (ptr) {
            memcpy(made, ptr, old_size < new_size ? old_size : new_size);
        }
    }
    give_back(ptr, old_size);
    return made;
}

const struct netpol_allocator *heap_allocator(void)
{
    static const struct netpol_allocator allocator = {NULL, resize};
    return &allocator;
}
