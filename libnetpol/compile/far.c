/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes: signatures that no rule of any side tells apart as the far end. Refined by every far set
 * (in each relation, where a set names one) and by what port names mean at the far end.
 */
#include "compile/plan.h"
#include "base/defect.h"

struct refiner {
    struct np_draft *draft;
    const struct np_side_plan *side;
    struct np_partition *partition;
    struct np_map seen; /* sets and portsets done, by address and role */
    int status;
};

static bool is_new(struct refiner *r, const void *thing)
{
    struct {
        const void *thing;
        uint64_t role;
    } key = {thing, r->side->near_is_source};
    bool added = false;
    if (!np_map_add(&r->seen, (struct np_slice){(const char *)&key, sizeof key}, &added)) {
        r->status = NETPOL_ERR_MEMORY;
    }
    return added;
}

static void by_members(struct refiner *r, const struct np_members *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        np_partition_mark(r->partition, members->items[i].signature, members->items[i].truth);
    }
    np_partition_split(r->partition);
}

static void by_set(struct refiner *r, const struct np_set *set, bool source)
{
    int last = np_set_is_relative(set) && !np_defect(FAR_SETS_ONCE) ? NP_RELATIONS - 1 : 0;
    for (int relation = 0; relation <= last && r->status == NETPOL_OK; relation++) {
        struct np_members rest;
        struct np_members members =
            np_draft_members_parts(r->draft, set, source, (enum np_relation)relation, &rest);
        if (!members.items && members.count) {
            r->status = NETPOL_ERR_MEMORY;
            return;
        }
        if (rest.count && is_new(r, rest.items)) { /* told apart once, for all sets that share it */
            by_members(r, &rest);
        }
        by_members(r, &members);
    }
}

static void by_portset(struct refiner *r, const struct np_portset *portset)
{
    for (uint32_t s = NP_SIG_NOWHERE; s < r->draft->n_sigs; s++) {
        uint32_t ports = np_draft_port_names(r->draft, portset, s);
        if (ports) {
            np_partition_mark(r->partition, s, ports);
        }
    }
    np_partition_split(r->partition);
}

static void by_match(void *user, const struct np_rule *rule, const struct np_match *match)
{
    struct refiner *r = user;
    (void)rule;
    bool far_is_source = !r->side->near_is_source;
    const struct np_portset *portset = far_is_source ? match->src_ports : match->dst_ports;
    if (match->far && r->status == NETPOL_OK && is_new(r, match->far)) {
        by_set(r, match->far, far_is_source);
    }
    if (portset && r->status == NETPOL_OK && is_new(r, portset) && !np_defect(NAMES_NOT_FAR)) {
        by_portset(r, portset);
    }
}

/* All that a list asks of an end: whether its address is known. */
void np_partition_by_address(const struct np_draft *draft, struct np_partition *p)
{
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        if (draft->sigs[s].family == 0) {
            np_partition_mark(p, s, 1);
        }
    }
    np_partition_split(p);
}

void np_partition_by_hosts(const struct np_draft *draft, struct np_partition *p,
                           const uint32_t *first, uint32_t count)
{
    const struct np_inventory *inventory = &draft->model->inventory;
    for (uint32_t h = 0; h < inventory->n_endpoints; h++) {
        const struct np_endpoint *host = inventory->endpoints[h];
        if (host->kind != NP_OBJ_HOST_ENDPOINT) {
            continue;
        }
        const struct np_end subject = {.endpoint = host, .domain = NP_DOMAIN_NODES};
        for (uint32_t i = 0; i < count; i++) {
            uint32_t s = first ? first[i] : i;
            np_truth truth = s == NP_SIG_NONE || s == NP_SIG_UNCOMPILED
                                 ? NP_NO
                                 : np_reference_relation(&draft->sigs[s].end, &subject,
                                                         NP_REL_SELF | NP_REL_OWN_NODE);
            if (truth != NP_NO) {
                np_partition_mark(p, i, truth);
            }
        }
        np_partition_split(p);
    }
}

static int refine(struct np_draft *draft, const struct np_side_plan sides[NP_SIDES],
                  struct np_grouping *classes)
{
    struct refiner r = {.draft = draft, .partition = &classes->partition};
    np_map_init(&r.seen, draft->ctx);
    for (int s = 0; s < NP_SIDES; s++) {
        r.side = &sides[s];
        np_side_each(r.side, by_match, &r);
    }
    np_map_free(&r.seen);
    if (r.status == NETPOL_OK) {
        r.status = np_grouping_number(draft, classes);
    }
    return r.status == NETPOL_OK && classes->count > NP_SIG_CLASS_MASK ? NETPOL_ERR_LIMIT
                                                                       : r.status;
}

int np_far_classes(struct np_draft *draft, const struct np_side_plan sides[NP_SIDES],
                   struct np_grouping *out)
{
    *out = (struct np_grouping){0};
    if (!np_partition_init(draft->ctx, &out->partition, draft->n_sigs)) {
        return NETPOL_ERR_MEMORY;
    }
    for (int s = 0; s < NP_SIDES; s++) {
        if (sides[s].list) {
            np_partition_by_address(draft, &out->partition);
        }
        if (sides[s].hosts_look) {
            np_partition_by_hosts(draft, &out->partition, NULL, draft->n_sigs);
        }
    }
    return refine(draft, sides, out);
}

int np_far_refine(struct np_draft *draft, const struct np_side_plan fresh[NP_SIDES],
                  struct np_grouping *classes)
{
    return refine(draft, fresh, classes);
}
