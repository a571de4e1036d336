/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside world in pieces: the address space cut wherever a prefix of some policy begins or
 * ends, without the addresses that belong to the cluster.
 */
#include "analyze/list.h"
#include "analyze/range.h"

#include "model/build.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    return np_address_compare(a, b);
}

typedef np_vec(struct np_address) address_list;

static bool push(const struct netpol_ctx *ctx, address_list *list, struct np_address address)
{
    struct np_address *place = np_vec_push(ctx, list);
    if (place) {
        *place = address;
    }
    return place != NULL;
}

/* First addresses of all pieces of a family. */
static bool cut_at(const struct np_list *list, const struct np_prefix *prefix, uint8_t family,
                   address_list *cuts)
{
    if (prefix->address.family != family) {
        return true;
    }
    struct np_address next = np_range_last(prefix);
    return push(list->ctx, cuts, prefix->address) &&
           (!np_range_step_up(&next) || push(list->ctx, cuts, next));
}

static struct np_address address_of(const struct np_where *where)
{
    struct np_address out = {.family = where->family};
    uint64_t high = where->family == NP_IPV4 ? where->low << 32 : where->high;
    uint64_t low = where->family == NP_IPV4 ? 0 : where->low;
    for (unsigned i = 0; i < 16; i++) {
        out.bytes[i] = (uint8_t)((i < 8 ? high : low) >> (56 - 8 * (i % 8)));
    }
    return out;
}

/* An address with names is a piece of its own. */
static bool cut_at_names(const struct np_list *list, uint8_t family, address_list *cuts)
{
    bool fine = true;
    for (size_t i = 0; fine && i < list->named.count; i++) {
        const struct np_prefix whole = {.address = address_of(&list->named.items[i]),
                                        .length = family == NP_IPV4 ? 32 : 128};
        fine = cut_at(list, &whole, family, cuts);
    }
    return fine;
}

static bool gather_cuts(const struct np_list *list, uint8_t family, address_list *cuts)
{
    const struct np_inventory *inventory = &list->model->inventory;
    bool fine = push(list->ctx, cuts, (struct np_address){.family = family});
    for (uint32_t i = 0; fine && i < list->survey.n_prefixes; i++) {
        fine = cut_at(list, &list->survey.prefixes[i], family, cuts);
    }
    for (uint32_t i = 0; fine && i < inventory->n_pod_cidrs; i++) {
        fine = cut_at(list, &inventory->pod_cidrs[i], family, cuts);
    }
    return fine && cut_at_names(list, family, cuts);
}

static bool is_outside(const struct np_list *list, const struct np_address *address)
{
    const struct np_inventory *inventory = &list->model->inventory;
    const struct np_endpoint *owner;
    return np_inventory_covering(inventory, address, &owner, 1) == 0 &&
           !np_inventory_in_pod_range(inventory, address) &&
           !np_inventory_is_inside(inventory, address) &&
           !np_inventory_service_at(inventory, address) &&
           !np_inventory_node_at(inventory, address);
}

/* An address of the piece that is nobody's; a few are tried. false: it all belongs to the cluster.
 */
static bool find_sample(const struct np_list *list, struct np_segment *segment)
{
    enum { TRIES = 64 };
    struct np_address low = segment->first, high = segment->last;
    for (int i = 0; i < TRIES; i++) {
        if (is_outside(list, &high)) {
            segment->sample = high;
            return true;
        }
        if (is_outside(list, &low)) {
            segment->sample = low;
            return true;
        }
        if (np_address_compare(&low, &high) >= 0 || !np_range_step_up(&low)) {
            return false;
        }
        np_range_step_down(&high);
    }
    return false;
}

static bool add_segments(struct np_list *list, const address_list *cuts, uint8_t family)
{
    for (size_t i = 0; i < cuts->count; i++) {
        struct np_segment segment = {.first = cuts->items[i]};
        if (i > 0 && np_address_equal(&cuts->items[i], &cuts->items[i - 1])) {
            continue;
        }
        size_t next = i + 1;
        while (next < cuts->count && np_address_equal(&cuts->items[next], &cuts->items[i])) {
            next++;
        }
        if (next < cuts->count) {
            segment.last = cuts->items[next];
            np_range_step_down(&segment.last);
        } else {
            segment.last =
                np_range_last(&(struct np_prefix){.address = {.family = family}, .length = 0});
        }
        if (find_sample(list, &segment)) {
            list->segments[list->n_segments++] = segment;
        }
    }
    return true;
}

static bool family_matters(const struct np_list *list, uint8_t family)
{
    for (uint32_t i = 0; i < list->n_units; i++) {
        uint8_t families = np_survey_families(list->units[i].first);
        uint8_t bit = family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6;
        if ((families & bit) || (!families && family == NP_IPV4)) {
            return true;
        }
    }
    return false;
}

int np_list_segments(struct np_list *list)
{
    static const uint8_t families[] = {NP_IPV4, NP_IPV6};
    if (list->view->endpoints && !np_names_places(list->view->endpoints, list->ctx, &list->named)) {
        return NETPOL_ERR_MEMORY;
    }
    size_t cuts_room = (size_t)list->survey.n_prefixes + list->model->inventory.n_pod_cidrs;
    size_t room = 2 * (2 * (cuts_room + list->named.count) + 1);
    list->segments = np_arena_array(&list->survey.arena, room, sizeof *list->segments);
    if (!list->segments) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t f = 0; f < 2; f++) {
        address_list cuts = {0};
        if (!family_matters(list, families[f])) {
            continue;
        }
        bool fine = gather_cuts(list, families[f], &cuts);
        if (fine) {
            qsort(cuts.items, cuts.count, sizeof *cuts.items, compare);
            fine = add_segments(list, &cuts, families[f]);
        }
        np_vec_free(list->ctx, &cuts);
        if (!fine) {
            return NETPOL_ERR_MEMORY;
        }
    }
    return NETPOL_OK;
}

/* ---- rows ---- */

struct run {
    bool open;
    struct np_address first, last;
    struct np_verdicts verdicts;
};

static int end_run(struct np_list *list, const struct np_unit *unit, bool from_outside,
                   struct run *run)
{
    char name[100];
    if (!run->open) {
        return NETPOL_OK;
    }
    run->open = false;
    np_range_name(&run->first, &run->last, name);
    return np_list_emit(list, from_outside ? name : unit->name, from_outside ? unit->name : name,
                        &run->verdicts);
}

static bool speaks_family(const struct np_unit *unit, uint8_t family)
{
    uint8_t families = np_survey_families(unit->first);
    return !families || (families & (family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6));
}

static int take_segment(struct np_list *list, const struct np_unit *unit, bool from_outside,
                        const struct np_segment *segment, struct run *run, struct np_verdicts *now)
{
    int status = np_list_outside(list, unit, segment, from_outside, now);
    if (status != NETPOL_OK) {
        return status;
    }
    if (run->open && np_range_follows(&run->last, &segment->first) &&
        np_verdicts_equal(&run->verdicts, now)) {
        run->last = segment->last;
        return NETPOL_OK;
    }
    status = end_run(list, unit, from_outside, run);
    struct np_verdicts old = run->verdicts;
    run->verdicts = *now;
    *now = old;
    run->open = true;
    run->first = segment->first;
    run->last = segment->last;
    return status;
}

int np_list_outside_rows(struct np_list *list, const struct np_unit *unit, bool from_outside)
{
    struct run run = {0};
    struct np_verdicts now = {0};
    int status = NETPOL_OK;
    for (uint32_t i = 0; i < list->n_segments && status == NETPOL_OK; i++) {
        if (speaks_family(unit, list->segments[i].first.family)) {
            status = take_segment(list, unit, from_outside, &list->segments[i], &run, &now);
        }
    }
    if (status == NETPOL_OK) {
        status = end_run(list, unit, from_outside, &run);
    }
    np_verdicts_free(list->ctx, &now);
    np_verdicts_free(list->ctx, &run.verdicts);
    return status;
}
