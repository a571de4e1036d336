/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints as compiled become endpoints that change; and their end. */
#include "match/learn.h"

/* ---- what the image says ---- */

static void open_sections(struct netpol_endpoints *e)
{
    const struct np_image *image = &e->matcher->image;
    /* np_image_open has checked them; what would not open is a section where nothing is known */
    if (!np_projection_open(image->section[NP_SECTION_PROJECTION],
                            image->count[NP_SECTION_PROJECTION], &e->projection)) {
        (void)np_projection_open(NULL, 0, &e->projection);
    }
    if (!np_kinds_open(image->section[NP_SECTION_KINDS], image->count[NP_SECTION_KINDS],
                       &e->kinds)) {
        (void)np_kinds_open(NULL, 0, &e->kinds);
    }
    e->combos = image->section[NP_SECTION_COMBOS];
    e->n_combos = image->count[NP_SECTION_COMBOS];
    if (!np_combos_valid(e->combos, e->n_combos, image->header->n_signatures)) {
        e->n_combos = 0;
    }
    e->n_nodes = image->count[NP_SECTION_NODES];
    e->next_number = image->count[NP_SECTION_ENDPOINTS] + 1;
}

static bool name_nodes(struct netpol_endpoints *e)
{
    const struct np_image *image = &e->matcher->image;
    const uint32_t *names = image->section[NP_SECTION_NODES];
    const char *strings = image->section[NP_SECTION_STRINGS];
    for (uint32_t i = 0; i < e->n_nodes; i++) {
        bool added;
        uint64_t *number = np_map_add(&e->node_names, np_slice_of(strings + names[i]), &added);
        if (!number) {
            return false;
        }
        *number = added ? i + 1 : *number;
    }
    return true;
}

/* ---- the first table ---- */

static void count_table(const struct np_table *table, uint32_t room[NP_LIVE_PARTS])
{
    for (uint32_t i = 0; i < 1u << table->bits4; i++) {
        uint32_t signature = (uint32_t)table->slots4[i].key;
        room[NP_LIVE_4] += signature != NP_SIG_NONE && signature != NP_SIG_DEAD;
    }
    for (uint32_t i = 0; i < 1u << table->bits6; i++) {
        uint64_t signature = table->slots6[i].key;
        room[NP_LIVE_6] += signature != NP_SIG_NONE && signature != NP_SIG_DEAD;
    }
    for (uint32_t i = 0; i < 1u << table->bits_ref; i++) {
        room[NP_LIVE_REFS] += table->refs[i].ref != 0 && table->refs[i].ref != UINT64_MAX;
    }
}

static bool copy_frozen(struct netpol_endpoints *e)
{
    uint32_t room[NP_LIVE_PARTS] = {0};
    uint32_t shared = e->matcher->image.count[NP_SECTION_SHARED];
    count_table(&e->matcher->frozen, room);
    e->current = np_live_create(e->ctx, room, shared);
    if (e->current) {
        np_live_copy(&e->matcher->frozen, e->current);
        atomic_init(&e->table, &e->current->table);
    }
    return e->current != NULL;
}

/* Which kind a signature was made of: COMBOS the other way round. */
static uint32_t *kinds_of_signatures(const struct netpol_endpoints *e, size_t *size)
{
    uint32_t n_signatures = e->matcher->image.header->n_signatures;
    *size = (n_signatures + 1) * sizeof(uint32_t);
    uint32_t *kinds = np_zalloc(e->ctx, *size);
    for (uint32_t i = 0; kinds && i < e->n_combos; i++) {
        if (e->combos[i].kind && e->combos[i].signature >= NP_SIG_FIRST) {
            kinds[e->combos[i].signature] = e->combos[i].kind;
        }
    }
    return kinds;
}

/* Of "this endpoint has this address"; sums of it are equal when the same is said, in any order. */
static uint64_t having(uint32_t number, const struct np_where *where)
{
    uint64_t mixed = (where->low + number) * NP_SLOT_MULTIPLIER ^ where->high;
    return (mixed ^ mixed >> 31 ^ (uint64_t)number << 32) * NP_SLOT_MULTIPLIER;
}

static uint64_t having_own(const struct np_slot_ref *slot, const struct np_own *own)
{
    const struct np_where four = {4, 0, own->address4}, six = {6, own->high6, own->low6};
    uint32_t number = (uint32_t)(slot->who >> 32);
    uint64_t sum = slot->families & 1 ? having(number, &four) : 0;
    sum += slot->families & 2 ? having(number, &six) : 0;
    return slot->flags & NP_REF_GUEST ? 0 : sum;
}

/* *own: sum over the addresses that the records say. */
static bool fill_refs(struct netpol_endpoints *e, uint64_t *own)
{
    const struct np_hot *hot = &e->matcher->hot;
    struct np_live *live = e->current;
    size_t size;
    uint32_t *kinds = kinds_of_signatures(e, &size);
    for (uint32_t i = 0; kinds && i < 1u << live->table.bits_ref; i++) {
        struct np_slot_ref *slot = &live->refs[i];
        uint32_t *kind = &live->own[i].kind;
        if (slot->ref == 0) {
            continue;
        }
        bool node = hot->sig_class[slot->signature[2]] >> 24 & NP_SIG_NODE;
        bool waits =
            slot->signature[0] == NP_SIG_UNCOMPILED || slot->signature[1] == NP_SIG_UNCOMPILED;
        for (int family = 0; family < 3 && !*kind; family++) {
            *kind = kinds[slot->signature[family]];
        }
        slot->flags =
            (uint8_t)((node ? NP_REF_NODE | NP_REF_GUEST : 0) | (waits ? NP_REF_UNCOMPILED : 0) |
                      np_kind_ref_flags(&e->kinds, *kind));
        e->uncompiled += waits;
        *own += having_own(slot, &live->own[i]);
        uint32_t number = (uint32_t)(slot->who >> 32);
        if (number >= e->next_number && number != UINT32_MAX) {
            e->next_number = number + 1;
        }
    }
    np_free(e->ctx, kinds, size);
    return kinds != NULL;
}

/* ---- what the table says of addresses beyond the first, and of nodes ---- */

static bool is_own(const struct np_ref_record *record, const struct np_where *where)
{
    const struct np_own *own = &record->own;
    return where->family == 4 ? (record->slot.families & 1) && own->address4 == where->low
                              : (record->slot.families & 2) && own->high6 == where->high &&
                                    own->low6 == where->low;
}

static bool note_owner(struct netpol_endpoints *e, const struct np_where *where, uint32_t number)
{
    uint32_t slot = number ? np_live_find_number(e->current, number) : NP_NO_SLOT;
    if (slot == NP_NO_SLOT || (e->current->refs[slot].flags & NP_REF_GUEST)) {
        return true;
    }
    const struct np_ref_record record = np_live_record(e->current, slot);
    if (is_own(&record, where)) {
        return true;
    }
    bool first = np_more_first(e, number) == 0;
    if (!np_endpoints_had(e, &record) || !np_more_reserve(e, number, e->had.count + 1)) {
        return false;
    }
    for (size_t i = 0; first && i < e->had.count; i++) {
        np_more_add(e, number, &e->had.items[i]);
    }
    np_more_add(e, number, where);
    return true;
}

static void note_node(struct netpol_endpoints *e, const struct np_where *where, uint32_t node)
{
    struct np_node_address *known = &e->nodes[where->family == 6][node];
    known->count++;
    known->where = *where;
}

/* What one pass over the addresses is for. */
struct pass {
    struct netpol_endpoints *e;
    bool owners;    /* addresses beyond the first go to their owners; else nodes are noted */
    uint64_t owned; /* sum over the addresses of endpoints */
    bool failed;
};

static void see_owner(struct pass *pass, const struct np_where *where, uint32_t number)
{
    pass->owned += number ? having(number, where) : 0;
    if (pass->owners) {
        pass->failed = pass->failed || !note_owner(pass->e, where, number);
    }
}

static void see_address(struct pass *pass, const struct np_where *where, struct np_party party)
{
    const struct netpol_endpoints *e = pass->e;
    if (party.signature >= NP_SIG_SHARED) {
        const struct np_shared *owner = &e->current->shared[party.signature - NP_SIG_SHARED];
        do {
            see_owner(pass, where, owner->endpoint);
        } while (!owner++->last);
        return;
    }
    if (!(e->matcher->hot.sig_class[party.signature] >> 24 & NP_SIG_NODE)) {
        see_owner(pass, where, (uint32_t)(party.who >> 32));
    } else if ((uint32_t)party.who && !pass->owners) {
        note_node(pass->e, where, (uint32_t)party.who);
    }
}

static void see_addresses(struct pass *pass)
{
    const struct np_live *live = pass->e->current;
    for (uint32_t i = 0; !pass->failed && i < 1u << live->table.bits4; i++) {
        uint64_t key = live->slots4[i].key;
        if ((uint32_t)key != NP_SIG_NONE) {
            see_address(pass, &(struct np_where){4, 0, key >> 32},
                        (struct np_party){(uint32_t)key, live->slots4[i].who});
        }
    }
    for (uint32_t i = 0; !pass->failed && i < 1u << live->table.bits6; i++) {
        const struct np_slot6 *slot = &live->slots6[i];
        if (slot->key != NP_SIG_NONE) {
            see_address(pass, &(struct np_where){6, slot->high, slot->low},
                        (struct np_party){(uint32_t)slot->key, slot->who});
        }
    }
}

/* As a rule the table says of addresses what the records say, and no owner need be looked up. */
static bool note_addresses(struct netpol_endpoints *e, uint64_t own)
{
    struct pass pass = {.e = e};
    see_addresses(&pass);
    if (pass.owned != own) {
        pass.owners = true;
        see_addresses(&pass);
    }
    return !pass.failed;
}

/* ---- beginning and end ---- */

static size_t nodes_bytes(const struct netpol_endpoints *e)
{
    return ((size_t)e->n_nodes + 1) * sizeof(struct np_node_address);
}

int np_endpoints_create(struct netpol_matcher *matcher, struct netpol_endpoints **out)
{
    struct netpol_endpoints *e = np_zalloc(matcher->ctx, sizeof *e);
    if (!e) {
        return NETPOL_ERR_MEMORY;
    }
    if (pthread_mutex_init(&e->lock, NULL)) {
        np_free(matcher->ctx, e, sizeof *e);
        return NETPOL_ERR_MEMORY;
    }
    e->ctx = matcher->ctx;
    e->matcher = np_matcher_ref(matcher);
    np_map_init(&e->more_of, e->ctx);
    np_map_init(&e->node_names, e->ctx);
    np_map_init(&e->journal.places, e->ctx);
    open_sections(e);
    uint64_t own = 0;
    e->nodes[0] = np_zalloc(e->ctx, nodes_bytes(e));
    e->nodes[1] = np_zalloc(e->ctx, nodes_bytes(e));
    if (!e->nodes[0] || !e->nodes[1] || !name_nodes(e) || !copy_frozen(e) || !fill_refs(e, &own) ||
        !note_addresses(e, own)) {
        np_endpoints_destroy(e);
        return NETPOL_ERR_MEMORY;
    }
    *out = e;
    return NETPOL_OK;
}

void np_endpoints_destroy(struct netpol_endpoints *endpoints)
{
    struct netpol_endpoints *e = endpoints;
    if (!e) {
        return;
    }
    struct netpol_ctx *ctx = e->ctx;
    np_endpoints_quiesce(e);
    np_live_destroy(ctx, e->current);
    np_learnt_destroy(e);
    np_free(ctx, e->nodes[0], nodes_bytes(e));
    np_free(ctx, e->nodes[1], nodes_bytes(e));
    np_map_free(&e->node_names);
    np_map_free(&e->more_of);
    np_vec_free(ctx, &e->more);
    np_vec_free(ctx, &e->had);
    np_vec_free(ctx, &e->wanted);
    np_vec_free(ctx, &e->gone);
    np_vec_free(ctx, &e->owners);
    np_journal_free(e);
    pthread_mutex_destroy(&e->lock);
    np_matcher_unref(e->matcher);
    np_free(ctx, e, sizeof *e);
}

void np_endpoints_stats(struct netpol_endpoints *endpoints, struct netpol_endpoints_stats *out)
{
    const struct np_journal *journal = &endpoints->journal;
    np_endpoints_lock(endpoints);
    const struct np_live *live = endpoints->current;
    out->endpoints = live->live[NP_LIVE_REFS];
    out->addresses = (uint64_t)live->live[NP_LIVE_4] + live->live[NP_LIVE_6];
    out->bytes = live->bytes;
    for (const struct np_live *old = endpoints->retired; old; old = old->next) {
        out->bytes += old->bytes;
    }
    out->writes = endpoints->writes;
    out->rebuilds = endpoints->rebuilds;
    out->uncompiled = endpoints->uncompiled;
    out->journal =
        journal->changes - (journal->n_marks ? journal->marks[journal->n_marks - 1].change : 0);
    np_endpoints_unlock(endpoints);
}

bool np_endpoints_changed(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    bool changed = endpoints->writes != 0;
    np_endpoints_unlock(endpoints);
    return changed;
}
