/* SPDX-License-Identifier: Apache-2.0 */
/* Learning, expiry, forgetting; and what an address is in the table with the names it has. */
#include "match/learn.h"
#include "base/defect.h"
#include "image/project.h"
#include "image/trie_find.h"

enum { NAME_MOST = 255 };

/* What the address is without names, and to whom it belongs. */
struct bare {
    bool owned; /* an endpoint's or a node's: names do not count */
    bool told;  /* the compile says of this very address what it is (a service's) */
    uint32_t signature;
};

static bool is_owned(const struct netpol_endpoints *e, struct np_party party)
{
    if (np_is_shared(party.signature)) {
        return true;
    }
    bool node = np_is_single(party.signature) &&
                e->matcher->hot.sig_class[party.signature] >> 24 & NP_SIG_NODE;
    return !np_defect(NAMES_OF_PODS) && (party.who >> 32 || node);
}

static struct bare bare_of(const struct netpol_endpoints *e, const struct np_where *where)
{
    const struct np_hot *hot = &e->matcher->hot;
    const struct np_table *frozen = &e->matcher->frozen;
    struct np_party as_compiled;
    uint32_t place;
    if (where->family == 4) {
        as_compiled = np_party_search4(hot, frozen, (uint32_t)where->low);
        place = np_trie4_find(hot->trie4, hot->trie4_bits, (uint32_t)where->low);
    } else {
        as_compiled = np_party_search6(hot, frozen, where->high, where->low);
        place = np_trie6_find(hot->trie6, hot->trie6_bits, where->high, where->low);
    }
    bool single = np_is_single(as_compiled.signature) && as_compiled.who >> 32 == 0;
    bool node = single && hot->sig_class[as_compiled.signature] >> 24 & NP_SIG_NODE;
    return (struct bare){.owned = node,
                         .told = single && as_compiled.signature != place,
                         .signature = single ? as_compiled.signature : place};
}

/* ---- one address ---- */

/* What an address was said to be, and the set of the only name that came since. */
struct since {
    uint32_t origin, added; /* origin NP_NAMED_NOT: not known */
};
static const struct since unknown = {NP_NAMED_NOT, 0};

/* The signature of an address that nobody has, with its names. OK (NP_SIG_NONE: they do not
 * count), ERR_MEMORY, ERR_LIMIT. */
static int sign(struct netpol_endpoints *e, uint32_t address, uint32_t base, struct since since,
                uint32_t *signature)
{
    struct np_learnt *book = e->learnt;
    struct np_named_address *record = &book->address.items[address];
    struct np_named_order order = {.where = &record->where, .base = base, .origin = since.origin};
    uint32_t number;
    *signature = NP_SIG_NONE;
    if (since.origin == NP_NAMED_NOT) {
        order.set = np_book_set(book, address);
        order.parts = book->parts.items;
        order.n_parts = (uint32_t)book->parts.count;
    } else {
        uint32_t before = np_named_at(&book->named.table, NP_SIG_NAMED + since.origin)->set;
        before = np_defect(NAMES_LAST_ONE) ? since.added : before;
        order.set = np_named_join(&book->named, before, since.added);
        order.parts = &since.added;
        order.n_parts = 1;
    }
    if (order.set == UINT32_MAX) {
        return NETPOL_ERR_MEMORY;
    }
    if (!np_named_find(&book->named, base, order.set, &number)) {
        int status = np_named_make(&book->named, &order, &number);
        if (status != NETPOL_OK) {
            return status;
        }
    }
    record->told = number;
    if (number != NP_NAMED_NOT) {
        *signature = NP_SIG_NAMED + number;
    }
    return NETPOL_OK;
}

/* The address is nobody's and without names: as compiled, or in no slot. */
static void set_bare(struct netpol_endpoints *e, const struct np_where *where, uint32_t slot,
                     const struct bare *bare)
{
    if (slot == NP_NO_SLOT) {
        return;
    }
    if (bare->told) {
        np_live_set(e->current, where, slot, (struct np_party){bare->signature, 0});
    } else {
        np_live_kill(e->current, where, slot);
    }
}

/* Says in the table what the address is with the names it has now. On failure nothing changed. */
static int tell(struct netpol_endpoints *e, uint32_t address, struct since since)
{
    const struct np_where where = e->learnt->address.items[address].where;
    uint32_t slot = np_live_find(e->current, &where), signature = NP_SIG_NONE;
    if (!e->learnt->named.namer->used ||
        (slot != NP_NO_SLOT && is_owned(e, np_live_party(e->current, &where, slot)))) {
        return NETPOL_OK;
    }
    const struct bare bare = bare_of(e, &where);
    int status = NETPOL_OK;
    if (!bare.owned && e->learnt->address.items[address].count) {
        const uint32_t more[NP_LIVE_PARTS] = {
            [NP_LIVE_4] = where.family == 4, [NP_LIVE_6] = where.family == 6};
        status = sign(e, address, bare.signature, since, &signature);
        status = status == NETPOL_OK ? np_endpoints_reserve(e, more, 0) : status;
    }
    if (status != NETPOL_OK) {
        return status;
    }
    slot = np_live_find(e->current, &where);
    if (signature == NP_SIG_NONE) {
        set_bare(e, &where, slot, &bare);
    } else {
        np_live_set(e->current, &where, slot, (struct np_party){signature, 0});
    }
    return NETPOL_OK;
}

/* ---- addresses that are to be told anew ---- */

static void unsettle(struct np_learnt *book, uint32_t address)
{
    struct np_named_address *record = &book->address.items[address];
    if (!record->unsettled) {
        record->unsettled = true;
        record->next = book->unsettled;
        book->unsettled = address + 1;
    }
}

/* An entry is over: the address is told anew if that matters. */
static void drop(struct np_learnt *book, uint32_t entry)
{
    uint32_t address = book->entry.items[entry].address;
    if (np_book_drop(book, entry) && !np_defect(NAMES_GONE_STAY)) {
        book->address.items[address].told = NP_NAMED_NOT;
        unsettle(book, address);
    }
}

/* Never as it was: the names it had then are over. */
static void make_unknown(struct netpol_endpoints *e, const struct np_where *where)
{
    uint32_t slot = np_live_find(e->current, where);
    if (slot != NP_NO_SLOT && !is_owned(e, np_live_party(e->current, where, slot))) {
        np_live_set(e->current, where, slot, (struct np_party){NP_SIG_UNCOMPILED, 0});
    }
}

/* All of them; those that cannot be told stay for a later call. The first failure. */
static int settle(struct netpol_endpoints *e)
{
    struct np_learnt *book = e->learnt;
    uint32_t next = book->unsettled;
    int status = NETPOL_OK;
    book->unsettled = 0;
    while (next) {
        uint32_t address = next - 1;
        struct np_named_address *record = &book->address.items[address];
        next = record->next;
        record->unsettled = false;
        int told = tell(e, address, unknown);
        if (told != NETPOL_OK) {
            status = status == NETPOL_OK ? told : status;
            make_unknown(e, &record->where);
            unsettle(book, address);
        } else {
            np_book_sweep_address(book, address);
        }
    }
    return status;
}

/* ---- learning ---- */

/* Lower case, without the dot at the end. false: no name. */
static bool canonical(struct np_slice given, char text[NAME_MOST + 1], struct np_slice *out)
{
    size_t len = given.len && given.ptr[given.len - 1] == '.' ? given.len - 1 : given.len;
    if (len == 0 || len > NAME_MOST) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = given.ptr[i];
        bool upper = c >= 'A' && c <= 'Z' && !np_defect(NAMES_BY_CASE);
        text[i] = (char)(upper ? c + ('a' - 'A') : c);
    }
    *out = (struct np_slice){text, len};
    return true;
}

/* OK, ERR_MEMORY, ERR_UNSUPPORTED. */
static int open_book(struct netpol_endpoints *e)
{
    const struct netpol_matcher *matcher = e->matcher;
    if (e->learnt) {
        return NETPOL_OK;
    }
    if (!matcher->full) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    e->learnt = np_book_create(e->ctx, &matcher->hot, matcher->full->namer(matcher));
    if (e->learnt) {
        e->current->table.named = &e->learnt->named.table; /* seen once a slot leads there */
    }
    return e->learnt ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* A pair that is new, told in the table. On failure nothing is left of it. */
static int add(struct netpol_endpoints *e, uint32_t address, uint32_t name, uint64_t end)
{
    struct np_learnt *book = e->learnt;
    bool news;
    uint32_t entry = np_book_add(book, address, name, end, &news);
    if (entry == UINT32_MAX) {
        return NETPOL_ERR_MEMORY;
    }
    if (!news) {
        return NETPOL_OK;
    }
    struct np_named_address *record = &book->address.items[address];
    const struct since since = {record->told, book->name.items[name].set};
    record->told = NP_NAMED_NOT; /* until it is */
    int status = tell(e, address, since);
    if (status != NETPOL_OK) {
        (void)np_book_drop(book, entry);
    }
    return status;
}

static int learn(struct netpol_endpoints *e, struct np_slice text, const struct np_where *where,
                 uint64_t end)
{
    struct np_learnt *book = e->learnt;
    uint32_t name = np_book_name(book, text);
    uint32_t address = name == UINT32_MAX ? UINT32_MAX : np_book_address(book, where);
    if (name == UINT32_MAX) {
        return NETPOL_ERR_MEMORY;
    }
    if (address == UINT32_MAX) {
        np_book_sweep_name(book, name);
        return NETPOL_ERR_MEMORY;
    }
    uint32_t entry = np_book_find_entry(book, address, name);
    int status = NETPOL_OK;
    if (entry != UINT32_MAX) {
        np_book_extend(book, entry, end);
    } else {
        status = add(e, address, name, end);
    }
    if (book->name.items[name].text) {
        np_book_sweep_name(book, name);
    }
    np_book_sweep_address(book, address);
    return status;
}

int np_names_learn(struct netpol_endpoints *endpoints, struct np_slice name,
                   const struct np_where *where, uint64_t ttl, uint64_t now)
{
    char room[NAME_MOST + 1];
    struct np_slice text;
    if (!canonical(name, room, &text)) {
        return NETPOL_ERR_ARGUMENT;
    }
    uint64_t end = ttl < NETPOL_NAMES_FOREVER - now ? now + ttl : NETPOL_NAMES_FOREVER;
    np_endpoints_lock(endpoints);
    int status = open_book(endpoints);
    if (status == NETPOL_OK && ttl &&
        (end == NETPOL_NAMES_FOREVER || end > endpoints->learnt->now)) {
        status = learn(endpoints, text, where, end);
        if (status == NETPOL_OK && endpoints->learnt->unsettled) {
            (void)settle(endpoints);
        }
    }
    np_endpoints_unlock(endpoints);
    return status;
}

/* ---- time ---- */

int np_names_advance(struct netpol_endpoints *endpoints, uint64_t now)
{
    np_endpoints_lock(endpoints);
    int status = open_book(endpoints);
    struct np_learnt *book = endpoints->learnt;
    if (status == NETPOL_ERR_UNSUPPORTED) { /* where nothing can be learnt, nothing is over */
        status = NETPOL_OK;
    }
    if (book) {
        book->now = now > book->now ? now : book->now;
        uint64_t over = book->now - (np_defect(NAMES_END_INCLUDED) && book->now);
        while (book->heap.count && book->entry.items[book->heap.items[0]].end <= over) {
            drop(book, book->heap.items[0]);
        }
        status = settle(endpoints);
    }
    np_endpoints_unlock(endpoints);
    return status;
}

/* ---- forgetting ---- */

static bool is_meant(const struct np_name_entry *entry, uint32_t name, uint32_t address)
{
    return (name == UINT32_MAX || entry->name == name) &&
           (address == UINT32_MAX || entry->address == address);
}

static bool is_live(const struct np_learnt *book, uint32_t entry)
{
    const struct np_name_entry *e = &book->entry.items[entry];
    return e->end != 0; /* free ones are all zero but for the list */
}

/* name, address: UINT32_MAX: any. How many. */
static uint64_t drop_all(struct np_learnt *book, uint32_t name, uint32_t address)
{
    uint64_t dropped = 0;
    for (uint32_t i = 0; i < book->entry.count; i++) {
        if (is_live(book, i) && is_meant(&book->entry.items[i], name, address)) {
            drop(book, i);
            dropped++;
        }
    }
    return dropped;
}

static uint64_t drop_one(struct np_learnt *book, uint32_t name, uint32_t address)
{
    uint32_t entry = np_book_find_entry(book, address, name);
    if (entry == UINT32_MAX) {
        return 0;
    }
    drop(book, entry);
    return 1;
}

int np_names_forget(struct netpol_endpoints *endpoints, struct np_slice name,
                    const struct np_where *where)
{
    char room[NAME_MOST + 1];
    struct np_slice text = {0};
    if (name.ptr && !canonical(name, room, &text)) {
        return NETPOL_ERR_ARGUMENT;
    }
    np_endpoints_lock(endpoints);
    struct np_learnt *book = endpoints->learnt;
    uint64_t dropped = 0;
    uint32_t which = book && name.ptr ? np_book_find_name(book, text) : UINT32_MAX;
    uint32_t address = book && where ? np_book_find_address(book, where) : UINT32_MAX;
    bool known = book && (!name.ptr || which != UINT32_MAX) && (!where || address != UINT32_MAX);
    if (known && name.ptr && where) {
        dropped = drop_one(book, which, address);
    } else if (known) {
        dropped = drop_all(book, which, address);
    }
    int status = dropped ? settle(endpoints) : NETPOL_ERR_NOT_FOUND;
    np_endpoints_unlock(endpoints);
    return status;
}

bool np_names_places(struct netpol_endpoints *endpoints, const struct netpol_ctx *ctx,
                     struct np_where_list *list)
{
    bool fine = true;
    np_endpoints_lock(endpoints);
    const struct np_learnt *book = endpoints->learnt;
    for (size_t i = 0; book && fine && i < book->address.count; i++) {
        if (book->address.items[i].count) {
            struct np_where *place = np_vec_push(ctx, list);
            fine = place != NULL;
            if (place) {
                *place = book->address.items[i].where;
            }
        }
    }
    np_endpoints_unlock(endpoints);
    return fine;
}

/* ---- for the table ---- */

bool np_learnt_party(struct netpol_endpoints *endpoints, const struct np_where *where,
                     struct np_party *out)
{
    struct np_learnt *book = endpoints->learnt;
    uint32_t address =
        book && book->named.namer->used ? np_book_find_address(book, where) : UINT32_MAX;
    if (address == UINT32_MAX || book->address.items[address].count == 0) {
        return false;
    }
    const struct bare bare = bare_of(endpoints, where);
    *out = (struct np_party){NP_SIG_NONE, 0};
    if (!bare.owned &&
        sign(endpoints, address, bare.signature, unknown, &out->signature) != NETPOL_OK) {
        out->signature = NP_SIG_UNCOMPILED;
        unsettle(book, address);
    }
    return out->signature != NP_SIG_NONE;
}

int np_learnt_copy(struct netpol_endpoints *from, struct netpol_endpoints *to)
{
    const struct np_learnt *book = from->learnt;
    int status = book && (book->pairs.count || book->now) ? open_book(to) : NETPOL_OK;
    if (status == NETPOL_ERR_UNSUPPORTED && book->pairs.count == 0) {
        return NETPOL_OK;
    }
    uint32_t count = book && !np_defect(NAMES_LOST) ? (uint32_t)book->entry.count : 0;
    for (uint32_t i = 0; i < count && status == NETPOL_OK; i++) {
        if (is_live(book, i)) {
            const struct np_name_entry *entry = &book->entry.items[i];
            const struct np_name_record *name = &book->name.items[entry->name];
            status = learn(to, (struct np_slice){name->text, name->len},
                           &book->address.items[entry->address].where, entry->end);
        }
    }
    if (status == NETPOL_OK && to->learnt) {
        to->learnt->now = book->now;
    }
    return status;
}

void np_learnt_destroy(struct netpol_endpoints *endpoints)
{
    np_book_destroy(endpoints->learnt);
    endpoints->learnt = NULL;
}

/* ---- counts ---- */

static uint64_t book_bytes(const struct np_learnt *book)
{
    const struct np_map *maps[] = {
        &book->names,         &book->addresses,         &book->pairs,
        &book->facts,         &book->named.set_numbers, &book->named.places,
        &book->named.columns, &book->named.combinations};
    uint64_t bytes = sizeof *book + book->text_bytes + book->named.arena.bytes;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        bytes += maps[i]->keys.bytes + maps[i]->capacity * (4 * sizeof(uint64_t));
    }
    bytes += book->name.capacity * sizeof *book->name.items;
    bytes += book->address.capacity * sizeof *book->address.items;
    bytes += book->entry.capacity * sizeof *book->entry.items;
    bytes += book->fact.capacity * sizeof *book->fact.items;
    return bytes + book->heap.capacity * sizeof *book->heap.items;
}

void np_names_stats(struct netpol_endpoints *endpoints, struct netpol_names_stats *out)
{
    *out = (struct netpol_names_stats){.size = sizeof *out, .next_end = NETPOL_NAMES_FOREVER};
    np_endpoints_lock(endpoints);
    const struct np_learnt *book = endpoints->learnt;
    if (book) {
        out->names = book->names.count;
        out->addresses = book->addresses.count;
        out->entries = book->pairs.count;
        out->now = book->now;
        out->next_end =
            book->heap.count ? book->entry.items[book->heap.items[0]].end : NETPOL_NAMES_FOREVER;
        out->combinations = book->named.n_combinations;
        out->evaluated = book->named.folded;
        for (uint32_t at = book->unsettled; at; at = book->address.items[at - 1].next) {
            out->unsettled++;
        }
        out->bytes = book_bytes(book);
    }
    np_endpoints_unlock(endpoints);
}
