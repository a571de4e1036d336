/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that allow more than they seem to. */
#include "analyze/lint.h"
#include "analyze/tell.h"

/* In a list, what an earlier rule of the policy denies is left out of "all". */
static bool denies_before(const struct np_rule *rule)
{
    const struct np_policy *policy = rule->policy;
    bool denies = false;
    for (uint32_t r = 0; r < policy->n_rules[rule->direction] && !denies; r++) {
        const struct np_rule *other = &policy->rules[rule->direction][r];
        denies = other->action == NP_ACT_DENY && other->place < rule->place;
    }
    return denies && policy->tier->rank_order == NP_LISTED;
}

static void allow_all(struct np_lint *l, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        if (np_match_everything(&rule->alternatives[a]) && !denies_before(rule)) {
            bool in = rule->direction == NP_INGRESS;
            np_lint_report(l, NP_CODE_4106, in ? NETPOL_WARNING : -1, &rule->origin,
                           "the rule names neither peers nor ports: it allows all %s%s",
                           np_direction_text(rule->direction),
                           in ? ", also from outside the cluster" : "");
            return;
        }
    }
}

/* ---- every namespace may reach a data store ---- */

/* Where data stores and secret stores listen. */
static const uint16_t sensitive_ports[] = {1433, 1521, 2379, 3306,  5432,  5984, 6379,
                                           8200, 9042, 9200, 11211, 26257, 27017};
static const size_t n_sensitive = sizeof sensitive_ports / sizeof *sensitive_ports;

static bool declares_port(const struct np_endpoint *endpoint, uint16_t port, np_str name)
{
    for (uint32_t i = 0; i < endpoint->n_ports; i++) {
        if (endpoint->ports[i].port == port && (!name || endpoint->ports[i].name == name)) {
            return true;
        }
    }
    return false;
}

/* The sensitive port that the match opens at this endpoint; 0: none. */
static uint16_t opens(const struct np_match *match, const struct np_endpoint *endpoint)
{
    for (size_t i = 0; i < n_sensitive; i++) {
        uint16_t port = sensitive_ports[i];
        if (declares_port(endpoint, port, NULL) && np_match_covers_port(match, 6, port)) {
            return port;
        }
        for (uint32_t m = 0; match->dst_ports && m < match->dst_ports->count; m++) {
            np_str name = match->dst_ports->members[m].name;
            if (name && declares_port(endpoint, port, name)) {
                return port;
            }
        }
    }
    return 0;
}

static void open_to_all(struct np_lint *l, const struct np_lint_policy *known,
                        const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_match *match = &rule->alternatives[a];
        if (!np_set_every_pod(match->far)) {
            continue;
        }
        for (uint32_t c = 0; c < l->survey.n_classes; c++) {
            const struct np_endpoint *endpoint = l->survey.classes[c].first;
            uint16_t port =
                np_bits_get(&known->selected[NP_INGRESS], c) ? opens(match, endpoint) : 0;
            if (port) {
                struct np_text text;
                np_text_init(&text, l->ctx);
                np_tell_endpoint(&text, endpoint);
                np_lint_report(l, NP_CODE_4107, -1, &rule->origin,
                               "every pod of every namespace may reach port %u of %s", port,
                               text.ptr ? text.ptr : "");
                np_text_free(&text);
                return;
            }
        }
    }
}

/* ---- address blocks over pods ---- */

static bool excepted(const struct np_clause *clause, const struct np_prefix *range)
{
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_literal *literal = clause->items[i].literal;
        if (clause->items[i].negative && literal->kind == NP_LIT_CIDR &&
            (np_prefix_within(range, &literal->prefix) ||
             np_prefix_within(&literal->prefix, range))) {
            return true;
        }
    }
    return false;
}

/* The pod range that lies whole in the clause's block; where none is known, the address of a pod.
 */
static const struct np_prefix *covered_range(const struct np_lint *l,
                                             const struct np_clause *clause,
                                             const struct np_prefix *block)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t i = 0; i < inventory->n_pod_cidrs; i++) {
        if (np_prefix_within(&inventory->pod_cidrs[i], block) &&
            !excepted(clause, &inventory->pod_cidrs[i])) {
            return &inventory->pod_cidrs[i];
        }
    }
    const struct np_prefix *found = NULL;
    uint32_t count = 0;
    for (uint32_t c = 0; inventory->n_pod_cidrs == 0 && c < l->survey.n_classes; c++) {
        const struct np_endpoint *endpoint = l->survey.classes[c].first;
        for (uint32_t i = 0; i < endpoint->n_prefixes; i++) {
            const struct np_prefix *address = &endpoint->prefixes[i];
            if (address->address.family != block->address.family) {
                continue;
            }
            if (!np_prefix_within(address, block) || excepted(clause, address)) {
                return NULL; /* some pods are outside: the block was not meant for the world */
            }
            found = address;
            count++;
        }
    }
    return count > 1 ? found : NULL;
}

/* The block that a clause is about; NULL: objects are asked for as well, which is meant then. */
static const struct np_literal *only_block(const struct np_clause *clause)
{
    const struct np_literal *block = NULL;
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_literal *literal = clause->items[i].literal;
        if (clause->items[i].negative) {
            continue;
        }
        if (block || literal->kind != NP_LIT_CIDR || !(literal->domain & NP_DOMAIN_PODS)) {
            return NULL;
        }
        block = literal;
    }
    return block;
}

static void block_over_pods(struct np_lint *l, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_set *far = rule->alternatives[a].far;
        for (uint32_t c = 0; far && c < far->count; c++) {
            const struct np_literal *literal = only_block(&far->clauses[c]);
            const struct np_prefix *range =
                literal ? covered_range(l, &far->clauses[c], &literal->prefix) : NULL;
            char block[50], pods[50];
            if (range) {
                np_prefix_format(&literal->prefix, block);
                np_prefix_format(range, pods);
                np_lint_report(l, NP_CODE_4108, -1, &rule->origin,
                               "the block %s also covers the pods of the cluster (%s)", block,
                               pods);
                return;
            }
        }
    }
}

static void check_rule(struct np_lint *l, struct np_lint_policy *known, const struct np_rule *rule)
{
    if (rule->action != NP_ACT_ALLOW) {
        return;
    }
    allow_all(l, rule);
    block_over_pods(l, rule);
    if (rule->direction == NP_INGRESS) {
        open_to_all(l, known, rule);
    }
}

void np_lint_width(struct np_lint *l)
{
    np_lint_rules(l, check_rule);
}
