/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hop: its checkpoints in path order, each of which must let it pass.
 *
 * Host checkpoints are folded into the part of their side. With staged or dry-run policies in the
 * model a second, complete walk is made; it is never a patch of the first.
 */
#include "reference/internal.h"

static bool is_asked(const struct netpol_point *point, const struct np_checkpoint *checkpoint)
{
    if (!point) {
        return true;
    }
    uint8_t side = checkpoint->direction == NP_INGRESS ? NETPOL_SIDE_INGRESS : NETPOL_SIDE_EGRESS;
    bool mode = point->mode == NETPOL_MESH_NONE || checkpoint->plane != NETPOL_PLANE_MESH ||
                checkpoint->mesh_mode == NETPOL_MESH_NONE || checkpoint->mesh_mode == point->mode;
    return (point->plane == NETPOL_PLANE_NONE || point->plane == checkpoint->plane) &&
           (point->side == NETPOL_SIDE_NONE || point->side == side) && mode;
}

static struct netpol_part *part_of(struct netpol_verdict *verdict,
                                   const struct np_checkpoint *checkpoint)
{
    if (checkpoint->plane == NETPOL_PLANE_MESH) {
        return &verdict->mesh;
    }
    return checkpoint->direction == NP_INGRESS ? &verdict->ingress : &verdict->egress;
}

/* The worse speaks; of two that allow, the workload's before the host's. */
static void add(struct netpol_part *part, const struct np_checkpoint *checkpoint,
                const struct np_result *result)
{
    if (!(result->flags & NETPOL_PART_JUDGED)) {
        return;
    }
    bool first = !(part->flags & NETPOL_PART_JUDGED);
    bool better = result->action == NETPOL_ALLOW && part->action == NETPOL_ALLOW &&
                  checkpoint->kind == NP_CHECK_WORKLOAD;
    bool speaks = first || better || result->action > part->action;
    if (speaks) {
        part->action = result->action;
        part->reason = result->reason;
        part->rule = result->decision;
    }
    if (result->program && (speaks || !part->program)) {
        part->program = result->program;
    }
    part->flags |= result->flags;
}

static void walk_path(const struct np_model *model, const struct np_hop *hop,
                      const struct netpol_point *point, bool pending, const struct np_trace *trace,
                      struct netpol_verdict *out)
{
    struct np_hop here = *hop;
    if (here.effects) {
        here.effects->count = 0;
        here.effects->overflow = false;
    }
    if (point && point->mode) {
        here.mesh_mode = point->mode;
    }
    np_refuse(out, NETPOL_ALLOW, NETPOL_REASON_NOT_JUDGED, 0);
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[i];
        if (is_asked(point, checkpoint)) {
            struct np_result result;
            np_judge_checkpoint(model, checkpoint, &here, point ? point->hook : 0, pending, trace,
                                &result);
            add(part_of(out, checkpoint), checkpoint, &result);
            out->missing |= result.action == NETPOL_UNKNOWN ? result.missing : 0;
        }
    }
    np_combine_parts(out);
    if (out->action != NETPOL_UNKNOWN) {
        out->missing = 0;
    }
}

static void compare_walks(struct netpol_part *part, const struct netpol_part *pending)
{
    if (part->rule != pending->rule || part->action != pending->action) {
        part->staged = pending->rule;
    }
    if (part->action != pending->action) {
        part->flags |= (uint16_t)(NETPOL_PART_STAGED_ALLOW << pending->action);
    }
    if (pending->action == NETPOL_DENY && part->action != NETPOL_DENY) {
        part->flags |= NETPOL_PART_WOULD_DENY;
    }
}

void np_reference_pending(const struct np_model *model, const struct np_hop *hop,
                          const struct netpol_point *point, const struct np_trace *trace,
                          struct netpol_verdict *out)
{
    walk_path(model, hop, point, true, trace, out);
}

void np_reference_hop(const struct np_model *model, const struct np_hop *hop,
                      const struct netpol_point *point, const struct np_trace *trace,
                      struct netpol_verdict *out)
{
    if (model->staged) {
        struct netpol_verdict pending;
        np_reference_pending(model, hop, point, NULL, &pending);
        walk_path(model, hop, point, false, trace, out);
        compare_walks(&out->egress, &pending.egress);
        compare_walks(&out->ingress, &pending.ingress);
        compare_walks(&out->mesh, &pending.mesh);
    } else {
        walk_path(model, hop, point, false, trace, out);
    }
    if (model->incomplete) {
        out->egress.flags |= NETPOL_PART_INCOMPLETE;
        out->ingress.flags |= NETPOL_PART_INCOMPLETE;
        out->mesh.flags |= NETPOL_PART_INCOMPLETE;
    }
}
