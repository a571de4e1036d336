/* SPDX-License-Identifier: Apache-2.0 */
/* The policy half of the builder: checkpoints, tiers and policies as they were made, then sealed. */
#include "model/build_internal.h"

void np_policy_build_free(struct np_build *b)
{
    np_vec_free(b->ctx, &b->policy.checkpoints);
    np_vec_free(b->ctx, &b->policy.tiers);
    np_vec_free(b->ctx, &b->policy.policies);
}

int np_policy_seal(struct np_build *b)
{
    size_t count = b->policy.checkpoints.count;
    struct np_checkpoint **checkpoints = np_build_alloc(b, count, sizeof(*checkpoints));
    if (!checkpoints) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        checkpoints[i] = b->policy.checkpoints.items[i];
    }
    b->model->checkpoints = checkpoints;
    b->model->n_checkpoints = (uint32_t)count;
    return NETPOL_OK;
}
