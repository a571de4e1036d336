/* SPDX-License-Identifier: Apache-2.0 */
/* No residual trees in this build yet: what needs one does not compile. */
#include "image/cut.h"

struct np_cut_build {
    const struct netpol_ctx *ctx;
};

struct np_cut_build *np_cut_begin(const struct netpol_ctx *ctx)
{
    struct np_cut_build *cuts = np_alloc(ctx, sizeof *cuts);
    if (cuts) {
        cuts->ctx = ctx;
    }
    return cuts;
}

void np_cut_free(struct np_cut_build *cuts)
{
    if (cuts) {
        np_free(cuts->ctx, cuts, sizeof *cuts);
    }
}

int np_cut_add(struct np_cut_build *cuts, const struct np_box *boxes, size_t count,
               uint32_t otherwise, uint32_t *root)
{
    (void)cuts, (void)boxes, (void)count, (void)otherwise, (void)root;
    return NETPOL_ERR_UNSUPPORTED;
}

void np_cut_sections(const struct np_cut_build *cuts, struct np_image_writer *writer)
{
    (void)cuts, (void)writer;
}
