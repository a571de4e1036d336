/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that stay: a decision that the matcher before knew (by its key, which is what a person
 * would call it) keeps its number, so that tables outside that are keyed by numbers change little
 * by an edit. The table of rules of an image is all the ledger that this takes.
 */
#include "compile/internal.h"

enum {
    GAPS = 1024
}; /* so many, and three for each number in use, before free ones are given again */

struct ledger {
    struct np_map known; /* key -> its first number in the matcher before that nobody has yet; 0 */
    uint32_t *others;    /* number -> the next of the same key (what options make comes in several
                            that are called the same); 0 */
    uint32_t next;
};

static struct np_slice slice_of(const uint64_t *key)
{
    return (struct np_slice){(const char *)key, sizeof *key};
}

static bool open_ledger(struct ledger *l, const struct np_whole *before)
{
    np_map_init(&l->known, before->ctx);
    l->next = before->n_rules;
    l->others = np_zalloc(before->ctx, before->n_rules * sizeof *l->others);
    for (uint32_t i = before->n_rules; l->others && i-- > 1;) {
        bool added = false;
        const uint64_t *key = &before->rules[i].key;
        uint64_t *first = *key ? np_map_add(&l->known, slice_of(key), &added) : NULL;
        if (*key && !first) {
            return false;
        }
        if (first) {
            l->others[i] = (uint32_t)*first;
            *first = i;
        }
    }
    return l->others;
}

static uint32_t number_of(struct ledger *l, const uint64_t *key)
{
    uint64_t *first = *key ? np_map_find(&l->known, slice_of(key)) : NULL;
    if (!first || !*first) {
        return l->next++;
    }
    uint32_t number = (uint32_t)*first;
    *first = l->others[number];
    return number;
}

/* The descriptions under their new numbers. */
static int move_rules(struct np_whole *whole, const uint32_t *to, uint32_t count)
{
    struct netpol_rule_info *rules = np_arena_array(&whole->arena, count, sizeof *rules);
    if (!rules) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        rules[i] = np_no_rule;
    }
    for (uint32_t i = 1; i < whole->n_rules; i++) {
        rules[to[i]] = whole->rules[i];
    }
    whole->rules = rules;
    whole->n_rules = count;
    return NETPOL_OK;
}

/* Numbers from the limit on become those below it that nobody has. OK, ERR_MEMORY. */
static int fill_gaps(const struct netpol_ctx *ctx, uint32_t *to, uint32_t n, uint32_t limit,
                     uint32_t *next)
{
    struct np_bits used;
    uint32_t gap = 1, highest = 0;
    bool fine = np_bits_init(ctx, &used, limit);
    for (uint32_t i = 1; fine && i < n; i++) {
        if (to[i] < limit) {
            np_bits_set(&used, to[i]);
        }
    }
    for (uint32_t i = 1; fine && i < n; i++) {
        if (to[i] >= limit) {
            while (np_bits_get(&used, gap)) {
                gap++;
            }
            to[i] = gap++;
        }
        highest = to[i] > highest ? to[i] : highest;
    }
    np_bits_free(ctx, &used);
    *next = highest + 1;
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

int np_numbers_keep(struct np_whole *whole, const struct np_whole *before)
{
    struct ledger l;
    uint32_t n = whole->n_rules, limit = 4 * n + GAPS;
    uint32_t *to = np_arena_array(&whole->arena, n, sizeof *to);
    int status = open_ledger(&l, before) && to ? NETPOL_OK : NETPOL_ERR_MEMORY;
    for (uint32_t i = 1; status == NETPOL_OK && i < n; i++) {
        to[i] = number_of(&l, &whole->rules[i].key);
    }
    if (status == NETPOL_OK && l.next > limit) {
        status = fill_gaps(whole->ctx, to, n, limit, &l.next);
    }
    status = status == NETPOL_OK ? np_model_renumber(whole->model, to, l.next) : status;
    status = status == NETPOL_OK ? move_rules(whole, to, l.next) : status;
    np_map_free(&l.known);
    np_free(before->ctx, l.others, before->n_rules * sizeof *l.others);
    return status;
}
