/* SPDX-License-Identifier: Apache-2.0 */
/* The way from labels to signatures as sections: PROJECTION and KINDS as they are, COMBOS with the
 * signatures as the image numbers them. */
#include "image/project.h"
#include "compile/plan.h"

int np_emit_projection(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    size_t n = draft->n_combos;
    struct np_combo *list = np_emit_alloc(emit, n, sizeof *list);
    if (!list) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        list[i] = draft->combos[i];
        list[i].place = emit->number[list[i].place];
        list[i].signature = emit->number[list[i].signature];
    }
    struct np_combo *table = NULL;
    uint32_t count = 0;
    int status = n ? np_combos_write(draft->ctx, list, n, &table, &count) : NETPOL_OK;
    if (status != NETPOL_OK) {
        return status;
    }
    struct np_combo *copy = np_emit_alloc(emit, count, sizeof *copy);
    if (copy && count) {
        memcpy(copy, table, count * sizeof *copy);
    }
    np_free(draft->ctx, table, count * sizeof *table);
    np_emit_section(emit, NP_SECTION_COMBOS, copy, count * sizeof *copy);
    np_emit_section(emit, NP_SECTION_PROJECTION, draft->projection,
                    draft->n_projection * sizeof *draft->projection);
    np_emit_section(emit, NP_SECTION_KINDS, draft->kinds, draft->kinds_bytes);
    return copy ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
