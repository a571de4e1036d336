/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conditions can see: label keys with the values they compare, fields, names of ports,
 * references, and parts of the address space. Two things that differ only in what is not here are
 * alike to every policy.
 */
#include "compile/ends_internal.h"

void np_mentions_init(struct np_mentions *m, const struct netpol_ctx *ctx)
{
    *m = (struct np_mentions){.ctx = ctx};
    m->key_numbers.ctx = m->values.ctx = m->ports.ctx = m->refs.ctx = ctx;
    m->test_seen.ctx = m->fed_sets.ctx = ctx;
    np_words_init(&m->facts, ctx);
}

void np_mentions_free(struct np_mentions *m)
{
    if (m->ctx) {
        np_pairs_free(&m->key_numbers);
        np_pairs_free(&m->values);
        np_pairs_free(&m->ports);
        np_pairs_free(&m->refs);
        np_words_free(&m->facts);
        np_pairs_free(&m->test_seen);
        np_pairs_free(&m->fed_sets);
        np_vec_free(m->ctx, &m->keys);
        np_vec_free(m->ctx, &m->tests);
        np_vec_free(m->ctx, &m->value_list);
        np_vec_free(m->ctx, &m->port_list);
        np_vec_free(m->ctx, &m->prefixes);
    }
}

/* ---- selectors ---- */

static uint64_t key_of(uint8_t scope, np_str key)
{
    return (uint64_t)(scope + 1) << 32 | key->id;
}

static uint64_t value_key(uint32_t number, np_str value)
{
    return (uint64_t)number << 32 | value->id;
}

static uint32_t add_key(struct np_mentions *m, uint8_t scope, np_str key)
{
    uint32_t number = np_pairs_find(&m->key_numbers, key_of(scope, key));
    if (number) {
        return number;
    }
    struct np_mention_key *place = np_vec_push(m->ctx, &m->keys);
    number = (uint32_t)m->keys.count;
    if (!place || !np_pairs_add(&m->key_numbers, key_of(scope, key), number)) {
        m->failed = true;
        return 0;
    }
    *place = (struct np_mention_key){.key = key, .scope = scope};
    m->scopes[scope] = true;
    return number;
}

/* A field that objects differ in; the others are the same for all, or always compared. */
static uint32_t add_field(struct np_mentions *m, bool of_node, np_str key)
{
    static const char *const names[NP_FIELDS] = {"namespace", "name", "serviceaccount",
                                                 "orchestrator"};
    for (unsigned i = 0; i < NP_FIELDS; i++) {
        if (!np_slice_is(np_str_slice(key), names[i])) {
            continue;
        }
        if (!of_node) {
            return m->fields[i] = add_key(m, NP_SCOPE_FIELD, key);
        }
        return i == NP_FIELD_NAME ? m->node_name = add_key(m, NP_MENTION_NODE_NAME, key) : 0;
    }
    return 0;
}

static uint32_t term_key(struct np_mentions *m, bool of_node, const struct np_selector *term)
{
    if (term->scope == NP_SCOPE_FIELD) {
        return add_field(m, of_node, term->key);
    }
    if (of_node) { /* a node has labels of its own only */
        return term->scope == NP_SCOPE_OBJECT ? add_key(m, NP_MENTION_NODE_LABEL, term->key) : 0;
    }
    return add_key(m, term->scope, term->key);
}

static void add_value(struct np_mentions *m, uint32_t number, np_str value)
{
    uint64_t key = value_key(number, value);
    if (np_pairs_find(&m->values, key)) {
        return;
    }
    struct np_mention_value *place = np_vec_push(m->ctx, &m->value_list);
    if (place) {
        *place = (struct np_mention_value){number, value};
    }
    m->failed |= !place || !np_pairs_add(&m->values, key, 1);
}

/* Values are compared in part: of them only which parts they have is seen. */
static void add_test(struct np_mentions *m, uint32_t number, uint8_t op, np_str text)
{
    uint64_t key = (uint64_t)number << 34 | (uint64_t)text->id << 2 | (op - NP_OP_PREFIX);
    if (np_pairs_find(&m->test_seen, key)) {
        return;
    }
    struct np_mention_test *place = np_vec_push(m->ctx, &m->tests);
    if (!place || !np_pairs_add(&m->test_seen, key, 1)) {
        m->failed = true;
        return;
    }
    struct np_mention_key *of = &m->keys.items[number - 1];
    *place = (struct np_mention_test){text, op, of->first_test};
    of->first_test = (uint32_t)m->tests.count;
}

static void note_selector(struct np_mentions *m, bool of_node, const struct np_selector *selector)
{
    if (selector->op != NP_SELECT_TERM) {
        for (uint32_t i = 0; i < selector->count; i++) {
            note_selector(m, of_node, selector->kids[i]);
        }
        return;
    }
    uint32_t number = term_key(m, of_node, selector);
    if (!number) {
        return;
    }
    bool present = selector->term_op == NP_OP_EXISTS || selector->term_op == NP_OP_ABSENT;
    for (uint32_t i = 0; !present && i < selector->count; i++) {
        if (selector->term_op == NP_OP_IN || selector->term_op == NP_OP_NOT_IN) {
            add_value(m, number, selector->values[i]);
        } else {
            add_test(m, number, selector->term_op, selector->values[i]);
        }
    }
}

/* ---- addresses ---- */

static void add_prefix(struct np_mentions *m, const struct np_prefix *prefix, uint32_t fact)
{
    struct np_mention_prefix *place = fact ? np_vec_push(m->ctx, &m->prefixes) : NULL;
    if (place) {
        *place = (struct np_mention_prefix){*prefix, fact};
    } else {
        m->failed = true;
    }
}

static void prefix_words(const struct np_prefix *prefix, uint64_t words[3])
{
    struct np_number first = np_number_of(&prefix->address);
    words[0] = first.high;
    words[1] = first.low;
    words[2] = (uint64_t)prefix->address.family << 8 | prefix->length;
}

uint32_t np_mentions_prefix(struct np_mentions *m, enum np_fact_kind kind,
                            const struct np_prefix *prefix)
{
    uint64_t words[4] = {kind};
    prefix_words(prefix, words + 1);
    return np_words_add(&m->facts, words, 4);
}

static void note_prefix(struct np_mentions *m, enum np_fact_kind kind,
                        const struct np_prefix *prefix)
{
    size_t before = m->facts.entries.count;
    uint32_t fact = np_mentions_prefix(m, kind, prefix);
    if (fact == 0 || fact > before) {
        add_prefix(m, prefix, fact);
    }
}

/* In which prefix of a set an address is does not matter. */
uint32_t np_mentions_fed_set(struct np_mentions *m, const struct np_literal *literal)
{
    uint32_t fact = np_pairs_find(&m->fed_sets, (uintptr_t)literal);
    if (fact) {
        return fact;
    }
    size_t count = 1 + 3 * (size_t)literal->n_prefixes;
    uint64_t *words = np_alloc(m->ctx, count * sizeof *words);
    if (!words) {
        return 0;
    }
    words[0] = NP_FACT_OF_FED_SET;
    for (uint32_t i = 0; i < literal->n_prefixes; i++) {
        prefix_words(&literal->prefixes[i], words + 1 + 3 * (size_t)i);
    }
    fact = np_words_add(&m->facts, words, (uint32_t)count);
    np_free(m->ctx, words, count * sizeof *words);
    return fact && np_pairs_add(&m->fed_sets, (uintptr_t)literal, fact) ? fact : 0;
}

static void note_fed_set(struct np_mentions *m, const struct np_literal *literal)
{
    size_t before = m->facts.entries.count;
    uint32_t fact = np_mentions_fed_set(m, literal);
    m->failed |= fact == 0;
    for (uint32_t i = 0; fact > before && i < literal->n_prefixes; i++) {
        add_prefix(m, &literal->prefixes[i], fact);
    }
}

/* ---- everything ---- */

static void note_set(struct np_mentions *m, const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            switch (literal->kind) {
            case NP_LIT_OBJECTS:
                m->kinds |= literal->kinds;
                note_selector(m, false, literal->selector);
                break;
            case NP_LIT_NODE_ADDRS:
                m->nodes = true;
                note_selector(m, true, literal->selector);
                break;
            case NP_LIT_CIDR:
                note_prefix(m, NP_FACT_OF_PREFIX, &literal->prefix);
                break;
            case NP_LIT_FED_SET:
                note_fed_set(m, literal);
                break;
            default: /* nothing that an end is or has */
                break;
            }
        }
    }
}

static void add_port(struct np_mentions *m, np_str name)
{
    if (np_pairs_find(&m->ports, name->id + 1ull)) {
        return;
    }
    np_str *place = np_vec_push(m->ctx, &m->port_list);
    if (place) {
        *place = name;
    }
    m->failed |= !place || !np_pairs_add(&m->ports, name->id + 1ull, 1);
}

static void note_ports(struct np_mentions *m, const struct np_portset *portset)
{
    for (uint32_t i = 0; portset && i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        if (member->name) {
            add_port(m, member->name);
        } else if (member->endpoint) {
            m->failed |= !np_pairs_add(&m->refs, member->endpoint, 1);
        } else if (member->address.family) {
            struct np_prefix whole = np_prefix_of(&member->address);
            note_prefix(m, NP_FACT_OF_MEMBER, &whole);
        }
    }
}

static void note_rule(struct np_mentions *m, const struct np_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        const struct np_match *match = &rule->alternatives[i];
        note_set(m, match->near);
        note_set(m, match->far);
        note_ports(m, match->dst_ports);
        note_ports(m, match->src_ports);
    }
}

static void note_policy(struct np_mentions *m, const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        note_set(m, policy->subjects[d]);
        for (uint32_t i = 0; i < policy->n_rules[d]; i++) {
            note_rule(m, &policy->rules[d][i]);
        }
    }
}

/* How much is mentioned. */
static uint64_t measure(const struct np_mentions *m)
{
    uint64_t fields = m->node_name != 0;
    for (int i = 0; i < NP_FIELDS; i++) {
        fields = fields << 1 | (m->fields[i] != 0);
    }
    return m->keys.count + m->tests.count + m->value_list.count + m->port_list.count +
           m->prefixes.count + m->refs.count + m->facts.entries.count + ((uint64_t)m->kinds << 48) +
           (fields << 40) + ((uint64_t)m->nodes << 47);
}

int np_mentions_policy(struct np_mentions *m, const struct np_policy *policy, bool *grown)
{
    uint64_t before = measure(m);
    note_policy(m, policy);
    *grown = *grown || measure(m) != before;
    return m->failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static void note_tier(struct np_mentions *m, const struct np_tier *tier)
{
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        note_policy(m, tier->policies[i]);
    }
}

int np_mentions_collect(struct np_mentions *m, const struct np_model *model)
{
    struct np_pairs seen = {.ctx = m->ctx}; /* a tier may stand in several stages */
    for (uint32_t c = 0; c < model->n_checkpoints && !m->failed; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        note_set(m, checkpoint->subjects);
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
                if (!np_pairs_find(&seen, (uintptr_t)tier)) {
                    note_tier(m, tier);
                    m->failed |= !np_pairs_add(&seen, (uintptr_t)tier, 1);
                }
            }
        }
    }
    np_pairs_free(&seen);
    return m->failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

/* ---- projecting ---- */

uint32_t np_mentions_key(const struct np_mentions *m, uint8_t scope, np_str key)
{
    return np_pairs_find(&m->key_numbers, key_of(scope, key));
}

uint32_t np_project_value(const struct np_mentions *m, uint32_t key_number, np_str value)
{
    if (!key_number || !value) {
        return 0;
    }
    return np_pairs_find(&m->values, value_key(key_number, value)) ? value->id + NP_PROJECT_VALUE
                                                                   : NP_PROJECT_OTHER;
}

bool np_project_test(const struct np_mentions *m, uint32_t key_number, np_str value, uint32_t *test)
{
    const struct np_mention_test *tests = m->tests.items;
    uint32_t next = *test ? tests[*test - 1].next : m->keys.items[key_number - 1].first_test;
    for (; next; next = tests[next - 1].next) {
        if (np_value_has_part(tests[next - 1].op, np_str_slice(value),
                              np_str_slice(tests[next - 1].text))) {
            break;
        }
    }
    *test = next;
    return next != 0;
}
