/* SPDX-License-Identifier: Apache-2.0 */
/* How answers become one: the parts of a hop, the hops of a path, the backends of a service. */
#include "reference/internal.h"

static bool judged(const struct netpol_part *part)
{
    return part->flags & NETPOL_PART_JUDGED;
}

void np_combine_parts(struct netpol_verdict *out)
{
    const struct {
        const struct netpol_part *part;
        uint8_t plane, side;
    } path[] = {
        {&out->egress,  NETPOL_PLANE_NETWORK, NETPOL_SIDE_EGRESS },
        {&out->ingress, NETPOL_PLANE_NETWORK, NETPOL_SIDE_INGRESS},
        {&out->mesh,    NETPOL_PLANE_MESH,    NETPOL_SIDE_INGRESS},
    };
    /* an allow is told by the last word of the network plane: ingress, else egress, else the mesh
     */
    static const uint8_t of_allow[] = {2, 0, 1};
    out->action = NETPOL_ALLOW;
    out->plane = NETPOL_PLANE_NONE;
    out->side = NETPOL_SIDE_NONE;
    for (size_t i = 0; i < sizeof of_allow; i++) {
        if (judged(path[of_allow[i]].part)) {
            out->plane = path[of_allow[i]].plane;
            out->side = path[of_allow[i]].side;
        }
    }
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        if (path[i].part->action > out->action) { /* of equals the first in path order */
            out->action = path[i].part->action;
            out->plane = path[i].plane;
            out->side = path[i].side;
        }
    }
}

void np_refuse(struct netpol_verdict *out, uint8_t action, uint8_t reason, uint32_t missing)
{
    struct netpol_part part = {.action = action, .reason = reason};
    *out = (struct netpol_verdict){
        .action = action, .missing = missing, .egress = part, .ingress = part, .mesh = part};
}

void np_reference_combine(const struct netpol_verdict *hops, size_t count,
                          struct netpol_verdict *out)
{
    struct netpol_verdict worst;
    np_refuse(&worst, NETPOL_ALLOW, NETPOL_REASON_NOT_JUDGED, 0);
    for (size_t i = 0; i < count; i++) {
        uint32_t missing = worst.missing | hops[i].missing;
        bool nobody = worst.plane == NETPOL_PLANE_NONE && worst.action == NETPOL_ALLOW;
        if (hops[i].action > worst.action || (nobody && hops[i].action == NETPOL_ALLOW)) {
            worst = hops[i];
        }
        worst.missing = missing;
    }
    if (worst.action != NETPOL_UNKNOWN) {
        worst.missing = 0;
    }
    *out = worst;
}

void np_reference_backends(const struct netpol_verdict *paths, size_t count,
                           struct netpol_verdict *out)
{
    for (size_t i = 1; i < count; i++) {
        if (paths[i].action != paths[0].action) {
            count = 0;
        }
    }
    if (count == 0) {
        np_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, NETPOL_MISSING_BACKENDS);
        return;
    }
    *out = paths[0];
}
