/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One combination of truths, written down as a key: rule by rule, without those that cannot matter.
 *
 * That rules behind one that certainly matches do not matter is how they are folded. Let two rules
 * of one tier do the same (allow, deny or pass), both MAYBE, and nothing between them match; let
 * the second be in doubt for no reason that the first is not. Then the second adds an outcome that
 * the first adds too, and of two rules that leave it open, the first is named: the second does not
 * matter. (`either`, reference/outcome.c: what it takes from the branch that matches is the same
 * for both but for the decision, and that counts where the branches differ only.)
 */
#include "compile/truths.h"

struct merge { /* four lists in order of rules, as one */
    struct np_truths *t;
    uint32_t column;
    uint16_t source_port;
    uint32_t entry, entries; /* what all parts have in common */
    size_t always;           /* the same, whose ports are to be asked about */
    uint32_t chained;        /* what the part adds: index + 1 */
    size_t wide;
    /* the rule at hand */
    np_truth truth, causes;
    bool odd, common; /* common: nothing but one entry */
    /* rules that do the same, since the last that does not */
    uint32_t run_tier;
    np_truth run_causes;
    uint8_t run_action;
    bool run, failed;
    uint32_t passing; /* the tier that a PASS so far may have left: what is behind it counts */
};

static void put(struct merge *m, uint32_t word)
{
    uint32_t *place = np_vec_push(m->t->plan->draft.ctx, &m->t->key);
    if (place) {
        *place = word;
    }
    m->failed |= !place;
}

static void keep(struct np_truths *t, uint32_t rule, bool *failed)
{
    if (t->kept.count && t->kept.items[t->kept.count - 1] == rule) {
        return;
    }
    uint32_t *place = np_vec_push(t->plan->draft.ctx, &t->kept);
    if (place) {
        *place = rule;
    }
    *failed |= !place;
}

static uint32_t rule_of(const struct merge *m, uint32_t alternative)
{
    return m->t->alternatives[alternative].rule;
}

static uint32_t wide_alternative(const struct merge *m)
{
    return m->t->found.items[m->t->wide.items[m->wide].found].alternative;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The next rule of what is not common and says something of few columns, or is to be asked; NONE:
 * there is none. */
static uint32_t next_narrow(const struct merge *m)
{
    const struct np_truths *t = m->t;
    uint32_t rule = NP_RULE_NONE;
    if (m->always < t->always.count) {
        rule = rule_of(m, t->always.items[m->always]);
    }
    if (m->chained) {
        rule = least(rule, rule_of(m, t->chained.items[m->chained - 1].alternative));
    }
    return rule;
}

/* The next rule of what is not common. */
static uint32_t next_other(const struct merge *m)
{
    uint32_t rule = next_narrow(m);
    return m->wide < m->t->wide.count ? least(rule, rule_of(m, wide_alternative(m))) : rule;
}

static uint32_t least_with_entry(const struct merge *m, uint32_t rule)
{
    return m->entry < m->entries
               ? least(rule, rule_of(m, m->t->entries.items[m->entry].alternative))
               : rule;
}

static uint32_t next_rule(const struct merge *m)
{
    return least_with_entry(m, next_other(m));
}

/* The first entry from `entry` to `end` whose rule is `rule` or behind it. */
static uint32_t entry_from(const struct merge *m, uint32_t entry, uint32_t end, uint32_t rule)
{
    while (entry < end) {
        uint32_t middle = entry + (end - entry) / 2;
        bool before = rule_of(m, m->t->entries.items[middle].alternative) < rule;
        entry = before ? middle + 1 : entry;
        end = before ? end : middle;
    }
    return entry;
}

static void skip_to(struct merge *m, uint32_t rule)
{
    const struct np_truths *t = m->t;
    m->entry = entry_from(m, m->entry, m->entries, rule);
    while (m->always < t->always.count && rule_of(m, t->always.items[m->always]) < rule) {
        m->always++;
    }
    while (m->chained && rule_of(m, t->chained.items[m->chained - 1].alternative) < rule) {
        m->chained = t->chained.items[m->chained - 1].next;
    }
    while (m->wide < t->wide.count && rule_of(m, wide_alternative(m)) < rule) {
        m->wide++;
    }
}

static void add(struct merge *m, uint32_t alternative, np_truth one)
{
    if (m->t->alternatives[alternative].odd && one != NP_NO) {
        put(m, ~alternative); /* no rule has such a number */
        put(m, one);
        m->odd = true;
        return;
    }
    m->truth = np_or(m->truth, one);
    m->causes |= np_is_maybe(one) ? one : NP_NO;
}

/* All that there is of a rule. */
static void gather(struct merge *m, uint32_t rule)
{
    const struct np_truths *t = m->t;
    m->truth = m->causes = NP_NO;
    m->odd = false;
    m->common = next_other(m) != rule;
    for (; m->entry < m->entries; m->entry++) {
        const struct np_truth_entry *e = &t->entries.items[m->entry];
        if (rule_of(m, e->alternative) != rule) {
            break;
        }
        add(m, e->alternative, e->truth);
    }
    for (; m->always < t->always.count && rule_of(m, t->always.items[m->always]) == rule;
         m->always++) {
        const struct np_truth_alternative *a = &t->alternatives[t->always.items[m->always]];
        add(m, t->always.items[m->always],
            np_and(a->near, np_truths_ports(t, a, m->column, m->source_port)));
    }
    while (m->chained) {
        const struct np_truth_link *link = &t->chained.items[m->chained - 1];
        if (rule_of(m, link->alternative) != rule) {
            break;
        }
        add(m, link->alternative, link->truth);
        m->chained = link->next;
    }
    for (; m->wide < t->wide.count && rule_of(m, wide_alternative(m)) == rule; m->wide++) {
        const struct np_truth_link *found = &t->found.items[t->wide.items[m->wide].found];
        const struct np_truth_alternative *a = &t->alternatives[found->alternative];
        add(m, found->alternative,
            np_and(found->truth, np_truths_ports(t, a, m->column, m->source_port)));
    }
}

static void write_rule(struct merge *m, uint32_t rule)
{
    if (m->truth != NP_NO) {
        put(m, rule);
        put(m, m->truth);
        put(m, m->causes); /* told beside a YES, too, of a subject that is MAYBE */
    }
    keep(m->t, rule, &m->failed);
}

/* Is the rule at hand one more that may do what those before it may? Then it need not be said. */
static bool repeats(struct merge *m, const struct np_truth_rule *rule)
{
    bool same = m->run && m->run_tier == rule->tier && m->run_action == rule->rule->action;
    bool known = same && (m->truth & ~m->run_causes) == 0;
    m->run_causes = same ? m->run_causes | m->truth : m->truth;
    m->run_tier = rule->tier;
    m->run_action = rule->rule->action;
    m->run = true;
    return known;
}

/* What a rule that certainly matches leaves to be said; left: has a PASS before it perhaps left the
 * tier? Then it ends what is in the tier, and not what is behind. */
static uint32_t behind(const struct np_truth_rule *rule, bool left)
{
    return rule->rule->action == NP_ACT_PASS || left ? rule->behind_tier : rule->behind_stage;
}

/* Only the one at `wide` says something of the rule at hand. Where what is like it can but repeat
 * what was said, all of it is passed over that comes before the next rule of another list: there
 * may be thousands, in each of thousands of columns. */
static void pass_wide(struct merge *m, size_t wide)
{
    const struct np_truths *t = m->t;
    const struct np_truth_link *at = &t->found.items[t->wide.items[wide].found];
    const struct np_truth_rule *mine = &t->rules[rule_of(m, at->alternative)];
    size_t end = t->wide.items[wide].skip;
    bool same = m->run && m->run_tier == mine->tier && m->run_action == mine->rule->action;
    if (!same || ((at->truth | t->doubts[m->column]) & ~m->run_causes) != 0) {
        return;
    }
    uint32_t rule = least_with_entry(m, next_narrow(m));
    while (m->wide < end) {
        size_t middle = m->wide + (end - m->wide) / 2;
        const struct np_truth_link *found = &t->found.items[t->wide.items[middle].found];
        bool before = rule_of(m, found->alternative) < rule;
        m->wide = before ? middle + 1 : m->wide;
        end = before ? end : middle;
    }
}

/* One rule; entries that only repeat it are passed over. */
static void fold(struct merge *m, uint32_t number)
{
    const struct np_truth_rule *rule = &m->t->rules[number];
    uint32_t entry = m->entry;
    gather(m, number);
    if (m->truth == NP_NO && !m->odd) {
        return;
    }
    bool certain = !m->odd && rule->stops && m->truth == NP_YES;
    if (certain || m->odd || !rule->stops) {
        m->run = false;
        write_rule(m, number);
        if (certain) {
            skip_to(m, behind(rule, m->passing == rule->tier));
        } else if (rule->rule->action == NP_ACT_PASS) {
            m->passing = rule->tier;
        }
        return;
    }
    m->passing = rule->rule->action == NP_ACT_PASS ? rule->tier : m->passing;
    if (!repeats(m, rule)) {
        write_rule(m, number);
    }
    if (m->common && m->entry == entry + 1) {
        m->entry = entry_from(m, m->entry, m->t->entries.items[entry].skip, next_other(m));
    }
}

static void step(struct merge *m, uint32_t number)
{
    size_t wide = m->wide;
    fold(m, number);
    if (m->wide == wide + 1 && m->t->wide.items[wide].skip > m->wide) {
        pass_wide(m, wide);
    }
}

static bool merge(struct np_truths *t, uint32_t column, uint16_t source_port)
{
    struct merge m = {.t = t,
                      .column = column,
                      .source_port = source_port,
                      .entry = t->begin[column],
                      .entries = t->begin[column + 1],
                      .passing = NP_RULE_NONE,
                      .chained = t->chain_stamp[column] == t->stamp ? t->chain[column] : 0};
    for (uint32_t rule; (rule = next_rule(&m)) != NP_RULE_NONE && !m.failed;) {
        step(&m, rule);
    }
    return !m.failed;
}

/* The same where one rule of each tier decides. */
static bool list_least(struct np_truths *t, uint32_t column)
{
    struct merge m = {.t = t, .truth = NP_YES};
    uint32_t from = 0;
    for (uint32_t k = 0; k < t->n_tiers; k++) {
        uint32_t rule = t->least[(size_t)k * t->n_columns + column];
        if (rule != NP_RULE_NONE && rule >= from) {
            write_rule(&m, rule);
            from = behind(&t->rules[rule], false);
        }
    }
    return !m.failed;
}

uint64_t *np_truths_find(struct np_truths *t, uint32_t column, uint16_t source_port, bool *added)
{
    t->key.count = t->kept.count = 0;
    bool clear = !t->all_unclear && !t->unclear[column];
    if (!(clear ? list_least(t, column) : merge(t, column, source_port))) {
        return NULL;
    }
    struct np_slice key = {(const char *)t->key.items, t->key.count * sizeof *t->key.items};
    return np_map_add(&t->seen, key, added);
}

bool np_truths_keep_all(struct np_truths *t)
{
    size_t found = t->found.count; /* descending */
    bool failed = false;
    t->kept.count = 0;
    for (uint32_t i = 0; i < t->n_alternatives && !failed; i++) {
        const struct np_truth_alternative *a = &t->alternatives[i];
        bool mine = found && t->found.items[found - 1].alternative == i;
        found -= mine;
        if (mine || (a->near != NP_NO && !a->match->far)) {
            keep(t, a->rule, &failed);
        }
    }
    return !failed;
}
