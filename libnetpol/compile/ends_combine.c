/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds at places. A pod that is replaced has the labels of its template and another address, or
 * none yet; so that it need not wait for a compile, every kind of pod gets a signature at every
 * place where pods are or may be, as long as that stays few. Then all that is known is written down
 * as (kind, place, node) -> signature, for the writer who adds endpoints later.
 */
#include "compile/ends_internal.h"

enum { FEW = 16384 };

/* ---- signatures that nobody has yet ---- */

static bool is_plain_pod(const struct np_endpoint *e)
{
    return e->kind == NP_OBJ_WORKLOAD && !e->host_network;
}

/* By class: an address of it where a pod may be. */
static uint32_t mark_classes(const struct np_draft *draft, struct np_address *at)
{
    const struct np_ends_state *state = draft->ends;
    uint32_t count = 0;
    for (size_t s = NP_SIG_FIRST; s < state->sigs.count; s++) {
        const struct np_sig *sig = &state->sigs.items[s];
        if (sig->place && sig->kind && is_plain_pod(sig->end.endpoint) && !at[sig->place].family) {
            at[sig->place] = sig->end.address;
            count++;
        }
    }
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < state->runs[side].count; i++) {
            const struct np_place_run *run = &state->runs[side].items[i];
            struct np_address first = np_number_address(run->first, side ? NP_IPV6 : NP_IPV4);
            if (!at[run->class].family &&
                np_inventory_in_pod_range(&draft->model->inventory, &first)) {
                at[run->class] = first;
                count++;
            }
        }
    }
    return count;
}

/* At each of the places that are marked, and without an address. */
static bool sign_kind(struct np_draft *draft, const struct np_endpoint *e,
                      const struct np_address *at, size_t classes)
{
    struct np_end end = {.endpoint = e, .domain = NP_DOMAIN_PODS};
    bool fine = true;
    for (size_t class = 1; class <= classes && fine; class ++) {
        end.address = at[class];
        fine = !at[class].family || np_sign_end(draft, &end, (uint32_t) class);
    }
    end.address = (struct np_address){0};
    if (draft->model->options.unknown_pod_ip == 0) {
        end.missing_address = NP_UNKNOWN(NP_FACT_POD_ADDRESS);
    }
    return fine && np_sign_end(draft, &end, 0);
}

int np_combine_kinds(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    size_t classes = state->place_classes.entries.count;
    if (draft->host) { /* nodes are part of signatures: combinations without number */
        return NETPOL_OK;
    }
    struct np_address *at = np_zalloc(state->ctx, (classes + 1) * sizeof *at);
    if (!at) {
        return NETPOL_ERR_MEMORY;
    }
    uint64_t marked = mark_classes(draft, at);
    bool few = marked * state->kind_first.count <= FEW + 2 * (uint64_t)state->sigs.count;
    bool fine = true;
    for (size_t i = 0; i < state->kind_first.count && fine; i++) {
        const struct np_endpoint *e = state->kind_first.items[i];
        fine = !is_plain_pod(e) || sign_kind(draft, e, at, few ? classes : 0);
    }
    np_free(state->ctx, at, (classes + 1) * sizeof *at);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- the list ---- */

struct lister {
    struct np_draft *draft;
    struct np_words keys;
    np_vec(struct np_combo) list;
    bool failed;
};

/* A combination that could be two signatures is none. */
static void add(struct lister *l, uint32_t signature, uint32_t node)
{
    const struct np_ends_state *state = l->draft->ends;
    const struct np_sig *sig = &l->draft->sigs[signature];
    uint32_t kind = sig->kind ? state->pod_kind[sig->kind] : 0;
    if (!kind) {
        return;
    }
    uint32_t place = sig->place == UINT32_MAX ? (uint32_t)NP_SIG_NOWHERE
                                              : l->draft->places[sig->place].signature;
    const uint64_t key[] = {(uint64_t)kind << 32 | place, node};
    uint32_t number = np_words_add(&l->keys, key, 2);
    if (number > l->list.count) {
        struct np_combo *combo = np_vec_push(l->draft->ctx, &l->list);
        if (combo) {
            *combo = (struct np_combo){kind, place, node, signature};
        }
        l->failed |= !combo;
    } else if (number && l->list.items[number - 1].signature != signature) {
        l->list.items[number - 1].signature = NP_SIG_UNCOMPILED;
    }
    l->failed |= number == 0;
}

static bool by_node(const struct np_draft *draft, const struct np_endpoint *e)
{
    return draft->host || e->kind == NP_OBJ_HOST_NET_WORKLOAD;
}

static void list_all(struct lister *l)
{
    const struct np_draft *draft = l->draft;
    const struct np_inventory *inventory = &draft->model->inventory;
    for (uint32_t s = NP_SIG_FIRST; s < draft->n_sigs && !draft->host; s++) {
        const struct np_sig *sig = &draft->sigs[s];
        if (sig->kind && !by_node(draft, sig->end.endpoint)) {
            add(l, s, 0);
        }
    }
    for (uint32_t i = 0; i < draft->n_addresses && draft->host; i++) {
        const struct np_address_entry *entry = &draft->addresses[i];
        if (entry->endpoint) {
            add(l, entry->signature, entry->node);
        }
    }
    for (uint32_t i = 0; i < draft->n_refs && !l->failed; i++) {
        const struct np_ref_entry_draft *entry = &draft->refs[i];
        if (by_node(draft, inventory->endpoints[entry->endpoint - 1])) {
            for (unsigned f = 0; f < 3; f++) {
                add(l, entry->signature[f], entry->node);
            }
        }
    }
}

int np_combine_write(struct np_draft *draft)
{
    struct lister l = {.draft = draft};
    np_words_init(&l.keys, draft->ctx);
    list_all(&l);
    struct np_combo *combos =
        l.failed ? NULL : np_arena_array(&draft->arena, l.list.count, sizeof *combos);
    draft->combos = combos;
    draft->n_combos = 0;
    for (size_t i = 0; combos && i < l.list.count; i++) {
        if (l.list.items[i].signature != NP_SIG_UNCOMPILED) {
            combos[draft->n_combos++] = l.list.items[i];
        }
    }
    np_vec_free(draft->ctx, &l.list);
    np_words_free(&l.keys);
    return combos ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
