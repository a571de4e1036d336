/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space cut into places.
 *
 * Conditions name tens of thousands of prefixes, which nest. Sorted, one sweep with a stack of the
 * prefixes that are open gives every range between two cuts the set of facts that hold in it: "in
 * this prefix", "covered by an object of this kind". Sets are kept once, so ranges with equal facts
 * have one number, and neighbours with one number are one place.
 */
#include "compile/ends_internal.h"

enum { BY_IDENTITY = NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD, DEPTH = 130 };

struct cut {
    struct np_number first;
    uint8_t length;
    uint32_t fact; /* 0: none */
};
struct cutter {
    struct np_draft *draft;
    struct np_ends_state *state;
    np_vec(struct cut) cuts[2];
    np_vec(uint64_t) facts; /* a set being put together */
    uint32_t nothing;       /* the set of no fact */
    bool failed;
};

static unsigned side_of(uint8_t family)
{
    return family == NP_IPV6;
}

/* ---- where to cut ---- */

static void add_cut(struct cutter *c, const struct np_prefix *prefix, uint32_t fact)
{
    struct cut *cut = np_vec_push(c->state->ctx, &c->cuts[side_of(prefix->address.family)]);
    if (cut) {
        *cut = (struct cut){np_number_of(&prefix->address), prefix->length, fact};
    } else {
        c->failed = true;
    }
}

static bool is_full(const struct np_prefix *prefix)
{
    return prefix->length == (prefix->address.family == NP_IPV4 ? 32 : 128);
}

/* Single addresses are in the table; ranges must be places. */
static void add_ranges(struct cutter *c, const struct np_prefix *prefixes, uint32_t count)
{
    for (uint32_t i = 0; i < count && prefixes[i].address.family; i++) {
        if (!is_full(&prefixes[i])) {
            add_cut(c, &prefixes[i], 0);
        }
    }
}

/* Is any host endpoint a range? Then which one is found depends on all objects that cover. */
static bool has_host_ranges(const struct np_inventory *inventory)
{
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *e = inventory->endpoints[i];
        for (uint32_t k = 0; e->kind == NP_OBJ_HOST_ENDPOINT && k < e->n_prefixes; k++) {
            if (e->prefixes[k].address.family && !is_full(&e->prefixes[k])) {
                return true;
            }
        }
    }
    return false;
}

static void add_objects(struct cutter *c, const struct np_inventory *inventory)
{
    uint16_t asked = c->state->mentions.kinds & (uint16_t)~BY_IDENTITY;
    bool pods_only = true;
    for (size_t i = 0; i < c->state->kind_first.count; i++) {
        pods_only = pods_only && (c->state->kind_first.items[i]->kind & BY_IDENTITY);
    }
    if (pods_only) {
        return;
    }
    bool all = has_host_ranges(inventory);
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *e = inventory->endpoints[i];
        if ((e->kind & BY_IDENTITY) || (!all && !(e->kind & asked))) {
            continue;
        }
        const uint64_t words[] = {NP_FACT_OF_OBJECT, c->state->kind_of[i]};
        uint32_t fact = 0;
        if (e->kind & asked) {
            fact = np_words_add(&c->state->mentions.facts, words, 2);
            c->failed |= fact == 0;
        }
        for (uint32_t k = 0; k < e->n_prefixes && e->prefixes[k].address.family; k++) {
            add_cut(c, &e->prefixes[k], fact);
        }
    }
}

static void collect(struct cutter *c)
{
    const struct np_inventory *inventory = &c->draft->model->inventory;
    const struct np_mentions *m = &c->state->mentions;
    for (size_t i = 0; i < m->prefixes.count; i++) {
        add_cut(c, &m->prefixes.items[i].prefix, m->prefixes.items[i].fact);
    }
    add_objects(c, inventory);
    for (uint32_t i = 0; i < inventory->n_pod_cidrs; i++) {
        add_cut(c, &inventory->pod_cidrs[i], 0);
    }
    for (uint32_t i = 0; i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        for (uint32_t k = 0; set->inside && k < set->n_prefixes; k++) {
            add_cut(c, &set->prefixes[k], 0); /* nobody's: not in the table either */
        }
    }
    for (uint32_t i = 0; i < inventory->n_services; i++) {
        add_ranges(c, inventory->services[i]->addresses, inventory->services[i]->n_addresses);
    }
    for (uint32_t i = 0; i < inventory->n_nodes; i++) {
        add_ranges(c, inventory->nodes[i]->addresses, inventory->nodes[i]->n_addresses);
    }
}

/* By first address, the shorter prefix first. */
static bool sort_cuts(struct cutter *c, unsigned side)
{
    size_t count = c->cuts[side].count;
    struct cut *cuts = c->cuts[side].items;
    if (count == 0) {
        return true;
    }
    struct np_sort_item *order = np_alloc(c->state->ctx, count * sizeof *order);
    struct cut *sorted = np_alloc(c->state->ctx, count * sizeof *sorted);
    bool fine = order && sorted;
    for (size_t i = 0; fine && i < count; i++) {
        order[i] = (struct np_sort_item){
            {0, cuts[i].length},
            (uint32_t)i
        };
    }
    fine = fine && np_sort_items(c->state->ctx, order, count);
    for (size_t i = 0; fine && i < count; i++) {
        order[i].key = cuts[order[i].value].first;
    }
    fine = fine && np_sort_items(c->state->ctx, order, count);
    for (size_t i = 0; fine && i < count; i++) {
        sorted[i] = cuts[order[i].value];
    }
    if (fine) {
        memcpy(cuts, sorted, count * sizeof *cuts);
    }
    np_free(c->state->ctx, order, count * sizeof *order);
    np_free(c->state->ctx, sorted, count * sizeof *sorted);
    return fine;
}

/* ---- the sweep ---- */

/* A set with one fact more. */
static uint32_t with_fact(struct cutter *c, uint32_t set, uint32_t fact)
{
    const struct np_word_entry *entry = np_words_get(&c->state->fact_sets, set);
    uint32_t at = 0;
    while (at < entry->count && entry->items[at] < fact) {
        at++;
    }
    if (at < entry->count && entry->items[at] == fact) {
        return set;
    }
    if (!np_vec_grow(c->state->ctx, (void **)&c->facts.items, &c->facts.capacity, entry->count + 1u,
                     sizeof *c->facts.items)) {
        return 0;
    }
    memcpy(c->facts.items, entry->items, at * sizeof *entry->items);
    memcpy(c->facts.items + at + 1, entry->items + at, (entry->count - at) * sizeof *entry->items);
    c->facts.items[at] = fact;
    return np_words_add(&c->state->fact_sets, c->facts.items, entry->count + 1);
}

static void begin_run(struct cutter *c, unsigned side, struct np_number first, uint32_t set)
{
    size_t count = c->state->runs[side].count;
    struct np_place_run *runs = c->state->runs[side].items;
    struct np_place_run *run;
    if (count && np_number_compare(runs[count - 1].first, first) == 0) {
        run = &runs[count - 1];
    } else {
        run = np_vec_push(c->state->ctx, &c->state->runs[side]);
    }
    if (run) {
        *run = (struct np_place_run){.first = first, .class = set};
    }
    c->failed |= !run || !set;
}

struct open {
    struct np_number last;
    uint32_t set;
};

/* What is open above is over before `next` (NULL: at the end): the range behind is the one below's.
 */
static unsigned close(struct cutter *c, unsigned side, struct open stack[DEPTH], unsigned depth,
                      const struct np_number *next)
{
    while (depth > 1 && (!next || np_number_compare(*next, stack[depth - 1].last) > 0)) {
        struct np_number behind = np_number_next(stack[depth - 1].last);
        depth--;
        if (behind.high || behind.low) { /* else it was the last of all */
            begin_run(c, side, behind, stack[depth - 1].set);
        }
    }
    return depth;
}

static void sweep(struct cutter *c, unsigned side)
{
    struct open stack[DEPTH] = {
        {{~0ull, ~0ull}, c->nothing}
    };
    unsigned depth = 1;
    begin_run(c, side, (struct np_number){0, 0}, c->nothing);
    for (size_t i = 0; i < c->cuts[side].count && !c->failed;) {
        const struct cut *cut = &c->cuts[side].items[i];
        depth = close(c, side, stack, depth, &cut->first);
        uint32_t set = stack[depth - 1].set;
        for (; set && i < c->cuts[side].count; i++) {
            const struct cut *same = &c->cuts[side].items[i];
            if (np_number_compare(same->first, cut->first) != 0 || same->length != cut->length) {
                break;
            }
            set = same->fact ? with_fact(c, set, same->fact) : set;
        }
        c->failed |= !set || depth == DEPTH;
        if (!c->failed) {
            stack[depth++] = (struct open){np_number_last(cut->first, cut->length), set};
            begin_run(c, side, cut->first, set);
        }
    }
    close(c, side, stack, depth, NULL);
}

/* ---- what a bare address is there ---- */

/* An address of the range that no table has; false: there is none. */
static bool free_address(const struct np_ends_state *state, unsigned side, size_t *at,
                         struct np_number first, const struct np_number *behind,
                         struct np_number *out)
{
    const struct np_sort_item *owned = state->owned[side].items;
    size_t count = state->owned[side].count;
    while (*at < count && np_number_compare(owned[*at].key, first) < 0) {
        ++*at;
    }
    size_t i = *at;
    for (*out = first; i < count && np_number_compare(owned[i].key, *out) == 0;) {
        while (i < count && np_number_compare(owned[i].key, *out) == 0) {
            i++;
        }
        *out = np_number_next(np_number_last(*out, side ? 128 : 32));
        if ((out->high == 0 && out->low == 0) ||
            (behind && np_number_compare(*out, *behind) >= 0)) {
            return false;
        }
    }
    return true;
}

/* Every address here has an owner. What would one be whose owner has gone? */
static void end_without_owner(const struct np_draft *draft, const struct np_address *address,
                              struct np_end *end)
{
    enum { HOSTS_SEEN = 8 }; /* as np_inventory_end */
    const struct np_inventory *inventory = &draft->model->inventory;
    const struct np_endpoint *found[HOSTS_SEEN];
    *end = (struct np_end){.address = *address, .domain = NP_DOMAIN_OUTSIDE};
    if (np_inventory_is_inside(inventory, address)) {
        end->domain = NP_DOMAIN_PODS;
    } else if (np_inventory_in_pod_range(inventory, address) &&
               draft->model->options.unlearnt_pod_address == 0) {
        end->domain = NP_DOMAIN_PODS;
        end->missing = NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS);
    }
    uint32_t count = np_inventory_covering(inventory, address, found, HOSTS_SEEN);
    for (uint32_t i = 0; i < count && i < HOSTS_SEEN && !end->endpoint; i++) {
        end->endpoint = found[i]->kind == NP_OBJ_HOST_ENDPOINT ? found[i] : NULL;
    }
}

/* The end of each range decides its class with its facts; equal neighbours become one. */
static void settle(struct cutter *c, unsigned side)
{
    struct np_ends_state *state = c->state;
    const struct np_model *model = c->draft->model;
    struct np_place_run *runs = state->runs[side].items;
    size_t count = state->runs[side].count;
    size_t kept = 0;
    size_t at = 0;
    for (size_t i = 0; i < count && !c->failed; i++) {
        struct np_number number;
        struct np_end end;
        uint32_t owners;
        bool bare = free_address(state, side, &at, runs[i].first,
                                 i + 1 < count ? &runs[i + 1].first : NULL, &number);
        struct np_address address =
            np_number_address(bare ? number : runs[i].first, side ? NP_IPV6 : NP_IPV4);
        if (bare) {
            (void)np_inventory_end(&model->inventory, &model->options, 0, &address, address.family,
                                   0, &end, &owners);
        } else {
            end_without_owner(c->draft, &address, &end);
        }
        uint64_t words[NP_END_WORDS + 1] = {runs[i].class};
        np_end_words(c->draft, &end, 0, words + 1);
        uint32_t class = np_words_add(&state->place_classes, words, NP_END_WORDS + 1);
        if (class && kept && runs[kept - 1].class == class) {
            continue;
        }
        runs[kept].first = runs[i].first;
        runs[kept].class = class;
        runs[kept++].signature = class ? np_sign_end(c->draft, &end, class) : 0;
        c->failed |= runs[kept - 1].signature == 0;
    }
    state->runs[side].count = kept;
}

static void publish(struct cutter *c)
{
    struct np_draft *draft = c->draft;
    struct np_ends_state *state = c->state;
    size_t classes = state->place_classes.entries.count;
    draft->n_places4 = (uint32_t)state->runs[0].count;
    draft->n_places = (uint32_t)(state->runs[0].count + state->runs[1].count);
    draft->places = np_arena_array(&draft->arena, draft->n_places, sizeof *draft->places);
    state->class_place = np_arena_array(&draft->arena, classes + 1, sizeof *state->class_place);
    if (!draft->places || !state->class_place) {
        c->failed = true;
        return;
    }
    for (uint32_t i = draft->n_places; i-- > 0;) {
        unsigned side = i >= draft->n_places4;
        const struct np_place_run *run = &state->runs[side].items[side ? i - draft->n_places4 : i];
        draft->places[i] = (struct np_region){
            np_number_address(run->first, side ? NP_IPV6 : NP_IPV4), run->signature};
        state->class_place[run->class] = i;
    }
}

int np_places_cut(struct np_draft *draft)
{
    struct cutter c = {.draft = draft, .state = draft->ends};
    c.nothing = np_words_add(&c.state->fact_sets, NULL, 0);
    c.failed = c.nothing == 0;
    collect(&c);
    for (unsigned side = 0; side < 2 && !c.failed; side++) {
        c.failed |= !sort_cuts(&c, side);
        if (!c.failed) {
            sweep(&c, side);
        }
        if (!c.failed) {
            settle(&c, side);
        }
    }
    if (!c.failed) {
        publish(&c);
    }
    np_vec_free(c.state->ctx, &c.cuts[0]);
    np_vec_free(c.state->ctx, &c.cuts[1]);
    np_free(c.state->ctx, c.facts.items, c.facts.capacity * sizeof *c.facts.items);
    return c.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

const struct np_place_run *np_place_at(const struct np_ends_state *state,
                                       const struct np_address *address)
{
    unsigned side = side_of(address->family);
    struct np_number number = np_number_of(address);
    size_t low = 0, high = state->runs[side].count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (np_number_compare(state->runs[side].items[middle].first, number) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &state->runs[side].items[low];
}
