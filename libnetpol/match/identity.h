/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_IDENTITY_H
#define NP_MATCH_IDENTITY_H
/* Identities of ends, from the image and an endpoints table (netpol/identity.h). */
#include "match/match.h"

/* Has the image a table of identities (another engine: none)? */
static inline bool np_identities_there(const struct np_image *image)
{
    return image->count[NP_SECTION_IDENTITIES] != 0;
}
/* As netpol_identity_ends; false: a tuple that cannot be, both are 0. */
bool np_match_identities(const struct np_hot *hot, const struct np_table *table,
                         const struct netpol_tuple *tuple, int side, uint32_t *src, uint32_t *dst);
#endif
