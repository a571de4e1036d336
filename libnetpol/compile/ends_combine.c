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

struct spot { /* a class of places where pods may be, and an address there */
    uint32_t class;
    struct np_address at;
};
struct spots {
    struct np_draft *draft;
    np_vec(struct spot) list;
    struct np_pairs seen;
    bool failed;
};

static void add_spot(struct spots *s, uint32_t class, const struct np_address *at)
{
    if (np_pairs_find(&s->seen, class)) {
        return;
    }
    struct spot *spot = np_vec_push(s->draft->ctx, &s->list);
    if (spot) {
        *spot = (struct spot){class, *at};
    }
    s->failed |= !spot || !np_pairs_add(&s->seen, class, 1);
}

static void collect_spots(struct spots *s)
{
    const struct np_ends_state *state = s->draft->ends;
    for (size_t i = NP_SIG_FIRST; i < state->sigs.count; i++) {
        const struct np_sig *sig = &state->sigs.items[i];
        if (sig->place && sig->kind && is_plain_pod(sig->end.endpoint)) {
            add_spot(s, sig->place, &sig->end.address);
        }
    }
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < state->runs[side].count; i++) {
            const struct np_place_run *run = &state->runs[side].items[i];
            struct np_address first = np_number_address(run->first, side ? NP_IPV6 : NP_IPV4);
            if (np_inventory_in_pod_range(&s->draft->model->inventory, &first)) {
                add_spot(s, run->class, &first);
            }
        }
    }
}

/* At each of the spots, and without an address. */
static bool sign_kind(struct np_draft *draft, const struct np_endpoint *e, const struct spot *spots,
                      size_t n_spots)
{
    bool fine = np_sign_pod(draft, e->index, NULL, 0);
    for (size_t i = 0; i < n_spots && fine; i++) {
        fine = np_sign_pod(draft, e->index, &spots[i].at, spots[i].class);
    }
    return fine;
}

int np_combine_kinds(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    struct spots s = {.draft = draft, .seen.ctx = draft->ctx};
    if (draft->host) { /* nodes are part of signatures: combinations without number */
        return NETPOL_OK;
    }
    collect_spots(&s);
    bool few =
        (uint64_t)s.list.count * state->kind_first.count <= FEW + 2 * (uint64_t)state->sigs.count;
    bool fine = !s.failed;
    for (size_t i = 0; i < state->kind_first.count && fine; i++) {
        const struct np_endpoint *e = state->kind_first.items[i];
        fine = !is_plain_pod(e) || sign_kind(draft, e, s.list.items, few ? s.list.count : 0);
    }
    np_vec_free(draft->ctx, &s.list);
    np_pairs_free(&s.seen);
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
