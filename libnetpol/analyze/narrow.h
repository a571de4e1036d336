/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_NARROW_H
#define NP_ANALYZE_NARROW_H
/*
 * A checkpoint with policies left out.
 *
 * A policy that does not select the subject takes no part in a walk: neither its rules nor its
 * isolation count. So a checkpoint without it gives the same result for this subject, and the
 * reference can walk the copy as if it were the whole.
 */
#include "model/policy.h"

/* The copy lives in the arena and shares policies and rules. NULL: no memory. */
const struct np_checkpoint *np_narrow(struct np_arena *arena,
                                      const struct np_checkpoint *checkpoint,
                                      bool (*keep)(void *user, const struct np_policy *policy),
                                      void *user);
#endif
