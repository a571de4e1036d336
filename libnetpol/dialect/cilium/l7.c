/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say of L7 rules wherever they stand. Source: pkg/policy/api/
 * rule_validation.go, http.go, l7.go, fqdn.go and kafka/kafka.go of cilium/cilium v1.19.
 */
#include "dialect/cilium/l7_internal.h"

#define SHOWN(text) (int)((text).len < 80 ? (text).len : 80), (text).ptr

static const char *const mismatch_actions[] = {"", "LOG", "ADD", "DELETE", "REPLACE", NULL};
static const char *const config_kinds[] = {"", "CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig",
                                           NULL};
enum { TOPIC_MAX = 255 };

static void check_secret(struct np_decode *d, void *object)
{
    const struct np_cilium_secret *secret = object;
    if (secret->name.ptr && secret->name.len == 0) {
        np_decode_report_in(d, NP_CODE_2564, secret->node, "name", "the secret has no name");
    }
}

/* ---- HTTP ---- */

static void check_header_match(struct np_decode *d, void *object)
{
    const struct np_cilium_header_match *match = object;
    if (match->name.ptr && match->name.len == 0) {
        np_decode_report_in(d, NP_CODE_2562, match->node, "name", "the header has no name");
    }
    if (match->secret && match->value.len == 0) {
        np_decode_report_in(d, NP_CODE_2565, match->node, "secret",
                            "the value of secret %.*s is not known here",
                            SHOWN(match->secret->name));
    }
}

/* by_go: Cilium's agent has refused it before the proxy sees it (PortRuleHTTP.Sanitize). */
static void check_regex(struct np_decode *d, const struct np_node *map, const char *key,
                        struct np_slice text, bool by_go)
{
    const struct np_regex *regex;
    struct np_regex_error error;
    struct np_arena arena;
    np_arena_init(&arena, d->ctx, 4096);
    int status = np_regex_parse(&arena, text, &regex, &error);
    if (status == NETPOL_ERR_MEMORY) {
        d->no_memory = true;
    } else if (status != NETPOL_OK) {
        struct np_slice part = {text.ptr + error.offset, error.length};
        np_decode_report_in(d, NP_CODE_2589, map, key, "%s%s%.*s", error.why, part.len ? ": " : "",
                            SHOWN(part)); /* the end of the text is no part of it */
    } else if (by_go && regex->re2_only) {
        np_decode_report_in(
            d, NP_CODE_2589, map, key,
            "Cilium reads it with Go's regexp, which has no \\C and names groups in "
            "ASCII: %.*s",
            SHOWN(text));
    }
    np_arena_free(&arena);
}

static void check_http(struct np_decode *d, void *object)
{
    const struct np_cilium_http *http = object;
    check_regex(d, http->node, "method", http->method, true);
    check_regex(d, http->node, "path", http->path, true);
    check_regex(d, http->node, "host", http->host, false);
    size_t mark = np_path_key(d, "headers");
    for (size_t i = 0; i < http->headers.count; i++) {
        size_t inner = np_path_index(d, i);
        if (np_cilium_header_read(http->headers.items[i].text).name.len == 0) {
            np_decode_report(d, NP_CODE_2562, http->headers.items[i].node,
                             "the header has no name");
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

/* ---- Kafka ---- */

static bool topic_characters(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return true;
}

static void no_api_key(struct np_decode *d, const struct np_cilium_kafka *kafka)
{
    const char *near = np_cilium_kafka_suggest(kafka->api_key);
    np_decode_report_in(d, NP_CODE_2571, kafka->node, "apiKey",
                        "\"%.*s\" is no kind of Kafka request%s%s%s", SHOWN(kafka->api_key),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static bool is_version(struct np_slice text)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > INT16_MAX) {
            return false;
        }
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number <= INT16_MAX;
}

static void check_kafka(struct np_decode *d, void *object)
{
    const struct np_cilium_kafka *kafka = object;
    if (kafka->role.len && kafka->api_key.len) {
        np_decode_report_in(d, NP_CODE_2570, kafka->node, "apiKey", "apiKey beside role");
    }
    if (kafka->role.len && np_cilium_kafka_role(kafka->role) == NP_CILIUM_KAFKA_NO_ROLE) {
        np_decode_report_in(d, NP_CODE_2570, kafka->node, "role",
                            "\"%.*s\" is neither produce nor consume", SHOWN(kafka->role));
    }
    if (kafka->api_key.len && np_cilium_kafka_key(kafka->api_key) < 0) {
        no_api_key(d, kafka);
    }
    if (!is_version(kafka->api_version)) {
        np_decode_report_in(d, NP_CODE_2572, kafka->node, "apiVersion",
                            "\"%.*s\" is no number up to 32767", SHOWN(kafka->api_version));
    }
    if (kafka->topic.len > TOPIC_MAX || !topic_characters(kafka->topic)) {
        np_decode_report_in(d, NP_CODE_2573, kafka->node, "topic",
                            kafka->topic.len > TOPIC_MAX
                                ? "the topic is longer than 255"
                                : "\"%.*s\" has characters that no topic has",
                            SHOWN(kafka->topic));
    }
}

/* ---- rules of one protocol ---- */

bool np_cilium_given(const struct np_node *list)
{
    return list && !np_is(list, NP_NULL);
}

static void check_generic_rule(struct np_decode *d, const struct np_node *rule)
{
    bool map = np_is(rule, NP_MAP);
    if (!map) {
        np_decode_report(d, NP_CODE_2575, rule, "a rule of a proxy's parser is an object");
    }
    for (size_t i = 0; map && i < rule->map.count; i++) {
        const struct np_member *member = &rule->map.members[i];
        struct np_slice text;
        size_t mark = np_path_member(d, member->key);
        if (member->key.len == 0) {
            np_decode_report(d, NP_CODE_2575, member->value, "a key is empty");
        }
        np_decode_text(d, member->value, &text); /* reports */
        np_path_end(d, mark);
    }
}

static void check_generic(struct np_decode *d, const struct np_cilium_l7_rules *rules)
{
    if (!np_cilium_given(rules->l7)) {
        return;
    }
    size_t mark = np_path_key(d, "l7");
    if (rules->l7proto.len == 0) {
        np_decode_report(d, NP_CODE_2574, rules->l7, "l7 without l7proto");
    }
    if (!np_is(rules->l7, NP_LIST)) {
        np_decode_report(d, NP_CODE_2575, rules->l7, "l7 is a list of objects");
    }
    for (size_t i = 0; np_is(rules->l7, NP_LIST) && i < rules->l7->list.count; i++) {
        size_t inner = np_path_index(d, i);
        check_generic_rule(d, rules->l7->list.items[i]);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

static void check_rules(struct np_decode *d, void *object)
{
    const struct np_cilium_l7_rules *rules = object;
    const struct {
        const char *key;
        bool given, gone; /* gone: removed in v1.20 */
    } kinds[] = {
        {"http",    np_cilium_given(rules->http.node),  false},
        {"dns",     np_cilium_given(rules->dns.node),   false},
        {"kafka",   np_cilium_given(rules->kafka.node), true },
        {"l7proto", rules->l7proto.len > 0,             true }
    };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].given && first) {
            np_decode_report_in(d, NP_CODE_2560, rules->node, kinds[i].key, "%s beside %s",
                                kinds[i].key, first);
        }
        if (kinds[i].given && kinds[i].gone) {
            np_decode_report_in(d, NP_CODE_2561, rules->node, kinds[i].key,
                                "%s was removed in 1.20", kinds[i].key);
        }
        first = kinds[i].given && !first ? kinds[i].key : first;
    }
    check_generic(d, rules);
}

/* ---- listeners ---- */

static void no_name(struct np_decode *d, const struct np_node *node, struct np_slice name)
{
    if (name.ptr && name.len == 0) {
        np_decode_report_in(d, NP_CODE_2580, node, "name", "the name is empty");
    }
}

static void check_config(struct np_decode *d, void *object)
{
    const struct np_cilium_envoy_config *config = object;
    no_name(d, config->node, config->name);
}

static void check_listener(struct np_decode *d, void *object)
{
    const struct np_cilium_listener *listener = object;
    no_name(d, listener->node, listener->name);
}

#include "dialect/cilium/l7.def"
