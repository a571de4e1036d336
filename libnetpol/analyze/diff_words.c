/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What either set mentions: label keys, prefixes, port names, protocols. An end's look consists of
 * these and of nothing else, in words that both models share.
 */
#include "analyze/diff.h"

#include <stdlib.h>

struct mentions {
    struct np_diff *diff;
    enum np_diff_which which;
    struct np_map keys;
    np_vec(np_str) key_list;
    np_vec(struct np_prefix) prefixes;
    bool protocols[256];
    bool any_protocol; /* ports of whatever protocol has some */
    bool failed;
};

uint32_t np_diff_word(struct np_diff *diff, enum np_diff_which which, np_str text)
{
    if (!text) {
        return 0;
    }
    uint32_t *word = &diff->models[which].words[text->id];
    if (!*word) {
        np_str shared = np_intern(diff->strings, np_str_slice(text));
        if (!shared) {
            return UINT32_MAX;
        }
        *word = shared->id + 1;
    }
    return *word;
}

static void add_key(struct mentions *m, np_str key)
{
    bool added = false;
    np_str shared = np_intern(m->diff->strings, np_str_slice(key));
    if (!shared || !np_map_add(&m->keys, np_str_slice(key), &added)) {
        m->failed = true;
    } else if (added) {
        np_str *place = np_vec_push(m->diff->ctx, &m->key_list);
        m->failed = m->failed || !place;
        if (place) {
            *place = shared;
        }
    }
}

static void add_prefix(struct mentions *m, const struct np_prefix *prefix)
{
    if (prefix->address.family) {
        struct np_prefix *place = np_vec_push(m->diff->ctx, &m->prefixes);
        m->failed = m->failed || !place;
        if (place) {
            *place = *prefix;
        }
    }
}

static void note_field(struct np_diff_words *words, np_str key)
{
    words->names = words->names || strcmp(key->text, "name") == 0;
    words->accounts = words->accounts || strcmp(key->text, "serviceaccount") == 0;
}

static void note_selector(struct mentions *m, const struct np_selector *selector)
{
    if (selector->op != NP_SELECT_TERM) {
        for (uint32_t i = 0; i < selector->count; i++) {
            note_selector(m, selector->kids[i]);
        }
    } else if (selector->scope == NP_SCOPE_FIELD) {
        note_field(&m->diff->words, selector->key);
    } else {
        m->diff->words.accounts =
            m->diff->words.accounts || selector->scope == NP_SCOPE_SERVICE_ACCOUNT;
        add_key(m, selector->key);
    }
}

static void note_set(void *user, const struct np_set *set)
{
    struct mentions *m = user;
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (literal->selector) {
                note_selector(m, literal->selector);
            }
            if (literal->kind == NP_LIT_CIDR) {
                add_prefix(m, &literal->prefix);
            }
            for (uint32_t p = 0; p < literal->n_prefixes; p++) {
                add_prefix(m, &literal->prefixes[p]);
            }
        }
    }
}

static void note_members(struct mentions *m, const struct np_portset *portset)
{
    for (uint32_t i = 0; portset && i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        bool added;
        if (member->protocol >= 0) {
            m->protocols[member->protocol & 0xff] = true;
        }
        if (member->name) {
            m->failed =
                !np_map_add(&m->diff->words.port_names, np_str_slice(member->name), &added) ||
                m->failed;
        } else {
            m->any_protocol = m->any_protocol || member->protocol < 0;
            m->diff->words.names = m->diff->words.names || member->endpoint;
            struct np_prefix host = np_prefix_of(&member->address);
            add_prefix(m, &host);
        }
    }
}

static void note_service(struct mentions *m, const struct np_service *service)
{
    for (uint32_t i = 0; service && i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        if (span->protocol >= 0) {
            m->protocols[span->protocol & 0xff] = true;
        } else {
            m->any_protocol = m->any_protocol || span->ports;
        }
    }
}

static void note_match(void *user, const struct np_match *match)
{
    struct mentions *m = user;
    note_service(m, match->service);
    note_service(m, match->src_service);
    note_members(m, match->dst_ports);
    note_members(m, match->src_ports);
    note_service(m, match->dst_ports ? match->dst_ports->within : NULL);
    note_service(m, match->src_ports ? match->src_ports->within : NULL);
}

/* What is not said by a policy but divides addresses and pods as well. */
static void note_inventory(struct mentions *m, struct np_diff_model *side)
{
    const struct np_inventory *inventory = &side->model->inventory;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *endpoint = inventory->endpoints[i];
        if (endpoint->kind == NP_OBJ_WORKLOAD || endpoint->kind == NP_OBJ_HOST_NET_WORKLOAD) {
            continue;
        }
        side->covers = true;
        for (uint32_t p = 0; p < endpoint->n_prefixes; p++) {
            add_prefix(m, &endpoint->prefixes[p]);
        }
    }
    for (uint32_t i = 0; i < inventory->n_pod_cidrs; i++) {
        add_prefix(m, &inventory->pod_cidrs[i]);
    }
    for (uint32_t i = 0; i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        for (uint32_t p = 0; set->inside && p < set->n_prefixes; p++) {
            add_prefix(m, &set->prefixes[p]);
        }
    }
    for (uint32_t i = 0; i < inventory->n_nodes; i++) {
        for (uint32_t a = 0; a < inventory->nodes[i]->n_addresses; a++) {
            add_prefix(m, &inventory->nodes[i]->addresses[a]);
        }
    }
}

static void note_model(struct mentions *m, enum np_diff_which which)
{
    struct np_diff_model *side = &m->diff->models[which];
    const struct np_visitor visitor = {m, note_set, note_match};
    m->which = which;
    np_survey_visit(side->model, &visitor);
    for (uint32_t i = 0; i < side->model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = side->model->checkpoints[i];
        note_set(m, checkpoint->subjects);
        m->diff->words.hosts = m->diff->words.hosts || checkpoint->kind == NP_CHECK_HOST;
    }
    note_inventory(m, side);
}

/* ---- in the form they are used ---- */

static int compare_prefixes(const void *a, const void *b)
{
    return np_prefix_compare(a, b);
}

/* Prefixes are nested or disjoint: sorted, the one around an entry is on the path of the last. */
static void find_parents(struct np_diff_words *words)
{
    uint32_t around = NP_DIFF_NONE;
    for (uint32_t i = 0; i < words->n_prefixes; i++) {
        while (around != NP_DIFF_NONE &&
               !np_prefix_within(&words->prefixes[i], &words->prefixes[around])) {
            around = words->parents[around];
        }
        words->parents[i] = around;
        around = i;
    }
}

static void settle_prefixes(struct mentions *m)
{
    struct np_diff_words *words = &m->diff->words;
    size_t count = m->prefixes.count;
    words->prefixes = np_arena_array(&m->diff->arena, count, sizeof *words->prefixes);
    words->parents = np_arena_array(&m->diff->arena, count, sizeof *words->parents);
    if (!words->prefixes || !words->parents) {
        m->failed = true;
        return;
    }
    if (count) {
        qsort(m->prefixes.items, count, sizeof *m->prefixes.items, compare_prefixes);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !np_prefix_equal(&m->prefixes.items[i], &m->prefixes.items[i - 1])) {
            words->prefixes[words->n_prefixes++] = m->prefixes.items[i];
        }
    }
    find_parents(words);
}

uint32_t np_diff_prefix_at(const struct np_diff_words *words, const struct np_address *address)
{
    struct np_prefix own = np_prefix_of(address);
    uint32_t low = 0, high = words->n_prefixes;
    while (low < high) { /* the first that sorts after the address itself */
        uint32_t middle = low + (high - low) / 2;
        if (np_prefix_compare(&words->prefixes[middle], &own) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint32_t at = low ? low - 1 : NP_DIFF_NONE;
    while (at != NP_DIFF_NONE && !np_prefix_has(&words->prefixes[at], address)) {
        at = words->parents[at];
    }
    return at;
}

/* The usual ones, those that some policy names, and one that none names to stand for the rest. */
static void settle_protocols(struct mentions *m)
{
    static const uint8_t usual[] = {6, 17, 132, 1, 58};
    static const uint8_t with_ports[] = {33, 136};
    struct np_diff_words *words = &m->diff->words;
    words->protocols = np_arena_alloc(&m->diff->arena, 257);
    if (!words->protocols) {
        m->failed = true;
        return;
    }
    for (size_t i = 0; i < sizeof usual; i++) {
        words->protocols[words->n_protocols++] = usual[i];
        m->protocols[usual[i]] = false;
    }
    for (size_t i = 0; i < sizeof with_ports && m->any_protocol; i++) {
        m->protocols[with_ports[i]] = true;
    }
    for (int p = 0; p < 256; p++) {
        if (m->protocols[p]) {
            words->protocols[words->n_protocols++] = (uint8_t)p;
        }
    }
    for (int p = 253; p >= 0; p--) { /* from 253 on: kept for experiments, RFC 3692 */
        if (!m->protocols[p] && !memchr(usual, p, sizeof usual)) {
            words->protocols[words->n_protocols++] = (uint8_t)p;
            break;
        }
    }
}

static void settle_keys(struct mentions *m)
{
    struct np_diff_words *words = &m->diff->words;
    words->n_keys = (uint32_t)m->key_list.count;
    words->keys = np_arena_array(&m->diff->arena, words->n_keys, sizeof *words->keys);
    m->failed = m->failed || !words->keys;
    for (uint32_t i = 0; words->keys && i < words->n_keys; i++) {
        words->keys[i] = m->key_list.items[i];
    }
    for (int w = 0; w < NP_DIFF_MODELS && !m->failed; w++) {
        struct np_diff_model *side = &m->diff->models[w];
        np_str *keys = np_arena_array(&m->diff->arena, words->n_keys, sizeof *keys);
        m->failed = !keys;
        for (uint32_t i = 0; keys && i < words->n_keys; i++) {
            keys[i] = np_strings_find(side->model->strings, np_str_slice(words->keys[i]));
        }
        side->keys = keys;
    }
}

int np_diff_mentions(struct np_diff *diff)
{
    struct mentions m = {.diff = diff};
    np_map_init(&m.keys, diff->ctx);
    for (int w = 0; w < NP_DIFF_MODELS; w++) {
        note_model(&m, (enum np_diff_which)w);
    }
    settle_prefixes(&m);
    settle_protocols(&m);
    settle_keys(&m);
    np_map_free(&m.keys);
    np_vec_free(diff->ctx, &m.key_list);
    np_vec_free(diff->ctx, &m.prefixes);
    return m.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
