/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes during a compile. The compile sees the store as of its snapshot; what is changed after
 * that in the endpoints in force must be true of the new ones as well.
 *
 * The table itself is the state, so the journal keeps no history: for each endpoint that changed
 * since a mark, the number of its last change, and what was said of it, because a newer compile may
 * look at labels that this one did not care for. Replaying is: what each such endpoint is now, it
 * becomes in the new table too, in the order of the last changes. An endpoint that lost an address
 * to another has changed as well.
 *
 * An endpoint of which only a kind number is known (netpol_endpoints_set) keeps it if both compiles
 * look at the same labels; else it waits for the next compile, UNKNOWN.
 */
#include "match/learn.h"

#include <stdlib.h>

static struct np_slice ref_key(const uint64_t *ref)
{
    return (struct np_slice){(const char *)ref, sizeof *ref};
}

static struct np_journal_entry *entry_of(const struct np_journal *journal, uint64_t ref)
{
    const uint64_t *place =
        journal->places.count ? np_map_find(&journal->places, ref_key(&ref)) : NULL;
    return place && *place ? &journal->entries.items[*place - 1] : NULL;
}

static void drop_spec(const struct netpol_ctx *ctx, struct np_journal_entry *entry)
{
    np_free(ctx, entry->spec, entry->spec_size);
    entry->spec = NULL;
    entry->spec_size = 0;
}

bool np_journal_reserve(struct netpol_endpoints *endpoints, uint64_t ref)
{
    struct np_journal *journal = &endpoints->journal;
    bool added;
    if (journal->n_marks == 0) {
        return true;
    }
    uint64_t *place = np_map_add(&journal->places, ref_key(&ref), &added);
    if (!place) {
        return false;
    }
    if (*place == 0) {
        struct np_journal_entry *entry = np_vec_push(endpoints->ctx, &journal->entries);
        if (!entry) {
            return false; /* a place without an entry is an empty one */
        }
        *entry = (struct np_journal_entry){.ref = ref};
        *place = journal->entries.count;
    }
    return true;
}

void np_journal_note(struct netpol_endpoints *endpoints, uint64_t ref, bool said)
{
    struct np_journal_entry *entry = entry_of(&endpoints->journal, ref);
    uint64_t change = ++endpoints->journal.changes;
    if (entry) {
        entry->change = change;
        if (said) {
            entry->said = change;
            drop_spec(endpoints->ctx, entry);
        }
    }
}

void np_journal_spec(struct netpol_endpoints *endpoints, uint64_t ref, void *spec, size_t size)
{
    struct np_journal_entry *entry = entry_of(&endpoints->journal, ref);
    if (entry) {
        drop_spec(endpoints->ctx, entry);
        entry->spec = spec;
        entry->spec_size = size;
    } else {
        np_free(endpoints->ctx, spec, size);
    }
}

void np_journal_free(struct netpol_endpoints *endpoints)
{
    struct np_journal *journal = &endpoints->journal;
    for (size_t i = 0; i < journal->entries.count; i++) {
        drop_spec(endpoints->ctx, &journal->entries.items[i]);
    }
    np_vec_free(endpoints->ctx, &journal->entries);
    np_map_free(&journal->places);
}

/* Forgets what every mark that is left has seen. */
static void purge(struct netpol_endpoints *endpoints)
{
    struct np_journal *journal = &endpoints->journal;
    for (size_t i = journal->entries.count; i-- > 0;) {
        struct np_journal_entry *entry = &journal->entries.items[i];
        struct np_journal_entry *last = &journal->entries.items[journal->entries.count - 1];
        if (entry->change > journal->marks[0].change) {
            continue;
        }
        drop_spec(endpoints->ctx, entry);
        np_map_remove(&journal->places, ref_key(&entry->ref));
        if (entry != last) {
            *entry = *last;
            *np_map_find(&journal->places, ref_key(&entry->ref)) = i + 1;
        }
        journal->entries.count--;
    }
}

void np_endpoints_mark(struct netpol_endpoints *endpoints, uint64_t generation)
{
    np_endpoints_lock(endpoints);
    struct np_journal *journal = &endpoints->journal;
    if (journal->n_marks == NP_MARKS) {
        memmove(journal->marks, journal->marks + 1, (NP_MARKS - 1) * sizeof *journal->marks);
        journal->n_marks--;
    }
    journal->marks[journal->n_marks++] = (struct np_mark){generation, journal->changes};
    purge(endpoints);
    np_endpoints_unlock(endpoints);
}

void np_endpoints_marked(struct netpol_endpoints *endpoints, uint64_t number, uint64_t generation)
{
    np_endpoints_lock(endpoints);
    struct np_journal *journal = &endpoints->journal;
    for (uint32_t i = 0; i < journal->n_marks; i++) {
        struct np_mark *mark = &journal->marks[i];
        mark->generation = mark->generation == number ? generation : mark->generation;
    }
    np_endpoints_unlock(endpoints);
}

/* ---- replay ---- */

static const struct np_mark *mark_of(const struct np_journal *journal, uint64_t generation)
{
    for (uint32_t i = 0; i < journal->n_marks; i++) {
        if (journal->marks[i].generation == generation) {
            return &journal->marks[i];
        }
    }
    return NULL;
}

static bool same_projection(const struct netpol_endpoints *a, const struct netpol_endpoints *b)
{
    const struct np_image *x = &a->matcher->image, *y = &b->matcher->image;
    uint32_t count = x->count[NP_SECTION_PROJECTION];
    return count == y->count[NP_SECTION_PROJECTION] &&
           (count == 0 || memcmp(x->section[NP_SECTION_PROJECTION],
                                 y->section[NP_SECTION_PROJECTION], count * sizeof(uint32_t)) == 0);
}

/* The kind that an endpoint of `from` has in `to`. OK, ERR_MEMORY. */
static int kind_in(const struct netpol_endpoints *from, const struct netpol_endpoints *to,
                   const struct np_journal_entry *entry, const struct np_mark *mark,
                   const struct np_ref_record *record, uint32_t *kind)
{
    *kind = 0;
    if (entry->spec) {
        return np_spec_kind(to, entry->spec, kind);
    }
    if (entry->said <= mark->change) { /* as the compile saw it, but for its addresses */
        uint32_t slot = np_live_find_ref(to->current, record->slot.ref);
        *kind = slot == NP_NO_SLOT ? 0 : to->current->own[slot].kind;
        return NETPOL_OK;
    }
    if (same_projection(from, to)) {
        uint32_t count;
        const uint64_t *words = np_kinds_words(&from->kinds, record->own.kind, &count);
        *kind = words ? np_kinds_find(&to->kinds, words, count) : 0;
    }
    return NETPOL_OK;
}

static uint32_t node_in(const struct netpol_endpoints *from, const struct netpol_endpoints *to,
                        uint32_t node)
{
    const uint32_t *names = from->matcher->image.section[NP_SECTION_NODES];
    const char *strings = from->matcher->image.section[NP_SECTION_STRINGS];
    return node ? np_endpoints_node(to, strings + names[node - 1]) : 0;
}

static int replay_one(struct netpol_endpoints *from, struct netpol_endpoints *to,
                      const struct np_journal_entry *entry, const struct np_mark *mark)
{
    uint32_t slot = np_live_find_ref(from->current, entry->ref);
    if (slot == NP_NO_SLOT) {
        int status = np_endpoints_forget(to, entry->ref);
        return status == NETPOL_ERR_NOT_FOUND ? NETPOL_OK : status;
    }
    struct np_ref_record record = np_live_record(from->current, slot);
    struct np_becoming becoming = {.ref = entry->ref,
                                   .node = node_in(from, to, (uint32_t)record.slot.who),
                                   .flags = record.slot.flags & NP_REF_GUEST};
    int status = kind_in(from, to, entry, mark, &record, &becoming.kind);
    if (status != NETPOL_OK) {
        return status;
    }
    if (becoming.kind) {
        becoming.flags = np_kind_ref_flags(&to->kinds, becoming.kind);
    }
    record.slot.flags = 0; /* also those that are its node's */
    if (!np_endpoints_had(from, &record)) {
        return NETPOL_ERR_MEMORY;
    }
    becoming.items = from->had.items;
    becoming.count = from->had.count;
    status = np_endpoints_become(to, &becoming);
    return status < 0 ? status : NETPOL_OK;
}

static int compare_changes(const void *a, const void *b)
{
    const struct np_journal_entry *x = *(const struct np_journal_entry *const *)a;
    const struct np_journal_entry *y = *(const struct np_journal_entry *const *)b;
    return x->change < y->change ? -1 : x->change > y->change;
}

static int replay(struct netpol_endpoints *from, struct netpol_endpoints *to,
                  const struct np_mark *mark)
{
    const struct np_journal *journal = &from->journal;
    size_t size = (journal->entries.count + 1) * sizeof(struct np_journal_entry *), count = 0;
    const struct np_journal_entry **order = np_alloc(from->ctx, size);
    if (!order) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < journal->entries.count; i++) {
        if (journal->entries.items[i].change > mark->change) {
            order[count++] = &journal->entries.items[i];
        }
    }
    qsort(order, count, sizeof *order, compare_changes);
    int status = NETPOL_OK;
    for (size_t i = 0; i < count && status == NETPOL_OK; i++) {
        status = replay_one(from, to, order[i], mark);
    }
    np_free(from->ctx, order, size);
    return status;
}

int np_endpoints_advance(struct netpol_endpoints *from, struct netpol_matcher *matcher,
                         struct netpol_endpoints **out)
{
    struct netpol_endpoints *to = NULL;
    np_endpoints_lock(from);
    const struct np_mark *mark = mark_of(&from->journal, matcher->generation);
    int status = mark ? np_endpoints_create(matcher, &to) : NETPOL_ERR_STATE;
    if (status == NETPOL_OK) {
        status = replay(from, to, mark);
    }
    status = status == NETPOL_OK ? np_learnt_copy(from, to) : status;
    np_endpoints_unlock(from);
    if (status == NETPOL_OK) {
        *out = to;
    } else {
        np_endpoints_destroy(to);
    }
    return status;
}
