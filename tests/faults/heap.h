/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_FAULTS_HEAP_H
#define NP_TESTS_FAULTS_HEAP_H
/* The process's malloc, counted, that fails when it is told to. */
#include <stddef.h>

struct heap {
    size_t calls;   /* allocations asked for since it was set to 0 */
    size_t fail_at; /* the call of this number fails (from 1); 0: none */
    int sticky;     /* and every later one */
    long live;      /* blocks held */
};
extern struct heap heap;
#endif
