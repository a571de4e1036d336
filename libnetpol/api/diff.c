/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry point of the comparison of two compiled sets. */
#include "analyze/diff.h"

int netpol_diff(const struct netpol_matcher *old, const struct netpol_matcher *now,
                const struct netpol_diff_options *options,
                int (*row)(void *user, const struct netpol_change *change), void *user,
                struct netpol_diags *diags)
{
    static const struct netpol_diff_options usual = {.size = sizeof usual};
    if (!old || !now || !row || (options && options->size != sizeof *options)) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!np_whole_of(old) || !np_whole_of(now)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    return np_diff_run(old, now, options ? options : &usual, row, user, diags);
}
