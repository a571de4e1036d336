/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CROSS_CASES_H
#define CROSS_CASES_H
/*
 * What the two programs agree on: a folder with N.image, a compiled policy, and N.cases, an array
 * of struct cross_case. Both structures are plain and little-endian on every machine that is
 * tested.
 */
#include <netpol/eval.h>

struct cross_case {
    struct netpol_tuple tuple;
    struct netpol_verdict expected; /* of the reference; generation 0 */
};
enum { CROSS_CASES = 256 /* at most, of an image */ };
#endif
