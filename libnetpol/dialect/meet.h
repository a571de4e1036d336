/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_MEET_H
#define NP_DIALECT_MEET_H
/* Have two sets of a sealed model an end in common? For findings about pairs of policies. */
#include "model/policy.h"

struct np_meet {
    const struct np_inventory *inventory;
    uint32_t budget; /* of comparisons; used up, everything meets */
};
/*
 * NULL is every address. What cannot be told cheaply (a range of addresses against a selector)
 * meets. Endpoints times clauses, as the budget allows.
 */
bool np_sets_meet(struct np_meet *meet, const struct np_set *a, const struct np_set *b);
/* Have the ports of two alternatives one in common? With names of ports they do. */
bool np_ports_meet(const struct np_match *a, const struct np_match *b);
#endif
