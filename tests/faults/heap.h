/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_FAULTS_HEAP_H
#define NP_TESTS_FAULTS_HEAP_H
/*
 * Memory, counted, that fails when it is told to: the process's malloc (heap.c), or, where that
 * cannot be replaced, what the context is given as its allocator (hook.c).
 */
#include <netpol/base.h>
#include <stddef.h>

struct heap {
    size_t calls;   /* allocations asked for since it was set to 0 */
    size_t fail_at; /* the call of this number fails (from 1); 0: none */
    int sticky;     /* and every later one */
    long live;      /* blocks held */
};
extern struct heap heap;
int heap_fails(void); /* counts a call; 1: it fails */

/* For the context; NULL: malloc. */
const struct netpol_allocator *heap_allocator(void);
#endif
