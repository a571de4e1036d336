/* SPDX-License-Identifier: Apache-2.0 */
/* The book: names, addresses, and which of both belong together until when. Records are pools with
 * free lists, so that what comes and goes takes no more room than what is live at once. */
#include "match/learn.h"
#include "base/defect.h"

struct np_learnt *np_book_create(const struct netpol_ctx *ctx, const struct np_hot *hot,
                                 const struct np_namer *namer)
{
    struct np_learnt *book = np_zalloc(ctx, sizeof *book);
    if (!book) {
        return NULL;
    }
    book->ctx = ctx;
    np_map_init(&book->names, ctx);
    np_map_init(&book->addresses, ctx);
    np_map_init(&book->pairs, ctx);
    np_map_init(&book->facts, ctx);
    if (!np_named_begin(ctx, hot, namer, &book->named)) {
        np_book_destroy(book);
        return NULL;
    }
    return book;
}

void np_book_destroy(struct np_learnt *book)
{
    if (!book) {
        return;
    }
    const struct netpol_ctx *ctx = book->ctx;
    for (size_t i = 0; i < book->name.count; i++) {
        if (book->name.items[i].text) {
            np_free(ctx, book->name.items[i].text, book->name.items[i].len);
        }
    }
    np_named_free(&book->named);
    np_map_free(&book->names);
    np_map_free(&book->addresses);
    np_map_free(&book->pairs);
    np_map_free(&book->facts);
    np_vec_free(ctx, &book->name);
    np_vec_free(ctx, &book->address);
    np_vec_free(ctx, &book->entry);
    np_vec_free(ctx, &book->heap);
    np_vec_free(ctx, &book->fact);
    np_vec_free(ctx, &book->parts);
    np_free(ctx, book, sizeof *book);
}

/* ---- keys ---- */

struct pair {
    uint32_t address, other; /* a name, or a set */
};

static struct np_slice pair_key(const struct pair *pair)
{
    return (struct np_slice){(const char *)pair, sizeof *pair};
}

struct address_key {
    uint64_t words[3];
};

static struct address_key key_of(const struct np_where *where)
{
    return (struct address_key){
        {where->family, where->high, where->low}
    };
}

static struct np_slice address_slice(const struct address_key *key)
{
    return (struct np_slice){(const char *)key, sizeof *key};
}

static uint32_t found(const struct np_map *map, struct np_slice key)
{
    const uint64_t *at = map->count ? np_map_find(map, key) : NULL;
    return at && *at ? (uint32_t)*at - 1 : UINT32_MAX;
}

uint32_t np_book_find_name(const struct np_learnt *book, struct np_slice text)
{
    return found(&book->names, text);
}

uint32_t np_book_find_address(const struct np_learnt *book, const struct np_where *where)
{
    const struct address_key key = key_of(where);
    return found(&book->addresses, address_slice(&key));
}

uint32_t np_book_find_entry(const struct np_learnt *book, uint32_t address, uint32_t name)
{
    const struct pair pair = {address, name};
    return found(&book->pairs, pair_key(&pair));
}

/* ---- names ---- */

/* A record that is free, not taken yet. false: no memory. */
static bool have_free_name(struct np_learnt *book)
{
    if (book->free_name == 0) {
        struct np_name_record *record = np_vec_push(book->ctx, &book->name);
        if (record) {
            *record = (struct np_name_record){0};
            book->free_name = (uint32_t)book->name.count;
        }
    }
    return book->free_name != 0;
}

uint32_t np_book_name(struct np_learnt *book, struct np_slice text)
{
    uint32_t known = np_book_find_name(book, text);
    if (known != UINT32_MAX) {
        return known;
    }
    bool added;
    uint32_t set = np_named_match(&book->named, text);
    char *copy = set != UINT32_MAX && have_free_name(book) ? np_alloc(book->ctx, text.len) : NULL;
    uint64_t *at = copy ? np_map_add(&book->names, text, &added) : NULL;
    if (!at) {
        np_free(book->ctx, copy, text.len);
        return UINT32_MAX;
    }
    memcpy(copy, text.ptr, text.len);
    uint32_t index = book->free_name - 1;
    struct np_name_record *record = &book->name.items[index];
    book->free_name = record->next;
    *record = (struct np_name_record){.text = copy, .len = (uint32_t)text.len, .set = set};
    *at = index + 1;
    book->text_bytes += text.len;
    return index;
}

void np_book_sweep_name(struct np_learnt *book, uint32_t name)
{
    struct np_name_record *record = &book->name.items[name];
    if (record->count == 0 && record->text) {
        np_map_remove(&book->names, (struct np_slice){record->text, record->len});
        np_free(book->ctx, record->text, record->len);
        book->text_bytes -= record->len;
        *record = (struct np_name_record){.next = book->free_name};
        book->free_name = name + 1;
    }
}

/* ---- addresses ---- */

uint32_t np_book_address(struct np_learnt *book, const struct np_where *where)
{
    const struct address_key key = key_of(where);
    bool added;
    uint64_t *at = np_map_add(&book->addresses, address_slice(&key), &added);
    if (!at || *at) {
        return at ? (uint32_t)*at - 1 : UINT32_MAX;
    }
    if (book->free_address == 0) {
        struct np_named_address *record = np_vec_push(book->ctx, &book->address);
        if (!record) {
            np_map_remove(&book->addresses, address_slice(&key));
            return UINT32_MAX;
        }
        *record = (struct np_named_address){0};
        book->free_address = (uint32_t)book->address.count;
    }
    uint32_t index = book->free_address - 1;
    struct np_named_address *record = &book->address.items[index];
    book->free_address = record->next;
    *record = (struct np_named_address){.where = *where, .told = NP_NAMED_NOT};
    *at = index + 1;
    return index;
}

void np_book_sweep_address(struct np_learnt *book, uint32_t address)
{
    struct np_named_address *record = &book->address.items[address];
    if (record->count == 0 && !record->unsettled && record->where.family) {
        const struct address_key key = key_of(&record->where);
        np_map_remove(&book->addresses, address_slice(&key));
        *record = (struct np_named_address){.next = book->free_address};
        book->free_address = address + 1;
    }
}

/* ---- the heap: the first end on top ---- */

static void put(struct np_learnt *book, uint32_t at, uint32_t entry)
{
    book->heap.items[at] = entry;
    book->entry.items[entry].heap = at + 1;
}

static uint64_t end_at(const struct np_learnt *book, uint32_t at)
{
    return book->entry.items[book->heap.items[at]].end;
}

static void sift_up(struct np_learnt *book, uint32_t at)
{
    uint32_t entry = book->heap.items[at];
    for (; at > 0 && end_at(book, (at - 1) / 2) > book->entry.items[entry].end; at = (at - 1) / 2) {
        put(book, at, book->heap.items[(at - 1) / 2]);
    }
    put(book, at, entry);
}

static void sift_down(struct np_learnt *book, uint32_t at)
{
    uint32_t entry = book->heap.items[at], count = (uint32_t)book->heap.count;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < count && end_at(book, child + 1) < end_at(book, child)) {
            child++;
        }
        if (child >= count || end_at(book, child) >= book->entry.items[entry].end) {
            break;
        }
        put(book, at, book->heap.items[child]);
        at = child;
    }
    put(book, at, entry);
}

static void leave_heap(struct np_learnt *book, uint32_t entry)
{
    uint32_t at = book->entry.items[entry].heap;
    if (at == 0) {
        return;
    }
    book->entry.items[entry].heap = 0;
    uint32_t last = book->heap.items[--book->heap.count];
    if (last != entry) {
        put(book, at - 1, last);
        sift_up(book, at - 1);
        sift_down(book, book->entry.items[last].heap - 1);
    }
}

/* ---- facts ---- */

static bool have_free_fact(struct np_learnt *book)
{
    if (book->free_fact == 0) {
        struct np_name_fact *fact = np_vec_push(book->ctx, &book->fact);
        if (fact) {
            *fact = (struct np_name_fact){0};
            book->free_fact = (uint32_t)book->fact.count;
        }
    }
    return book->free_fact != 0;
}

/* One name more of which this is true. Names that satisfy nothing are no fact. false: no memory. */
static bool add_fact(struct np_learnt *book, uint32_t address, uint32_t set, bool *news)
{
    const struct pair pair = {address, set};
    bool added;
    if (set == 0) {
        return true;
    }
    uint64_t *at = have_free_fact(book) ? np_map_add(&book->facts, pair_key(&pair), &added) : NULL;
    if (at && *at == 0) {
        struct np_named_address *owner = &book->address.items[address];
        *at = book->free_fact;
        struct np_name_fact *fact = &book->fact.items[*at - 1];
        book->free_fact = fact->next;
        *fact = (struct np_name_fact){.address = address, .set = set, .next = owner->first};
        if (owner->first) {
            book->fact.items[owner->first - 1].before = (uint32_t)*at;
        }
        owner->first = (uint32_t)*at;
        *news = true;
    }
    if (at) {
        book->fact.items[*at - 1].count++;
    }
    return at != NULL;
}

/* One less. Was it the last? */
static bool drop_fact(struct np_learnt *book, uint32_t address, uint32_t set)
{
    const struct pair pair = {address, set};
    uint32_t index = set ? found(&book->facts, pair_key(&pair)) : UINT32_MAX;
    if (index == UINT32_MAX || (--book->fact.items[index].count && !np_defect(NAMES_GO_TOGETHER))) {
        return false;
    }
    struct np_name_fact *fact = &book->fact.items[index];
    np_map_remove(&book->facts, pair_key(&pair));
    if (fact->before) {
        book->fact.items[fact->before - 1].next = fact->next;
    } else {
        book->address.items[address].first = fact->next;
    }
    if (fact->next) {
        book->fact.items[fact->next - 1].before = fact->before;
    }
    *fact = (struct np_name_fact){.next = book->free_fact};
    book->free_fact = index + 1;
    return true;
}

/* ---- entries ---- */

/* Room for one more in the pool and the heap. */
static bool have_free_entry(struct np_learnt *book)
{
    if (book->free_entry == 0) {
        struct np_name_entry *entry = np_vec_push(book->ctx, &book->entry);
        if (entry) {
            *entry = (struct np_name_entry){0};
            book->free_entry = (uint32_t)book->entry.count;
        }
    }
    return book->free_entry != 0 &&
           np_vec_grow(book->ctx, (void **)&book->heap.items, &book->heap.capacity,
                       book->heap.count + 1, sizeof *book->heap.items);
}

uint32_t np_book_add(struct np_learnt *book, uint32_t address, uint32_t name, uint64_t end,
                     bool *news)
{
    const struct pair pair = {address, name};
    bool added;
    struct np_named_address *owner = &book->address.items[address];
    *news = owner->count == 0;
    uint64_t *at = have_free_entry(book) ? np_map_add(&book->pairs, pair_key(&pair), &added) : NULL;
    if (!at) {
        return UINT32_MAX;
    }
    if (!add_fact(book, address, book->name.items[name].set, news)) {
        np_map_remove(&book->pairs, pair_key(&pair));
        return UINT32_MAX;
    }
    uint32_t index = book->free_entry - 1;
    struct np_name_entry *entry = &book->entry.items[index];
    *at = index + 1;
    book->free_entry = entry->heap;
    *entry = (struct np_name_entry){.end = end, .address = address, .name = name};
    owner->count++;
    book->name.items[name].count++;
    if (end != NETPOL_NAMES_FOREVER) {
        book->heap.items[book->heap.count++] = index;
        sift_up(book, (uint32_t)book->heap.count - 1);
    }
    return index;
}

bool np_book_drop(struct np_learnt *book, uint32_t entry)
{
    struct np_name_entry *e = &book->entry.items[entry];
    struct np_named_address *owner = &book->address.items[e->address];
    const struct pair pair = {e->address, e->name};
    leave_heap(book, entry);
    np_map_remove(&book->pairs, pair_key(&pair));
    owner->count--;
    bool news = drop_fact(book, e->address, book->name.items[e->name].set);
    book->name.items[e->name].count--;
    np_book_sweep_name(book, pair.other);
    *e = (struct np_name_entry){.heap = book->free_entry};
    book->free_entry = entry + 1;
    return news || owner->count == 0;
}

void np_book_extend(struct np_learnt *book, uint32_t entry, uint64_t end)
{
    struct np_name_entry *e = &book->entry.items[entry];
    if (end <= e->end && !np_defect(NAMES_SHORTENED)) {
        return;
    }
    if (end == NETPOL_NAMES_FOREVER) {
        leave_heap(book, entry);
    }
    e->end = end;
    if (e->heap) {
        sift_down(book, e->heap - 1);
    }
}

/* ---- what the names of an address are together ---- */

uint32_t np_book_set(struct np_learnt *book, uint32_t address)
{
    np_named_union_begin(&book->named);
    book->parts.count = 0;
    for (uint32_t at = book->address.items[address].first; at; at = book->fact.items[at - 1].next) {
        uint32_t *part = np_vec_push(book->ctx, &book->parts);
        if (!part) {
            return UINT32_MAX;
        }
        *part = book->fact.items[at - 1].set;
        (void)np_named_union_add(&book->named, *part);
    }
    return np_named_union_end(&book->named);
}
