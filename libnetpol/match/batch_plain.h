/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What batch_kernel.h asks of an instruction set, in plain C: scalar as it is, and what a compiler
 * makes of it for AVX2. The includer defines BATCH.
 */
#include "match/batch_ends.h"

static inline bool ends4(const struct np_hot *hot, const struct np_table *table,
                         struct np_shape shape, struct group *g)
{
    return first_slots4(hot, table, shape, 0, g) == 0;
}

static inline void places4(const struct np_hot *hot, struct searched *s)
{
    find_places4(hot, s);
}

struct writer {
    uint64_t generation;
};

static inline struct writer writer_of(const struct np_hot *hot)
{
    return (struct writer){hot->generation};
}

np_inline uint64_t verdict_write(const struct writer *writer, const struct np_hot *hot,
                                 struct np_shape shape, struct np_found found,
                                 struct netpol_verdict *out)
{
    (void)writer;
    return np_verdict_write(hot, shape, found, out);
}

#include "match/batch_kernel.h"
