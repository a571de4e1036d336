/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question, and many.
 *
 * Inside the second-level cache the processor overlaps independent lookups by itself, and a plain
 * loop is best. Beyond it every load may wait: then a group of lookups advances one load at a time,
 * each asking for the line that its next step needs.
 */
#include "match/look.h"

void np_match_eval(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    np_match_one(hot, table, NP_SIDES_ALL, tuple, out);
}

void np_match_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                    const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    np_match_one(hot, table, sides, tuple, out);
}

void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        np_match_one(hot, table, sides, &tuples[i], &out[i]);
    }
}

void np_match_batch(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        np_match_one(hot, table, NP_SIDES_ALL, &tuples[i], &out[i]);
    }
}
