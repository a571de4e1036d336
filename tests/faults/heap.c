/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the place of the C library's allocator for the whole process (glibc). */
#include "heap.h"
#include <errno.h>

/* Shared libraries must find these too. */
#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void __libc_free(void *ptr);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *ptr, size_t size);
void free(void *ptr);

struct heap heap;

const struct netpol_allocator *heap_allocator(void)
{
    return NULL;
}

int heap_fails(void)
{
    heap.calls++;
    if (heap.fail_at &&
        (heap.calls == heap.fail_at || (heap.sticky && heap.calls > heap.fail_at))) {
        errno = ENOMEM;
        return 1;
    }
    return 0;
}

void *malloc(size_t size)
{
    void *block = heap_fails() ? NULL : __libc_malloc(size);
    heap.live += block != NULL;
    return block;
}

void *calloc(size_t count, size_t size)
{
    void *block = heap_fails() ? NULL : __libc_calloc(count, size);
    heap.live += block != NULL;
    return block;
}

void *realloc(void *ptr, size_t size)
{
    if (heap_fails()) {
        return NULL;
    }
    void *block = __libc_realloc(ptr, size);
    heap.live += block != NULL && !ptr;
    heap.live -= ptr != NULL && size == 0 && !block;
    return block;
}

void free(void *ptr)
{
    heap.live -= ptr != NULL;
    __libc_free(ptr);
}
