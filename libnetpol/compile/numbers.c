/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that stay: a decision that the matcher before knew (by its key, which is what a person
 * would call it) keeps its number, so that tables outside that are keyed by numbers change little
 * by an edit. The table of rules of an image is all the ledger that this takes.
 */
#include "compile/internal.h"

enum { GAPS = 1024 }; /* so many, and three for each number in use, before all are given anew */

struct ledger {
    struct np_map known;  /* key -> number in the matcher before */
    struct np_bits taken; /* of these */
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
    bool fine = np_bits_init(before->ctx, &l->taken, before->n_rules);
    for (uint32_t i = 1; fine && i < before->n_rules; i++) {
        bool added = false;
        uint64_t *number = before->rules[i].key
                               ? np_map_add(&l->known, slice_of(&before->rules[i].key), &added)
                               : NULL;
        fine = number || !before->rules[i].key;
        if (added) {
            *number = i;
        }
    }
    return fine;
}

static uint32_t number_of(struct ledger *l, const uint64_t *key)
{
    const uint64_t *number = *key ? np_map_find(&l->known, slice_of(key)) : NULL;
    if (!number || np_bits_get(&l->taken, (size_t)*number)) {
        return l->next++;
    }
    np_bits_set(&l->taken, (size_t)*number);
    return (uint32_t)*number;
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

int np_numbers_keep(struct np_whole *whole, const struct np_whole *before)
{
    struct ledger l;
    uint32_t *to = np_arena_array(&whole->arena, whole->n_rules, sizeof *to);
    int status = open_ledger(&l, before) && to ? NETPOL_OK : NETPOL_ERR_MEMORY;
    for (uint32_t i = 1; status == NETPOL_OK && i < whole->n_rules; i++) {
        to[i] = number_of(&l, &whole->rules[i].key);
    }
    if (status == NETPOL_OK && l.next <= 4 * whole->n_rules + GAPS) {
        status = np_model_renumber(whole->model, to, l.next);
        status = status == NETPOL_OK ? move_rules(whole, to, l.next) : status;
    }
    np_map_free(&l.known);
    np_bits_free(before->ctx, &l.taken);
    return status;
}
