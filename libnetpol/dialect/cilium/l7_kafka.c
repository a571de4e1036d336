/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka rules, as Cilium had them up to v1.19. Source: pkg/policy/api/kafka/kafka.go of
 * cilium/proxy, and pkg/kafka/policy.go.
 *
 * A question names the kind of its request by word or by number; both are compared. A topic is
 * asked for of those kinds of requests alone that have topics.
 */
#include "dialect/cilium/l7_internal.h"

#include <stdio.h>

static const struct {
    const char *name;
    bool topics, produce, consume; /* names topics; belongs to the role */
} keys[] = {
    {"produce",              true,  true,  false},
    {"fetch",                true,  false, true },
    {"offsets",              true,  false, true },
    {"metadata",             true,  true,  true },
    {"leaderandisr",         true,  false, false},
    {"stopreplica",          true,  false, false},
    {"updatemetadata",       true,  false, false},
    {"controlledshutdown",   false, false, false},
    {"offsetcommit",         true,  false, true },
    {"offsetfetch",          true,  false, true },
    {"findcoordinator",      false, false, true },
    {"joingroup",            false, false, true },
    {"heartbeat",            false, false, true },
    {"leavegroup",           false, false, true },
    {"syncgroup",            false, false, true },
    {"describegroups",       false, false, false},
    {"listgroups",           false, false, false},
    {"saslhandshake",        false, false, false},
    {"apiversions",          false, true,  true },
    {"createtopics",         true,  false, false},
    {"deletetopics",         true,  false, false},
    {"deleterecords",        true,  false, false},
    {"initproducerid",       false, false, false},
    {"offsetforleaderepoch", true,  false, false},
    {"addpartitionstotxn",   true,  false, false},
    {"addoffsetstotxn",      false, false, false},
    {"endtxn",               false, false, false},
    {"writetxnmarkers",      true,  false, false},
    {"txnoffsetcommit",      true,  false, false},
    {"describeacls",         false, false, false},
    {"createacls",           false, false, false},
    {"deleteacls",           false, false, false},
    {"describeconfigs",      false, false, false},
    {"alterconfigs",         false, false, false},
};
enum { KEYS = sizeof keys / sizeof *keys };

static bool same_word(struct np_slice text, const char *lower)
{
    size_t i = 0;
    for (; i < text.len && lower[i]; i++) {
        char c = text.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c) != lower[i]) {
            return false;
        }
    }
    return i == text.len && lower[i] == '\0';
}

enum np_cilium_kafka_role np_cilium_kafka_role(struct np_slice text)
{
    return same_word(text, "produce")   ? NP_CILIUM_KAFKA_PRODUCE
           : same_word(text, "consume") ? NP_CILIUM_KAFKA_CONSUME
                                        : NP_CILIUM_KAFKA_NO_ROLE;
}

int np_cilium_kafka_key(struct np_slice name)
{
    for (int i = 0; i < KEYS; i++) {
        if (same_word(name, keys[i].name)) {
            return i;
        }
    }
    return -1;
}

const char *np_cilium_kafka_suggest(struct np_slice name)
{
    const char *names[KEYS];
    for (int i = 0; i < KEYS; i++) {
        names[i] = keys[i].name;
    }
    return np_suggest(name, names, KEYS);
}

/* ---- lowering ---- */

static void add_key(struct np_cilium_terms *terms, int key)
{
    const struct np_expr named = {
        .op = NP_EXPR_ATOM,
        .view = NP_VIEW_KAFKA_API_KEY,
        .pattern = {.kind = NP_PATTERN_EXACT,
                    .ignore_case = true,
                    .text = np_build_text(terms->l->build, keys[key].name)}
    };
    char number[16];
    snprintf(number, sizeof number, "%d", key);
    np_cilium_term(terms, np_build_expr(terms->l->build, &named));
    np_cilium_term(terms, np_cilium_atom(terms->l, NP_VIEW_KAFKA_API_KEY, NP_PATTERN_EXACT,
                                         np_slice_of(number)));
}

static const struct np_expr *kinds(struct np_lower *l, const struct np_cilium_kafka *kafka)
{
    enum np_cilium_kafka_role role = np_cilium_kafka_role(kafka->role);
    int only = np_cilium_kafka_key(kafka->api_key);
    struct np_cilium_terms terms = np_cilium_terms(l, 2 * KEYS);
    for (int i = 0; i < KEYS; i++) {
        if (i == only || (role == NP_CILIUM_KAFKA_PRODUCE && keys[i].produce) ||
            (role == NP_CILIUM_KAFKA_CONSUME && keys[i].consume)) {
            add_key(&terms, i);
        }
    }
    return np_cilium_join(&terms, NP_EXPR_ANY);
}

/* The topic, or a kind of request that has none. */
static const struct np_expr *topic(struct np_lower *l, struct np_slice text)
{
    struct np_cilium_terms terms = np_cilium_terms(l, 1 + 2 * KEYS);
    np_cilium_term(&terms, np_cilium_atom(l, NP_VIEW_KAFKA_TOPIC, NP_PATTERN_EXACT, text));
    for (int i = 0; i < KEYS; i++) {
        if (!keys[i].topics) {
            add_key(&terms, i);
        }
    }
    return np_cilium_join(&terms, NP_EXPR_ANY);
}

/* "07" is version 7. */
static struct np_slice version(struct np_slice text)
{
    while (text.len > 1 && text.ptr[0] == '0') {
        text.ptr++;
        text.len--;
    }
    return text;
}

const struct np_expr *np_cilium_kafka(struct np_lower *l, const struct np_cilium_kafka *kafka)
{
    struct np_cilium_terms terms = np_cilium_terms(l, 4);
    np_cilium_term(&terms, kinds(l, kafka));
    if (kafka->api_version.len) {
        np_cilium_term(&terms, np_cilium_atom(l, NP_VIEW_KAFKA_API_VERSION, NP_PATTERN_EXACT,
                                              version(kafka->api_version)));
    }
    if (kafka->client.len) {
        np_cilium_term(&terms,
                       np_cilium_atom(l, NP_VIEW_KAFKA_CLIENT, NP_PATTERN_EXACT, kafka->client));
    }
    if (kafka->topic.len) {
        np_cilium_term(&terms, topic(l, kafka->topic));
    }
    return np_cilium_join(&terms, NP_EXPR_ALL);
}
