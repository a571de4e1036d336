/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of truths: for each column what all parts have in common, then what one part adds. Most
 * columns come down to the first rule of each tier that certainly matches.
 */
#include "compile/truths.h"

/* ---- what all parts have in common ---- */

static bool is_common(const struct np_truth_alternative *a)
{
    return a->near != NP_NO && !a->match->far && !a->free;
}

/* Calls visit for every column that an alternative says something of. */
static void each_column(struct np_truths *t, uint32_t alternative,
                        void (*visit)(struct np_truths *t, uint32_t alternative, uint32_t column,
                                      np_truth truth))
{
    const struct np_truth_alternative *a = &t->alternatives[alternative];
    for (uint32_t i = 0; i < a->n_columns; i++) {
        visit(t, alternative, a->columns[i].class, np_and(a->near, a->columns[i].truth));
    }
    for (uint32_t c = 0; a->all && c < t->n_columns; c++) {
        if (a->all[c] != NP_NO) {
            visit(t, alternative, c, np_and(a->near, a->all[c]));
        }
    }
}

static void count_entry(struct np_truths *t, uint32_t alternative, uint32_t column, np_truth truth)
{
    (void)alternative;
    (void)truth;
    t->begin[column + 1]++;
}

/* begin[column] is where its next entry goes: afterwards where the next column's begin. */
static void put_entry(struct np_truths *t, uint32_t alternative, uint32_t column, np_truth truth)
{
    t->entries.items[t->begin[column]++] = (struct np_truth_entry){alternative, truth, 0};
}

static const struct np_truth_rule *rule_of(const struct np_truths *t, uint32_t alternative)
{
    return &t->rules[t->alternatives[alternative].rule];
}

/* May an entry stand for the ones behind it that say the same? */
static bool is_single(const struct np_truths *t, const struct np_truth_entry *e)
{
    const struct np_truth_rule *rule = rule_of(t, e->alternative);
    return np_is_maybe(e->truth) && rule->stops && rule->rule->n_alternatives == 1 &&
           !t->alternatives[e->alternative].odd;
}

static bool same_again(const struct np_truths *t, const struct np_truth_entry *a,
                       const struct np_truth_entry *b)
{
    const struct np_truth_rule *x = rule_of(t, a->alternative), *y = rule_of(t, b->alternative);
    return is_single(t, a) && is_single(t, b) && a->truth == b->truth && x->tier == y->tier &&
           x->rule->action == y->rule->action;
}

static void note_skips(struct np_truths *t, uint32_t column)
{
    struct np_truth_entry *entries = t->entries.items;
    for (uint32_t i = t->begin[column + 1]; i-- > t->begin[column];) {
        bool last = i + 1 == t->begin[column + 1];
        entries[i].skip =
            !last && same_again(t, &entries[i], &entries[i + 1]) ? entries[i + 1].skip : i + 1;
    }
}

/* The rule of each tier that decides, as far as that is clear. */
static void decide(struct np_truths *t, uint32_t column)
{
    uint32_t behind = 0;
    t->mixed[column] = 0;
    for (uint32_t k = 0; k < t->n_tiers; k++) {
        t->decided[(size_t)k * t->n_columns + column] = NP_RULE_NONE;
    }
    for (uint32_t i = t->begin[column]; i < t->begin[column + 1] && !t->mixed[column]; i++) {
        const struct np_truth_entry *e = &t->entries.items[i];
        const struct np_truth_alternative *a = &t->alternatives[e->alternative];
        const struct np_truth_rule *rule = &t->rules[a->rule];
        if (a->rule < behind) {
            continue;
        }
        if (e->truth == NP_YES && rule->stops && !a->odd) {
            t->decided[(size_t)rule->tier * t->n_columns + column] = a->rule;
            behind = rule->behind_tier;
        } else {
            t->mixed[column] = 1;
        }
    }
}

/* In tiers that do not look at the far end, nothing is ever added. */
static void note_linked(struct np_truths *t)
{
    memset(t->linked, 0, t->n_tiers);
    for (size_t i = 0; i < t->links.count; i++) {
        t->linked[rule_of(t, t->links.items[i].alternative)->tier] = 1;
    }
    memcpy(t->least, t->decided, (size_t)t->n_tiers * t->n_columns * sizeof *t->least);
}

/* Does a tier say the same of every column, whatever the far end? */
static bool is_uniform(const struct np_truths *t, uint32_t tier)
{
    const uint32_t *decided = t->decided + (size_t)tier * t->n_columns;
    uint32_t first = 0;
    bool uniform = !t->linked[tier];
    while (first < t->n_columns && t->mixed[first]) { /* which are not decided so */
        first++;
    }
    for (uint32_t c = first; c < t->n_columns && uniform; c++) {
        uniform = t->mixed[c] || decided[c] == decided[first];
    }
    return uniform;
}

/* Where but one tier says different things, the others are the same in all combinations. */
static void choose_tier(struct np_truths *t)
{
    uint32_t varied = 0;
    t->deciding = t->plain ? t->least : NULL;
    for (uint32_t k = 0; k < t->n_tiers && t->deciding; k++) {
        if (!is_uniform(t, k)) {
            t->deciding = varied++ ? NULL : t->least + (size_t)k * t->n_columns;
        }
    }
    t->deciding = t->n_tiers ? t->deciding : NULL;
    memset(t->ordinals, 0xff, (t->n_rules + 1) * sizeof *t->ordinals);
}

bool np_truths_fill_entries(struct np_truths *t)
{
    memset(t->begin, 0, (t->n_columns + 1) * sizeof *t->begin);
    for (uint32_t i = 0; i < t->n_alternatives; i++) {
        if (is_common(&t->alternatives[i])) {
            each_column(t, i, count_entry);
        }
    }
    for (uint32_t c = 0; c < t->n_columns; c++) {
        t->begin[c + 1] += t->begin[c];
    }
    t->entries.count = t->begin[t->n_columns];
    if (!np_vec_grow(t->plan->draft.ctx, (void **)&t->entries.items, &t->entries.capacity,
                     t->entries.count + 1, sizeof *t->entries.items)) {
        return false;
    }
    for (uint32_t i = 0; i < t->n_alternatives; i++) {
        if (is_common(&t->alternatives[i])) {
            each_column(t, i, put_entry);
        }
    }
    for (uint32_t c = t->n_columns; c-- > 0;) {
        t->begin[c + 1] = t->begin[c];
    }
    t->begin[0] = 0;
    for (uint32_t c = 0; c < t->n_columns; c++) {
        note_skips(t, c);
        decide(t, c);
    }
    note_linked(t);
    choose_tier(t);
    return true;
}

/* ---- what a part adds ---- */

static void add_truth(struct np_truths *t, const struct np_truth_alternative *a, uint32_t column,
                      np_truth truth)
{
    const struct np_truth_rule *rule = &t->rules[a->rule];
    if (truth == NP_YES && rule->stops && !a->odd) {
        uint32_t *least = &t->least[(size_t)rule->tier * t->n_columns + column];
        *least = a->rule < *least ? a->rule : *least;
    } else if (truth != NP_NO) {
        t->unclear[column] = 1;
    }
}

/* Few columns: to each of them. */
static bool add_few(struct np_truths *t, const struct np_truth_link *found)
{
    const struct np_truth_alternative *a = &t->alternatives[found->alternative];
    for (uint32_t i = 0; i < a->n_columns; i++) {
        uint32_t column = a->columns[i].class;
        if (column >= t->n_asked) {
            continue;
        }
        np_truth truth = np_and(found->truth, a->columns[i].truth);
        struct np_truth_link *link = np_vec_push(t->plan->draft.ctx, &t->chained);
        if (!link) {
            return false;
        }
        uint32_t next = t->chain_stamp[column] == t->stamp ? t->chain[column] : 0;
        *link = (struct np_truth_link){found->alternative, next, truth};
        t->chain[column] = (uint32_t)t->chained.count;
        t->chain_stamp[column] = t->stamp;
        add_truth(t, a, column, truth);
    }
    return true;
}

/* Most of what is added, so without a branch. */
static void add_certain(struct np_truths *t, const struct np_truth_alternative *a)
{
    uint32_t *least = t->least + (size_t)t->rules[a->rule].tier * t->n_columns;
    const np_truth *all = a->all;
    uint8_t *unclear = t->unclear;
    uint32_t rule = a->rule, n = t->n_asked;
    for (uint32_t c = 0; c < n; c++) {
        uint32_t mine = all[c] == NP_YES && rule < least[c] ? rule : least[c];
        least[c] = mine;
    }
    for (uint32_t c = 0; c < n; c++) {
        unclear[c] |= all[c] > NP_YES;
    }
}

/* What may match only, or does not stop: wherever its ports may agree. */
static void add_doubt(struct np_truths *t, const struct np_truth_alternative *a)
{
    const np_truth *all = a->all;
    uint8_t *unclear = t->unclear;
    for (uint32_t c = 0, n = t->n_asked; c < n; c++) {
        unclear[c] |= all[c] != NP_NO;
    }
}

static bool add_wide(struct np_truths *t, uint32_t index)
{
    const struct np_truth_link *found = &t->found.items[index];
    const struct np_truth_alternative *a = &t->alternatives[found->alternative];
    struct np_truth_wide *place = np_vec_push(t->plan->draft.ctx, &t->wide);
    if (!place) {
        return false;
    }
    *place = (struct np_truth_wide){index, 0};
    t->all_unclear = t->all_unclear || a->free;
    if (!t->all_unclear && found->truth == NP_YES && t->rules[a->rule].stops && !a->odd) {
        add_certain(t, a);
    } else if (!t->all_unclear) {
        add_doubt(t, a);
    }
    return true;
}

/* As same_again, of alternatives with many columns: but for their ports they say the same. */
static bool same_wide(const struct np_truths *t, const struct np_truth_wide *a,
                      const struct np_truth_wide *b)
{
    const struct np_truth_link *f = &t->found.items[a->found], *g = &t->found.items[b->found];
    struct np_truth_entry x = {f->alternative, f->truth, 0}, y = {g->alternative, g->truth, 0};
    return !t->alternatives[x.alternative].free && !t->alternatives[y.alternative].free &&
           same_again(t, &x, &y);
}

static void note_wide_skips(struct np_truths *t)
{
    struct np_truth_wide *wide = t->wide.items;
    for (uint32_t i = (uint32_t)t->wide.count; i-- > 0;) {
        bool last = i + 1 == t->wide.count;
        wide[i].skip = !last && same_wide(t, &wide[i], &wide[i + 1]) ? wide[i + 1].skip : i + 1;
    }
}

static bool find_links(struct np_truths *t, uint32_t class)
{
    t->found.count = t->chained.count = t->wide.count = 0;
    for (uint32_t at = t->head[class]; at; at = t->links.items[at - 1].next) {
        const struct np_truth_link *link = &t->links.items[at - 1];
        np_truth truth = np_and(t->alternatives[link->alternative].near, link->truth);
        struct np_truth_link *place =
            truth != NP_NO ? np_vec_push(t->plan->draft.ctx, &t->found) : NULL;
        if (truth != NP_NO && !place) {
            return false;
        }
        if (place) {
            *place = (struct np_truth_link){link->alternative, 0, truth};
        }
    }
    return true;
}

static void forget_last(struct np_truths *t)
{
    for (uint32_t k = 0; k < t->n_tiers; k++) {
        size_t from = (size_t)k * t->n_columns;
        if (t->linked[k]) {
            memcpy(t->least + from, t->decided + from, t->n_asked * sizeof *t->least);
        }
    }
    memcpy(t->unclear, t->mixed, t->n_asked);
}

int np_truths_aim(struct np_truths *t, uint32_t far, uint32_t n_asked)
{
    t->far = far;
    t->n_asked = n_asked;
    t->stamp++;
    t->all_unclear = t->always.count > 0;
    bool fine = find_links(t, t->plan->classes.of[far]);
    if (fine && t->plain) {
        forget_last(t);
        for (uint32_t i = 0; i < t->found.count && fine; i++) { /* descending */
            const struct np_truth_link *found = &t->found.items[i];
            const struct np_truth_alternative *a = &t->alternatives[found->alternative];
            fine = a->free || a->all || add_few(t, found);
        }
        for (size_t i = t->found.count; i-- > 0 && fine;) { /* ascending */
            const struct np_truth_link *found = &t->found.items[i];
            const struct np_truth_alternative *a = &t->alternatives[found->alternative];
            fine = (!a->free && !a->all) || add_wide(t, (uint32_t)i);
        }
        note_wide_skips(t);
    }
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

bool np_truths_by_source(const struct np_truths *t)
{
    bool free = t->always.count > 0;
    for (size_t i = 0; i < t->found.count && !free; i++) {
        free = t->alternatives[t->found.items[i].alternative].free;
    }
    return free || !t->plain;
}
