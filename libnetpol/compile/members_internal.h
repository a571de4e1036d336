/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_MEMBERS_INTERNAL_H
#define NP_COMPILE_MEMBERS_INTERNAL_H
/* Members of sets from inside. */
#include "compile/ends_internal.h"

struct np_members_state {
    struct np_pairs known; /* set, role, relation -> index into kept, plus one */
    np_vec(struct np_members) kept;
    np_vec(struct np_sig_truth) found; /* of the set at hand */
};
#endif
