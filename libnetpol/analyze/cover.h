/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_COVER_H
#define NP_ANALYZE_COVER_H
/*
 * Does one condition hold wherever another does? By structure alone, so the answer does not depend
 * on what runs at the moment. Sound, not complete: true is certain, false may be a pair that is too
 * entangled to see through.
 */
#include "model/policy.h"

bool np_cover_selector(const struct np_selector *outer, const struct np_selector *inner);
bool np_cover_set(const struct np_set *outer, const struct np_set *inner); /* NULL: everything */
bool np_cover_match(const struct np_match *outer, const struct np_match *inner);
bool np_cover_rule(const struct np_rule *outer, const struct np_rule *inner);
/* A selector that no object can satisfy: "a in (x)" and "a not in (x)". */
bool np_selector_contradicts(const struct np_selector *selector);
#endif
