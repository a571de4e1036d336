/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: labels -> canonical words -> kind; (kind, place, node) -> signature.
 *
 * PROJECTION is eight words of counts, then tables of words, then texts:
 *
 *     keys      text, length, scope, first test, tests      sorted by scope and text
 *     tests     text, length, op                            sorted by op and text within a key
 *     ports     text, length                                sorted
 *     spaces    text, length, class                         sorted
 *     accounts  namespace text, length, text, length, class sorted
 *
 * A text is an offset into the bytes behind the tables. Everything is found by bisection.
 */
#include "image/project_internal.h"

/* All that there are. */
enum {
    FLAGS = NP_PROJECT_SPACES | NP_PROJECT_ACCOUNTS | NP_PROJECT_HOST_NETWORK | NP_PROJECT_OPAQUE
};

static struct np_slice text_at(const struct np_projection *p, const uint32_t *text)
{
    return (struct np_slice){p->texts + text[0], text[1]};
}

/* ---- opening ---- */

static bool texts_inside(const uint32_t *rows, uint32_t count, uint32_t width, uint32_t texts,
                         uint32_t bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t t = 0; t < texts; t++) {
            const uint32_t *text = rows + (size_t)i * width + 2u * t;
            if (text[0] > bytes || text[1] > bytes - text[0]) {
                return false;
            }
        }
    }
    return true;
}

static bool keys_valid(const struct np_projection *p)
{
    for (uint32_t i = 0; i < p->n_keys; i++) {
        const uint32_t *key = p->keys + (size_t)i * KEY_WORDS;
        if (key[KEY_TESTS] > p->n_tests || key[KEY_N_TESTS] > p->n_tests - key[KEY_TESTS]) {
            return false;
        }
    }
    return true;
}

bool np_projection_open(const uint32_t *words, size_t count, struct np_projection *out)
{
    static const uint32_t nothing[HEAD_WORDS] = {NP_PROJECT_OPAQUE};
    if (count == 0) {
        words = nothing;
        count = HEAD_WORDS;
    }
    if (count < HEAD_WORDS || count > UINT32_MAX / 4) {
        return false;
    }
    *out = (struct np_projection){
        .words = words,
        .flags = words[HEAD_FLAGS],
        .n_keys = words[HEAD_KEYS],
        .n_tests = words[HEAD_TESTS],
        .n_ports = words[HEAD_PORTS],
        .n_spaces = words[HEAD_SPACES],
        .n_accounts = words[HEAD_ACCOUNTS],
    };
    uint32_t bytes = words[HEAD_BYTES];
    uint64_t need = HEAD_WORDS + (uint64_t)out->n_keys * KEY_WORDS +
                    (uint64_t)out->n_tests * TEST_WORDS + (uint64_t)out->n_ports * PORT_WORDS +
                    (uint64_t)out->n_spaces * SPACE_WORDS +
                    (uint64_t)out->n_accounts * ACCOUNT_WORDS + ((uint64_t)bytes + 3) / 4;
    if (need != count || out->flags & ~(uint32_t)FLAGS) {
        return false;
    }
    out->keys = words + HEAD_WORDS;
    out->tests = out->keys + (size_t)out->n_keys * KEY_WORDS;
    out->ports = out->tests + (size_t)out->n_tests * TEST_WORDS;
    out->spaces = out->ports + (size_t)out->n_ports * PORT_WORDS;
    out->accounts = out->spaces + (size_t)out->n_spaces * SPACE_WORDS;
    out->texts = (const char *)(out->accounts + (size_t)out->n_accounts * ACCOUNT_WORDS);
    return keys_valid(out) && texts_inside(out->keys, out->n_keys, KEY_WORDS, 1, bytes) &&
           texts_inside(out->tests, out->n_tests, TEST_WORDS, 1, bytes) &&
           texts_inside(out->ports, out->n_ports, PORT_WORDS, 1, bytes) &&
           texts_inside(out->spaces, out->n_spaces, SPACE_WORDS, 1, bytes) &&
           texts_inside(out->accounts, out->n_accounts, ACCOUNT_WORDS, 2, bytes);
}

/* ---- finding ---- */

/* A sorted table: rows of `width` words that begin with a text; how else they compare is known by
 * where their second text or their scope stands (0: nowhere). */
struct table {
    const uint32_t *rows;
    uint32_t count, width, scope, second;
};
struct wanted {
    uint32_t scope;
    struct np_slice first, second;
};

static int compare_row(const struct np_projection *p, const struct table *table,
                       const uint32_t *row, const struct wanted *wanted)
{
    int order = 0;
    if (table->scope && row[table->scope] != wanted->scope) {
        order = row[table->scope] < wanted->scope ? -1 : 1;
    }
    order = order ? order : np_slice_compare(text_at(p, row), wanted->first);
    if (table->second && order == 0) {
        order = np_slice_compare(text_at(p, row + table->second), wanted->second);
    }
    return order;
}

/* The number of the row; the table's count: it is not there. */
static uint32_t find(const struct np_projection *p, const struct table *table,
                     const struct wanted *wanted)
{
    uint32_t low = 0, high = table->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_row(p, table, table->rows + (size_t)middle * table->width, wanted);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return table->count;
}

static uint32_t find_text(const struct np_projection *p, const uint32_t *rows, uint32_t count,
                          uint32_t width, struct np_slice text)
{
    return find(p, &(struct table){rows, count, width, 0, 0}, &(struct wanted){.first = text});
}

static uint32_t find_key(const struct np_projection *p, uint32_t scope, struct np_slice text)
{
    return find(p, &(struct table){p->keys, p->n_keys, KEY_WORDS, KEY_SCOPE, 0},
                &(struct wanted){.scope = scope, .first = text});
}

static uint32_t find_account(const struct np_projection *p, struct np_slice space,
                             struct np_slice name)
{
    return find(p, &(struct table){p->accounts, p->n_accounts, ACCOUNT_WORDS, 0, 2},
                &(struct wanted){.first = space, .second = name});
}

static bool fits(uint32_t op, struct np_slice text, struct np_slice value)
{
    if (text.len > value.len) {
        return false;
    }
    if (op == NP_PROJECT_CONTAINS) {
        for (size_t at = 0; at <= value.len - text.len; at++) {
            if (text.len == 0 || memcmp(value.ptr + at, text.ptr, text.len) == 0) {
                return true;
            }
        }
        return false;
    }
    size_t from = op == NP_PROJECT_SUFFIX ? value.len - text.len : 0;
    return text.len == 0 || memcmp(value.ptr + from, text.ptr, text.len) == 0;
}

/* ---- projecting ---- */

static void add(struct np_projector *p, uint64_t item)
{
    if (p->count < p->capacity) {
        p->words[p->count] = item;
    }
    p->count += p->count < UINT32_MAX;
}

/* "The key is there", with what its value is: one of those asked for or another, what it fits. */
static void add_value(struct np_projector *p, uint32_t scope, struct np_slice key,
                      struct np_slice value)
{
    const struct np_projection *projection = p->projection;
    uint32_t number = find_key(projection, scope, key);
    if (number == projection->n_keys) {
        return;
    }
    const uint32_t *row = projection->keys + (size_t)number * KEY_WORDS;
    const uint32_t *tests = projection->tests + (size_t)row[KEY_TESTS] * TEST_WORDS;
    uint32_t exact = 0, n_tests = row[KEY_N_TESTS];
    for (uint32_t high = n_tests; exact < high;) { /* values come before patterns */
        uint32_t middle = exact + (high - exact) / 2;
        if (tests[(size_t)middle * TEST_WORDS + TEST_OP] == NP_PROJECT_IS) {
            exact = middle + 1;
        } else {
            high = middle;
        }
    }
    uint32_t place = find_text(projection, tests, exact, TEST_WORDS, value);
    add(p, np_item_value(number, place == exact ? 0 : place + 1));
    for (uint32_t i = exact; i < n_tests; i++) {
        const uint32_t *test = tests + (size_t)i * TEST_WORDS;
        if (fits(test[TEST_OP], text_at(projection, test), value)) {
            add(p, np_item_pattern(number, i));
        }
    }
}

uint32_t np_project_room(const struct np_projection *projection, size_t n_labels, size_t n_ports)
{
    /* each label and port one item, the two fields one each, each pattern at most once */
    uint64_t room = WORDS_BEFORE_ITEMS + 2 + (uint64_t)n_labels + n_ports + projection->n_tests;
    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

void np_project_begin(struct np_projector *p, const struct np_projection *projection,
                      uint64_t *words, uint32_t capacity, struct np_slice namespace_name,
                      struct np_slice name, struct np_slice account, bool host_network)
{
    *p = (struct np_projector){.projection = projection, .words = words, .capacity = capacity};
    p->unseen = (projection->flags & NP_PROJECT_OPAQUE) != 0;
    uint32_t space_class = 0, account_class = 0;
    if (projection->flags & NP_PROJECT_SPACES) {
        uint32_t space = find_text(projection, projection->spaces, projection->n_spaces,
                                   SPACE_WORDS, namespace_name);
        if (space == projection->n_spaces) {
            p->unseen = true;
        } else {
            space_class = projection->spaces[(size_t)space * SPACE_WORDS + SPACE_CLASS];
        }
    }
    if (projection->flags & NP_PROJECT_ACCOUNTS) {
        struct np_slice given = account.ptr ? account : (struct np_slice){"", 0};
        uint32_t found = find_account(projection, namespace_name, given);
        if (found == projection->n_accounts) {
            p->unseen = true;
        } else {
            account_class = projection->accounts[(size_t)found * ACCOUNT_WORDS + ACCOUNT_CLASS];
        }
    }
    add(p, (uint64_t)space_class << 32 | account_class);
    add(p, host_network && (projection->flags & NP_PROJECT_HOST_NETWORK));
    add_value(p, NP_PROJECT_NAME, (struct np_slice){"", 0}, name);
    if (account.ptr) {
        add_value(p, NP_PROJECT_ACCOUNT, (struct np_slice){"", 0}, account);
    }
}

void np_project_label(struct np_projector *p, struct np_slice key, struct np_slice value)
{
    add_value(p, NP_PROJECT_LABEL, key, value);
}

void np_project_port(struct np_projector *p, struct np_slice name, uint8_t protocol, uint16_t port)
{
    const struct np_projection *projection = p->projection;
    uint32_t number =
        find_text(projection, projection->ports, projection->n_ports, PORT_WORDS, name);
    if (number < projection->n_ports) {
        add(p, np_item_port(number, protocol, port));
    }
}

/* A shell sort: few items as a rule, no memory, no bad case that matters. */
static void sort_items(uint64_t *items, uint32_t count)
{
    static const uint32_t gaps[] = {301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        for (uint32_t i = gaps[g]; i < count; i++) {
            uint64_t item = items[i];
            uint32_t at = i;
            for (; at >= gaps[g] && items[at - gaps[g]] > item; at -= gaps[g]) {
                items[at] = items[at - gaps[g]];
            }
            items[at] = item;
        }
    }
}

void np_project_end(struct np_projector *p)
{
    if (p->count > p->capacity) {
        p->full = true;
        return;
    }
    sort_items(p->words + WORDS_BEFORE_ITEMS, p->count - WORDS_BEFORE_ITEMS);
    /* A port declared twice says nothing more; a label given twice with different values stays. */
    uint32_t kept = WORDS_BEFORE_ITEMS;
    for (uint32_t i = WORDS_BEFORE_ITEMS; i < p->count; i++) {
        if (kept == WORDS_BEFORE_ITEMS || p->words[kept - 1] != p->words[i]) {
            p->words[kept++] = p->words[i];
        }
    }
    p->count = kept;
}
