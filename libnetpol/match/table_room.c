/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the endpoints: a new table when the old one is full, old ones freed when nobody can
 * see them, and the pool of addresses beyond the first.
 */
#include "match/slot.h"

/* ---- old tables ---- */

static void free_retired(struct netpol_endpoints *e, uint64_t oldest, bool loose)
{
    struct np_live **link = &e->retired;
    while (*link) {
        struct np_live *live = *link;
        if (live->retired <= oldest && (loose || !live->loose)) {
            *link = live->next;
            np_live_destroy(e->ctx, live);
        } else {
            link = &live->next;
        }
    }
}

static void collect(struct netpol_endpoints *e)
{
    if (e->retired && e->slot) {
        free_retired(e, np_slot_oldest(e->slot), false);
    }
}

static void retire(struct netpol_endpoints *e, struct np_live *live)
{
    if (e->bound == 0 && e->in_slot == 0) { /* there is no view to see it through */
        np_live_destroy(e->ctx, live);
        return;
    }
    live->retired = e->slot ? np_slot_retire(e->slot) : 0;
    live->loose = !e->slot || e->bound > e->in_slot;
    live->next = e->retired;
    e->retired = live;
    collect(e);
}

void np_endpoints_collect(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    collect(endpoints);
    np_endpoints_unlock(endpoints);
}

void np_endpoints_quiesce(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    free_retired(endpoints, UINT64_MAX, true);
    np_endpoints_unlock(endpoints);
}

/* ---- a new table ---- */

int np_endpoints_reserve(struct netpol_endpoints *endpoints, const uint32_t more[NP_LIVE_PARTS],
                         uint32_t shared)
{
    struct np_live *current = endpoints->current;
    if (np_live_has_room(current, more, shared)) {
        return NETPOL_OK;
    }
    uint32_t room[NP_LIVE_PARTS];
    for (int part = 0; part < NP_LIVE_PARTS; part++) {
        room[part] = current->live[part] + more[part];
    }
    struct np_live *live = np_live_create(endpoints->ctx, room, current->n_shared + 2 * shared);
    if (!live) {
        return NETPOL_ERR_MEMORY;
    }
    np_live_copy(&current->table, live);
    live->table.named = current->table.named;
    endpoints->current = live;
    endpoints->rebuilds++;
    atomic_store_explicit(&endpoints->table, &live->table, memory_order_release);
    retire(endpoints, current);
    return NETPOL_OK;
}

/* ---- who sees them ---- */

void np_endpoints_bind(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    endpoints->bound++;
    np_endpoints_unlock(endpoints);
}

void np_endpoints_unbind(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    endpoints->bound--;
    np_endpoints_unlock(endpoints);
}

bool np_endpoints_attach(struct netpol_endpoints *endpoints, struct netpol_slot *slot, bool own)
{
    np_endpoints_lock(endpoints);
    bool fits = !endpoints->slot || endpoints->slot == slot;
    if (fits) {
        endpoints->slot = slot;
        endpoints->in_slot++;
        endpoints->owned = endpoints->owned || own;
    }
    np_endpoints_unlock(endpoints);
    return fits;
}

bool np_endpoints_detach(struct netpol_endpoints *endpoints)
{
    np_endpoints_lock(endpoints);
    bool last = --endpoints->in_slot == 0;
    if (last) { /* no reader of the slot can see any of its tables */
        free_retired(endpoints, UINT64_MAX, false);
        endpoints->slot = NULL;
    }
    np_endpoints_unlock(endpoints);
    return last && endpoints->owned;
}

/* ---- addresses beyond the first ---- */

static struct np_slice number_key(const uint32_t *number)
{
    return (struct np_slice){(const char *)number, sizeof *number};
}

uint32_t np_more_first(const struct netpol_endpoints *endpoints, uint32_t number)
{
    const uint64_t *first =
        endpoints->more_of.count ? np_map_find(&endpoints->more_of, number_key(&number)) : NULL;
    return first ? (uint32_t)*first : 0;
}

bool np_more_reserve(struct netpol_endpoints *endpoints, uint32_t number, size_t count)
{
    bool added;
    if (count == 0) {
        return true;
    }
    if (!np_map_add(&endpoints->more_of, number_key(&number), &added)) {
        return false;
    }
    while (endpoints->more_left < count) {
        struct np_more *more = np_vec_push(endpoints->ctx, &endpoints->more);
        if (!more) {
            return false;
        }
        *more = (struct np_more){.next = endpoints->more_free};
        endpoints->more_free = (uint32_t)endpoints->more.count;
        endpoints->more_left++;
    }
    return true;
}

void np_more_clear(struct netpol_endpoints *endpoints, uint32_t number, bool gone)
{
    uint64_t *first =
        endpoints->more_of.count ? np_map_find(&endpoints->more_of, number_key(&number)) : NULL;
    if (!first) {
        return;
    }
    for (uint32_t at = (uint32_t)*first; at;) {
        struct np_more *more = &endpoints->more.items[at - 1];
        uint32_t next = more->next;
        more->next = endpoints->more_free;
        endpoints->more_free = at;
        endpoints->more_left++;
        at = next;
    }
    *first = 0;
    if (gone) {
        np_map_remove(&endpoints->more_of, number_key(&number));
    }
}

void np_more_add(struct netpol_endpoints *endpoints, uint32_t number, const struct np_where *where)
{
    uint64_t *first = np_map_find(&endpoints->more_of, number_key(&number));
    uint32_t at = endpoints->more_free;
    struct np_more *more = &endpoints->more.items[at - 1];
    endpoints->more_free = more->next;
    endpoints->more_left--;
    *more = (struct np_more){.where = *where};
    uint32_t last = (uint32_t)*first; /* in the order given */
    while (last && endpoints->more.items[last - 1].next) {
        last = endpoints->more.items[last - 1].next;
    }
    if (last) {
        endpoints->more.items[last - 1].next = at;
    } else {
        *first = at;
    }
}
