/* SPDX-License-Identifier: Apache-2.0 */
/* What the policies of a model mention: label keys, prefixes, port names, protocols. */
#include "analyze/survey_internal.h"

#include <stdlib.h>

static void visit_rule(const struct np_rule *rule, const struct np_visitor *visitor)
{
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        const struct np_match *match = &rule->alternatives[i];
        if (visitor->match) {
            visitor->match(visitor->user, match);
        }
        if (visitor->set && match->near) {
            visitor->set(visitor->user, match->near);
        }
        if (visitor->set && match->far) {
            visitor->set(visitor->user, match->far);
        }
    }
}

static void visit_policy(const struct np_policy *policy, const struct np_visitor *visitor)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (visitor->set && policy->subjects[d]) {
            visitor->set(visitor->user, policy->subjects[d]);
        }
        for (uint32_t i = 0; i < policy->n_rules[d]; i++) {
            visit_rule(&policy->rules[d][i], visitor);
        }
    }
}

void np_survey_visit(const struct np_model *model, const struct np_visitor *visitor)
{
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                for (uint32_t p = 0; p < stage->tiers[t]->n_policies; p++) {
                    visit_policy(stage->tiers[t]->policies[p], visitor);
                }
            }
        }
    }
}

/* ---- collecting ---- */

struct mentions {
    struct np_survey *survey;
    struct np_map seen;
    np_vec(np_str) keys;
    np_vec(np_str) port_names;
    np_vec(struct np_prefix) prefixes;
    bool protocols[256];
    bool failed;
};

/* true: first sight. */
static bool first_sight(struct mentions *m, char kind, const void *bytes, size_t size)
{
    char key[32] = {kind};
    bool added = false;
    memcpy(key + 1, bytes, size);
    if (!np_map_add(&m->seen, (struct np_slice){key, size + 1}, &added)) {
        m->failed = true;
    }
    return added;
}

static void add_name(struct mentions *m, char kind, np_str name)
{
    if (!first_sight(m, kind, &name->id, sizeof name->id)) {
        return;
    }
    np_str *place = kind == 'k' ? np_vec_push(m->survey->ctx, &m->keys)
                                : np_vec_push(m->survey->ctx, &m->port_names);
    if (place) {
        *place = name;
    } else {
        m->failed = true;
    }
}

static void add_prefix(struct mentions *m, const struct np_prefix *prefix)
{
    unsigned char key[18];
    key[0] = prefix->address.family;
    key[1] = prefix->length;
    memcpy(key + 2, prefix->address.bytes, 16);
    if (!first_sight(m, 'p', key, sizeof key)) {
        return;
    }
    struct np_prefix *place = np_vec_push(m->survey->ctx, &m->prefixes);
    if (place) {
        *place = *prefix;
    } else {
        m->failed = true;
    }
}

static void note_selector(struct mentions *m, const struct np_selector *selector)
{
    if (selector->op != NP_SELECT_TERM) {
        for (uint32_t i = 0; i < selector->count; i++) {
            note_selector(m, selector->kids[i]);
        }
        return;
    }
    if (selector->scope == NP_SCOPE_OBJECT) {
        add_name(m, 'k', selector->key);
    } else if (selector->scope == NP_SCOPE_SERVICE_ACCOUNT) {
        m->survey->uses_accounts = true;
    } else if (selector->scope == NP_SCOPE_FIELD) {
        m->survey->uses_names = m->survey->uses_names || strcmp(selector->key->text, "name") == 0;
        m->survey->uses_accounts =
            m->survey->uses_accounts || strcmp(selector->key->text, "serviceaccount") == 0;
    }
}

static void note_set(void *user, const struct np_set *set)
{
    struct mentions *m = user;
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (literal->kind == NP_LIT_OBJECTS && literal->selector) {
                note_selector(m, literal->selector);
            } else if (literal->kind == NP_LIT_CIDR) {
                add_prefix(m, &literal->prefix);
            }
            for (uint32_t p = 0; p < literal->n_prefixes; p++) {
                add_prefix(m, &literal->prefixes[p]);
            }
        }
    }
}

static void note_match(void *user, const struct np_match *match)
{
    struct mentions *m = user;
    for (uint32_t i = 0; match->service && i < match->service->count; i++) {
        int16_t protocol = match->service->spans[i].protocol;
        if (protocol >= 0) {
            m->protocols[protocol & 0xff] = true;
        }
    }
    for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++) {
        if (match->dst_ports->members[i].name) {
            add_name(m, 'n', match->dst_ports->members[i].name);
        }
    }
}

static int compare_names(const void *a, const void *b)
{
    return np_slice_compare(np_str_slice(*(const np_str *)a), np_str_slice(*(const np_str *)b));
}

static int compare_prefixes(const void *a, const void *b)
{
    return np_prefix_compare(a, b);
}

/* Sorted, in the survey's arena; NULL only without memory. */
static void *settle(struct mentions *m, const void *items, size_t count, size_t element,
                    int (*compare)(const void *, const void *))
{
    void *copy = np_arena_array(&m->survey->arena, count, element);
    if (!copy) {
        m->failed = true;
    } else if (count) {
        memcpy(copy, items, count * element);
        qsort(copy, count, element, compare);
    }
    return copy;
}

/* Those that policies name, the usual ones, and one that none names to stand for the rest. */
static void settle_protocols(struct mentions *m)
{
    static const uint8_t usual[] = {6, 17, 132, 1, 58};
    uint8_t *protocols = np_arena_alloc(&m->survey->arena, 257);
    uint32_t count = 0;
    if (!protocols) {
        m->failed = true;
        return;
    }
    for (size_t i = 0; i < sizeof usual; i++) {
        protocols[count++] = usual[i];
        m->protocols[usual[i]] = false;
    }
    for (int p = 0; p < 256; p++) {
        if (m->protocols[p]) {
            protocols[count++] = (uint8_t)p;
        }
    }
    for (int p = 253; p > 0; p--) { /* from 253 on: kept for experiments, RFC 3692 */
        if (!m->protocols[p]) {
            protocols[count++] = (uint8_t)p;
            break;
        }
    }
    m->survey->protocols = protocols;
    m->survey->n_protocols = count;
}

int np_survey_mentions(struct np_survey *survey)
{
    struct mentions m = {.survey = survey};
    struct np_visitor visitor = {&m, note_set, note_match};
    np_map_init(&m.seen, survey->ctx);
    np_survey_visit(survey->model, &visitor);
    survey->keys = settle(&m, m.keys.items, m.keys.count, sizeof(np_str), compare_names);
    survey->n_keys = (uint32_t)m.keys.count;
    survey->port_names =
        settle(&m, m.port_names.items, m.port_names.count, sizeof(np_str), compare_names);
    survey->n_port_names = (uint32_t)m.port_names.count;
    survey->prefixes =
        settle(&m, m.prefixes.items, m.prefixes.count, sizeof(struct np_prefix), compare_prefixes);
    survey->n_prefixes = (uint32_t)m.prefixes.count;
    settle_protocols(&m);
    np_vec_free(survey->ctx, &m.keys);
    np_vec_free(survey->ctx, &m.port_names);
    np_vec_free(survey->ctx, &m.prefixes);
    np_map_free(&m.seen);
    return m.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
