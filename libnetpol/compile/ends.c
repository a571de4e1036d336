/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: ends that no policy can tell apart.
 *
 * The simplest compile would judge every two ends that a question can name. But all that the
 * reference reads of an end is: what conditions see of its endpoint (the kind), what they see of
 * its address (the place), whether it is a node and what they see of that, and which of these are
 * not known. Two ends that agree in all of it are alike, whoever the other end is; how the two
 * stand to each other (relation) comes in from outside. So each end becomes four words, and equal
 * words are one signature.
 */
#include "compile/ends_internal.h"

/* ---- one end ---- */

uint8_t np_end_bits(const struct np_end *end)
{
    bool missing = !end->endpoint && np_is_maybe(end->missing);
    bool inside = !end->endpoint && end->domain == NP_DOMAIN_PODS && !missing;
    return (uint8_t)((np_end_is_node(end) ? NP_SIG_NODE : 0) | (missing ? NP_SIG_MISSING : 0) |
                     (missing && (end->missing & NP_FACT_SERVICE_ADDRESS) ? NP_SIG_SERVICE : 0) |
                     (end->endpoint && !end->address.family ? NP_SIG_NO_ADDRESS : 0) |
                     (end->address.family == NP_IPV4 ? NP_SIG_FAMILY4 : 0) |
                     (end->address.family == NP_IPV6 ? NP_SIG_FAMILY6 : 0) |
                     (inside ? NP_SIG_INSIDE : 0));
}

void np_end_words(const struct np_draft *draft, const struct np_end *end, uint32_t class,
                  uint64_t words[NP_END_WORDS])
{
    const struct np_ends_state *state = draft->ends;
    uint64_t kind = end->endpoint ? state->kind_of[end->endpoint->index] : 0;
    uint64_t node = 0, host = 0;
    if (np_end_is_node(end)) {
        node = state->node_class[end->node ? np_node_number(state, end) : 0];
    }
    if (draft->host) {
        host = state->host_class[np_node_number(state, end)];
    }
    words[0] = kind << 32 | class;
    words[1] = node << 32 | host;
    words[2] = (uint64_t)end->missing << 32 | end->missing_address;
    words[3] = (uint64_t)end->domain << 8 | np_end_bits(end);
}

uint32_t np_sign_end(struct np_draft *draft, const struct np_end *end, uint32_t class)
{
    struct np_ends_state *state = draft->ends;
    uint64_t words[NP_END_WORDS];
    np_end_words(draft, end, class, words);
    uint32_t number = np_words_add(&state->keys, words, NP_END_WORDS);
    if (number && number + NP_SIG_FIRST - 1 == state->sigs.count) {
        struct np_sig *sig = np_vec_push(state->ctx, &state->sigs);
        if (!sig) {
            return 0;
        }
        *sig = (struct np_sig){.end = *end,
                               .kind = (uint32_t)(words[0] >> 32),
                               .place = class, /* for now */
                               .family = end->address.family,
                               .bits = np_end_bits(end)};
    }
    return number ? number + NP_SIG_FIRST - 1 : 0;
}

uint32_t np_sign_pod(struct np_draft *draft, uint32_t index, const struct np_address *address,
                     uint32_t class)
{
    struct np_ends_state *state = draft->ends;
    uint64_t key = (uint64_t)state->kind_of[index] << 32 | class;
    uint32_t signature = draft->host ? 0 : np_pairs_find(&state->pods, key);
    if (signature) {
        return signature;
    }
    struct np_end end = {.endpoint = draft->model->inventory.endpoints[index],
                         .domain = NP_DOMAIN_PODS};
    if (address) {
        end.address = *address;
    } else if (draft->model->options.unknown_pod_ip == 0) {
        end.missing_address = NP_UNKNOWN(NP_FACT_POD_ADDRESS);
    }
    signature = np_sign_end(draft, &end, class);
    bool kept = signature && (draft->host || np_pairs_add(&state->pods, key, signature));
    return kept ? signature : 0;
}

/* Those that are not found by what they are. */
static bool begin_sigs(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_model *model = draft->model;
    uint32_t owners;
    for (uint32_t i = 0; i < NP_SIG_FIRST; i++) {
        struct np_sig *sig = np_vec_push(state->ctx, &state->sigs);
        if (!sig) {
            return false;
        }
        *sig = (struct np_sig){0};
        if (i == NP_SIG_NOWHERE) {
            (void)np_inventory_end(&model->inventory, &model->options, 0, NULL, 0, 0, &sig->end,
                                   &owners);
        }
    }
    return true;
}

/* ---- references ---- */

static uint32_t sign_ref(struct np_draft *draft, const struct np_endpoint *e, uint8_t family,
                         struct np_address *own)
{
    const struct np_model *model = draft->model;
    struct np_ends_state *state = draft->ends;
    struct np_end end;
    uint32_t owners;
    (void)np_inventory_end(&model->inventory, &model->options, e->ref, NULL, family, 0, &end,
                           &owners);
    *own = end.address;
    return np_sign_end(draft, &end,
                       end.address.family ? np_place_at(state, &end.address)->class : 0);
}

/* Pods are many, and their addresses have signatures by now. */
static bool sign_pod(struct np_draft *draft, const struct np_endpoint *e,
                     struct np_ref_entry_draft *entry)
{
    const struct np_ends_state *state = draft->ends;
    uint32_t addressless = 0;
    for (uint32_t i = 0; i < e->n_prefixes && e->prefixes[i].address.family; i++) {
        struct np_address *own = &entry->own[e->prefixes[i].address.family == NP_IPV6];
        if (!own->family) {
            *own = e->prefixes[i].address;
            entry->first_family = entry->first_family ? entry->first_family : own->family;
        }
    }
    for (unsigned side = 0; side < 2; side++) {
        entry->signature[side] = state->own_signature[side][e->index];
    }
    if (!entry->signature[0] || !entry->signature[1]) {
        addressless = np_sign_pod(draft, e->index, NULL, 0);
        entry->signature[0] = entry->signature[0] ? entry->signature[0] : addressless;
        entry->signature[1] = entry->signature[1] ? entry->signature[1] : addressless;
    }
    entry->signature[2] = entry->signature[entry->first_family == NP_IPV6];
    return entry->signature[0] && entry->signature[1];
}

static bool sign_endpoint(struct np_draft *draft, const struct np_endpoint *e,
                          struct np_ref_entry_draft *entry)
{
    struct np_ends_state *state = draft->ends;
    *entry = (struct np_ref_entry_draft){
        .ref = e->ref, .endpoint = e->index + 1, .node = state->node_of[e->index]};
    if (e->kind == NP_OBJ_WORKLOAD && !e->host_network) {
        return sign_pod(draft, e, entry);
    }
    struct np_address first;
    entry->signature[0] = sign_ref(draft, e, NP_IPV4, &entry->own[0]);
    entry->signature[1] = sign_ref(draft, e, NP_IPV6, &entry->own[1]);
    entry->signature[2] = sign_ref(draft, e, 0, &first);
    entry->first_family = first.family;
    return entry->signature[0] && entry->signature[1] && entry->signature[2];
}

/* Endpoints by ref. Should several have one, it is that of the one the inventory gives. */
static bool sign_in_order(struct np_draft *draft, const struct np_sort_item *order, uint32_t count)
{
    const struct np_inventory *inventory = &draft->model->inventory;
    bool fine = true;
    for (uint32_t i = 0; fine && i < count; i++) {
        const struct np_endpoint *e = inventory->endpoints[order[i].value];
        if (i + 2 * NP_AHEAD < count) {
            NP_SOON(inventory->endpoints[order[i + 2 * NP_AHEAD].value]);
            NP_SOON(&inventory->endpoints[order[i + 2 * NP_AHEAD].value]->prefixes);
            NP_SOON(inventory->endpoints[order[i + NP_AHEAD].value]->prefixes);
        }
        bool alone = (i == 0 || order[i - 1].key.low != e->ref) &&
                     (i + 1 == count || order[i + 1].key.low != e->ref);
        if (np_endpoint_is_end(e) && (alone || np_inventory_endpoint(inventory, e->ref) == e)) {
            fine = sign_endpoint(draft, e, &draft->refs[draft->n_refs++]);
        }
    }
    return fine;
}

static int sign_refs(struct np_draft *draft)
{
    const struct np_inventory *inventory = &draft->model->inventory;
    uint32_t count = inventory->n_endpoints;
    struct np_sort_item *order = count ? np_alloc(draft->ctx, count * sizeof *order) : NULL;
    draft->refs = np_arena_array(&draft->arena, count, sizeof *draft->refs);
    draft->n_refs = 0;
    bool fine = draft->refs && (order || !count);
    for (uint32_t i = 0; fine && i < count; i++) {
        order[i] = (struct np_sort_item){
            {0, inventory->endpoints[i]->ref},
            i
        };
    }
    fine = fine && (!count || np_sort_items(draft->ctx, order, count)) &&
           sign_in_order(draft, order, count);
    np_free(draft->ctx, order, count * sizeof *order);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- all ---- */

static int publish_sigs(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    if (state->sigs.count >= NP_SIG_SHARED) {
        return NETPOL_ERR_LIMIT;
    }
    draft->sigs = state->sigs.items;
    draft->n_sigs = (uint32_t)state->sigs.count;
    for (uint32_t i = 0; i < draft->n_sigs; i++) {
        uint32_t class = draft->sigs[i].place;
        draft->sigs[i].place = class ? state->class_place[class] : UINT32_MAX;
    }
    return NETPOL_OK;
}

static bool begin(struct np_draft *draft)
{
    struct np_ends_state *state = np_arena_alloc(&draft->arena, sizeof *state);
    if (!state) {
        return false;
    }
    draft->ends = state;
    state->ctx = draft->ctx;
    np_mentions_init(&state->mentions, draft->ctx);
    np_words_init(&state->kinds, draft->ctx);
    np_words_init(&state->projections, draft->ctx);
    np_words_init(&state->fact_sets, draft->ctx);
    np_words_init(&state->place_classes, draft->ctx);
    np_words_init(&state->keys, draft->ctx);
    np_words_init(&state->port_lists, draft->ctx);
    state->spaces.ctx = state->accounts.ctx = state->node_numbers.ctx = draft->ctx;
    state->pods.ctx = draft->ctx;
    uint32_t count = draft->model->inventory.n_endpoints;
    state->kind_of = np_arena_array(&draft->arena, count, sizeof *state->kind_of);
    state->node_of = np_arena_array(&draft->arena, count, sizeof *state->node_of);
    return state->kind_of && state->node_of && begin_sigs(draft);
}

int np_draft_ends(struct np_draft *draft)
{
    static int (*const steps[])(struct np_draft *) = {
        np_project_kinds, np_project_nodes, np_owned_collect, np_places_cut,    np_owned_sign,
        sign_refs,        np_combine_kinds, publish_sigs,     np_project_write, np_combine_write};
    draft->ends = NULL;
    int status = begin(draft) ? np_mentions_collect(&draft->ends->mentions, draft->model)
                              : NETPOL_ERR_MEMORY;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == NETPOL_OK; i++) {
        status = steps[i](draft);
    }
    return status;
}

int np_draft_covers(struct np_draft *draft, const struct np_policy *policy, bool *outgrown)
{
    return np_mentions_policy(&draft->ends->mentions, policy, outgrown);
}

void np_draft_ends_free(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    if (!state) {
        return;
    }
    np_members_free(draft);
    np_project_build_free(state->project_build);
    np_kinds_build_free(state->kinds_build);
    np_mentions_free(&state->mentions);
    struct np_words *const words[] = {&state->kinds,     &state->projections,
                                      &state->fact_sets, &state->place_classes,
                                      &state->keys,      &state->port_lists};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        np_words_free(words[i]);
    }
    np_pairs_free(&state->spaces);
    np_pairs_free(&state->accounts);
    np_pairs_free(&state->node_numbers);
    np_pairs_free(&state->pods);
    np_vec_free(state->ctx, &state->scratch);
    np_vec_free(state->ctx, &state->kind_first);
    np_vec_free(state->ctx, &state->node_names);
    np_vec_free(state->ctx, &state->sigs);
    for (unsigned side = 0; side < 2; side++) {
        np_vec_free(state->ctx, &state->runs[side]);
        np_vec_free(state->ctx, &state->owned[side]);
    }
    draft->sigs = NULL;
    draft->nodes = NULL;
    draft->ends = NULL;
}
