/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_RANGE_H
#define NP_ANALYZE_RANGE_H
/* Ranges of addresses: their ends, their neighbours, their names. */
#include "model/prefix.h"

bool np_range_step_up(struct np_address *address); /* false: it was the last address (it wraps) */
void np_range_step_down(struct np_address *address);
struct np_address np_range_last(const struct np_prefix *prefix);
/* Does next begin right after last? */
bool np_range_follows(const struct np_address *last, const struct np_address *next);
/* "10.0.0.0/8" when it is one, else "10.0.0.0-10.1.2.3". */
void np_range_name(const struct np_address *first, const struct np_address *last, char out[100]);
#endif
