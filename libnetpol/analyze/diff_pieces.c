/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space, cut at every prefix that either set or inventory mentions. Addresses of pods
 * and of services are not asked about here: pods are ends of their own, and a service stands for
 * its backends. A piece that holds nothing else is left out.
 */
#include "analyze/diff.h"
#include "analyze/range.h"

#include "model/build.h"

#include <stdlib.h>

typedef np_vec(struct np_address) address_list;

static int compare(const void *a, const void *b)
{
    return np_address_compare(a, b);
}

static bool push(struct np_diff *diff, address_list *list, struct np_address address)
{
    struct np_address *place = np_vec_push(diff->ctx, list);
    if (place) {
        *place = address;
    }
    return place != NULL;
}

static void sort_unique(address_list *list)
{
    size_t kept = 0;
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof *list->items, compare);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || !np_address_equal(&list->items[kept - 1], &list->items[i])) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* ---- addresses that are asked about by name ---- */

static bool add_full(struct np_diff *diff, address_list *out, const struct np_prefix *prefixes,
                     uint32_t count)
{
    bool fine = true;
    for (uint32_t i = 0; i < count && fine; i++) {
        if (prefixes[i].address.family &&
            prefixes[i].length == np_prefix_of(&prefixes[i].address).length) {
            fine = push(diff, out, prefixes[i].address);
        }
    }
    return fine;
}

static bool is_node(const struct np_diff *diff, const struct np_address *address)
{
    return np_inventory_node_at(&diff->models[NP_DIFF_OLD].model->inventory, address) ||
           np_inventory_node_at(&diff->models[NP_DIFF_NEW].model->inventory, address);
}

/* An address that a service and a node have is the node's. */
static bool add_service(struct np_diff *diff, address_list *out,
                        const struct np_service_info *service)
{
    bool fine = true;
    for (uint32_t i = 0; i < service->n_addresses && fine; i++) {
        if (!is_node(diff, &service->addresses[i].address)) {
            fine = add_full(diff, out, &service->addresses[i], 1);
        }
    }
    return fine;
}

static bool list_owned(struct np_diff *diff, address_list *out)
{
    bool fine = true;
    for (int w = 0; w < NP_DIFF_MODELS; w++) {
        const struct np_inventory *inventory = &diff->models[w].model->inventory;
        for (uint32_t i = 0; i < inventory->n_endpoints && fine; i++) {
            const struct np_endpoint *endpoint = inventory->endpoints[i];
            if (endpoint->kind == NP_OBJ_WORKLOAD && !endpoint->host_network) {
                fine = add_full(diff, out, endpoint->prefixes, endpoint->n_prefixes);
            }
        }
        for (uint32_t i = 0; i < inventory->n_services && fine; i++) {
            fine = add_service(diff, out, inventory->services[i]);
        }
    }
    sort_unique(out);
    return fine;
}

/* ---- pieces ---- */

/* The first addresses of the pieces of a family. */
static bool list_cuts(struct np_diff *diff, uint8_t family, address_list *cuts)
{
    const struct np_diff_words *words = &diff->words;
    bool fine = push(diff, cuts, (struct np_address){.family = family});
    for (uint32_t i = 0; i < words->n_prefixes && fine; i++) {
        if (words->prefixes[i].address.family == family) {
            struct np_address next = np_range_last(&words->prefixes[i]);
            fine = push(diff, cuts, words->prefixes[i].address) &&
                   (!np_range_step_up(&next) || push(diff, cuts, next));
        }
    }
    sort_unique(cuts);
    return fine;
}

/* The first addresses of the piece that nobody owns, at most two; *next walks along the owned. */
static void find_samples(struct np_diff_end *piece, const address_list *owned, size_t *next)
{
    struct np_address at = piece->first;
    int found = 0;
    while (found < 2 && np_address_compare(&at, &piece->last) <= 0) {
        while (*next < owned->count && np_address_compare(&owned->items[*next], &at) < 0) {
            ++*next;
        }
        if (*next == owned->count || !np_address_equal(&owned->items[*next], &at)) {
            piece->samples[found++] = at;
        }
        if (!np_range_step_up(&at)) {
            break;
        }
    }
}

/* Somebody in the cluster has an address of the family, or one that is not known. */
static bool is_spoken(const struct np_diff *diff, uint8_t family)
{
    bool named = family == NP_IPV4;
    for (uint32_t i = 0; i < diff->words.n_prefixes; i++) {
        named = named || diff->words.prefixes[i].address.family == family;
    }
    for (int w = 0; w < NP_DIFF_MODELS; w++) {
        const struct np_inventory *inventory = &diff->models[w].model->inventory;
        for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
            uint8_t families = np_survey_families(inventory->endpoints[i]);
            bool speaks = families & (family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6);
            if (inventory->endpoints[i]->kind == NP_OBJ_WORKLOAD &&
                (speaks || (!families && named))) {
                return true;
            }
        }
    }
    return false;
}

static void add_pieces(uint8_t family, const address_list *owned, const address_list *cuts,
                       struct np_diff_end *out, uint32_t *count)
{
    size_t next = 0;
    const struct np_prefix whole = {.address = {.family = family}};
    for (size_t i = 0; i < cuts->count; i++) {
        struct np_diff_end piece = {.first = cuts->items[i],
                                    .last = np_range_last(&whole),
                                    .families = family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6};
        if (i + 1 < cuts->count) {
            piece.last = cuts->items[i + 1];
            np_range_step_down(&piece.last);
        }
        find_samples(&piece, owned, &next);
        if (piece.samples[0].family) {
            out[(*count)++] = piece;
        }
    }
}

int np_diff_pieces(struct np_diff *diff, uint32_t *n_pieces, struct np_diff_end **pieces)
{
    static const uint8_t families[] = {NP_IPV4, NP_IPV6};
    address_list owned = {0};
    bool fine = list_owned(diff, &owned);
    *n_pieces = 0;
    *pieces = np_arena_array(&diff->arena, 2 + 2 * (size_t)diff->words.n_prefixes, sizeof **pieces);
    fine = fine && *pieces;
    for (size_t f = 0; f < 2 && fine; f++) {
        address_list cuts = {0};
        if (is_spoken(diff, families[f])) {
            fine = list_cuts(diff, families[f], &cuts);
        }
        if (fine) {
            add_pieces(families[f], &owned, &cuts, *pieces, n_pieces);
        }
        np_vec_free(diff->ctx, &cuts);
    }
    np_vec_free(diff->ctx, &owned);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
