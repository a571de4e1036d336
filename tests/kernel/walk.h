/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_WALK_H
#define NP_TESTS_WALK_H
/* What the program in the kernel and the test that runs it share. */
#include <netpol/eval.h>

enum { WALK_IMAGE_BYTES = 1 << 20 }; /* of the map: room for the hot sections of an image */
enum walk_status {
    WALK_ANSWERED = 1,
    WALK_LEFT /* to user space: references, fragments, shared addresses, residual trees */
};
struct walk_call {
    struct netpol_tuple tuple;
    struct netpol_part parts[3]; /* egress, ingress, mesh */
    unsigned action;
    unsigned status;
};
#endif
