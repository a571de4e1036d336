/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP rule. Source: pkg/policy/api/http.go and pkg/envoy/policy/{envoy_l7_rules_translator,
 * sort}.go of cilium/cilium, cilium/network_policy.cc of cilium/proxy (HeaderMatch::allowed).
 *
 * Method, path, host, `headers` and headerMatches without an action come first: where one of them
 * differs, the rule does nothing. Where they hold every other element of headerMatches is tried,
 * also after one that has failed, and does what its mismatch says.
 */
#include "dialect/cilium/l7_internal.h"
#include "base/defect.h"

#include <stdio.h>
#include <stdlib.h>

struct np_cilium_header np_cilium_header_read(struct np_slice text)
{
    const char *space = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
    if (!space) {
        return (struct np_cilium_header){.name = text, .present = true};
    }
    struct np_cilium_header header = {
        .name = {text.ptr, (size_t)(space - text.ptr)}
    };
    header.value = (struct np_slice){space + 1, text.len - header.name.len - 1};
    while (header.name.len && header.name.ptr[header.name.len - 1] == ':') {
        header.name.len--;
    }
    return header;
}

/* An empty value asks for the header alone. */
static const struct np_expr *header(struct np_lower *l, struct np_slice name, struct np_slice value)
{
    const struct np_expr expr = {
        .op = NP_EXPR_ATOM,
        .view = NP_VIEW_HEADER,
        .name = np_build_str(l->build, name),
        .pattern = {.kind = value.len ? NP_PATTERN_EXACT : NP_PATTERN_PRESENT,
                    .text = np_build_str(l->build, value)}
    };
    return np_build_expr(l->build, &expr);
}

static const struct np_expr *exact(struct np_lower *l, const struct np_cilium_header *item)
{
    if (item->present || item->value.len) {
        return header(l, item->name, item->value);
    }
    const struct np_expr expr = {
  /* "Name: " asks for an empty value */
        .op = NP_EXPR_ATOM,
        .view = NP_VIEW_HEADER,
        .name = np_build_str(l->build, item->name),
        .pattern = {.kind = NP_PATTERN_EXACT, .text = np_build_text(l->build, "")}
    };
    return np_build_expr(l->build, &expr);
}

static void regex(struct np_lower *l, struct np_cilium_terms *terms, enum np_view view,
                  struct np_slice text)
{
    if (text.len) {
        np_cilium_term(terms, np_cilium_atom(l, view, NP_PATTERN_REGEX, text));
    }
}

/* A secret that is missing, and no value beside it: the rule fails, whatever mismatch says. */
static bool is_lost(const struct np_cilium_header_match *match)
{
    return match->secret && match->value.len == 0;
}

static bool fails_on_mismatch(const struct np_cilium_header_match *match)
{
    return match->mismatch.len == 0 || np_defect(CILIUM_MISMATCH_FAILS);
}

/*
 * Without an action it is told to the proxy as one of `headers` (getHTTPRule). The proxy itself
 * would try it in turn, and fail having done what the others say: lowering 5 row 12, an option.
 */
static bool is_plain(const struct np_lower *l, const struct np_cilium_header_match *match)
{
    enum { FIRST }; /* the order of option header_fail */
    return fails_on_mismatch(match) && !is_lost(match) && l->options->header_fail == FIRST;
}

/* Method, path, host, `headers` and headerMatches that are as good as these; NULL: any. */
static const struct np_expr *head(struct np_lower *l, const struct np_cilium_http *http)
{
    const struct np_cilium_header_match *matches = http->header_matches.items;
    struct np_cilium_terms terms =
        np_cilium_terms(l, 3 + http->headers.count + http->header_matches.count);
    regex(l, &terms, NP_VIEW_METHOD, http->method);
    regex(l, &terms, NP_VIEW_PATH_CILIUM, http->path);
    regex(l, &terms, NP_VIEW_AUTHORITY_RAW, http->host);
    for (size_t i = 0; i < http->headers.count; i++) {
        struct np_cilium_header item = np_cilium_header_read(http->headers.items[i].text);
        np_cilium_term(&terms, exact(l, &item));
    }
    for (size_t i = 0; i < http->header_matches.count; i++) {
        if (is_plain(l, &matches[i])) {
            np_cilium_term(&terms, header(l, matches[i].name, matches[i].value));
        }
    }
    return np_cilium_join(&terms, NP_EXPR_ALL);
}

/* ---- effects ---- */

static enum np_effect_kind effect_kind(struct np_slice mismatch)
{
    return np_slice_is(mismatch, "ADD")       ? NP_EFFECT_ADD_HEADER
           : np_slice_is(mismatch, "DELETE")  ? NP_EFFECT_DELETE_HEADER
           : np_slice_is(mismatch, "REPLACE") ? NP_EFFECT_REPLACE_HEADER
                                              : NP_EFFECT_LOG;
}

/* To delete a header that is asked to be there and is not: nothing to do. */
static bool does_nothing(const struct np_cilium_header_match *match)
{
    return effect_kind(match->mismatch) == NP_EFFECT_DELETE_HEADER && match->value.len == 0;
}

static struct np_effect effect_of(struct np_lower *l, const struct np_cilium_header_match *match,
                                  const struct np_expr *first)
{
    struct np_cilium_terms unless = np_cilium_terms(l, 2);
    np_cilium_term(&unless, np_cilium_not(l, first));
    np_cilium_term(&unless, header(l, match->name, match->value));
    return (struct np_effect){.kind = (uint8_t)effect_kind(match->mismatch),
                              .unless = np_cilium_join(&unless, NP_EXPR_ANY),
                              .name = np_build_str(l->build, match->name),
                              .value = np_build_str(l->build, match->value)};
}

static void add_effects(struct np_lower *l, const struct np_cilium_http *http,
                        const struct np_expr *first, struct np_cilium_request *out)
{
    size_t count = http->header_matches.count;
    struct np_effect *effects = np_build_alloc(l->build, count, sizeof *effects);
    for (size_t i = 0; effects && i < count; i++) {
        const struct np_cilium_header_match *match = &http->header_matches.items[i];
        if (!fails_on_mismatch(match) && !is_lost(match) && !does_nothing(match)) {
            effects[out->n_effects++] = effect_of(l, match, first);
        }
    }
    out->effects = effects;
}

/* ---- order ---- */

struct key { /* a header as the proxy compares rules by */
    struct np_slice name, value;
    bool present;
};

static int compare_keys(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    int order = np_slice_compare(a->name, b->name);
    return order                      ? order
           : a->present != b->present ? a->present - b->present
                                      : np_slice_compare(a->value, b->value);
}

static size_t put(char *at, struct np_slice text)
{
    if (text.len) {
        memcpy(at, text.ptr, text.len);
    }
    return text.len;
}

static void add_key(struct key *keys, size_t *count, const char *name, struct np_slice value)
{
    if (value.len) {
        keys[(*count)++] = (struct key){np_slice_of(name), value, false};
    }
}

/* All in one go: there may be thousands of headers. */
static np_str join_keys(struct np_lower *l, const struct key *keys, size_t count)
{
    enum { NUMBER = 32 };
    size_t size = NUMBER;
    for (size_t i = 0; i < count; i++) {
        size += keys[i].name.len + keys[i].value.len + 3;
    }
    char *text = np_build_alloc(l->build, size, 1);
    if (!text) {
        return NULL;
    }
    size_t len = (size_t)snprintf(text, NUMBER, "%06zu", count);
    for (size_t i = 0; i < count; i++) {
        text[len++] = '\n';
        len += put(text + len, keys[i].name);
        text[len++] = '\t';
        if (keys[i].present) {
            text[len++] = '~';
        }
        len += put(text + len, keys[i].value);
    }
    return np_build_str(l->build, (struct np_slice){text, len});
}

/*
 * Rules with fewer conditions first, then by the conditions, sorted by name; of one name the one
 * that is only to be there comes last: what SortHTTPNetworkPolicyRules makes of them. It tells no
 * values apart (they are not where it looks), and leaves the order to chance then; here they count.
 * headerMatches with an action have no say in it.
 */
static np_str step_of(struct np_lower *l, const struct np_cilium_http *http)
{
    size_t count = 0;
    const struct np_cilium_header_match *matches = http->header_matches.items;
    struct key *keys = np_build_alloc(
        l->build, 3 + http->headers.count + http->header_matches.count, sizeof *keys);
    if (!keys) {
        return NULL;
    }
    add_key(keys, &count, ":path", http->path);
    add_key(keys, &count, ":method", http->method);
    add_key(keys, &count, ":authority", http->host);
    for (size_t i = 0; i < http->headers.count; i++) {
        struct np_cilium_header item = np_cilium_header_read(http->headers.items[i].text);
        keys[count++] = (struct key){item.name, item.value, item.present};
    }
    for (size_t i = 0; i < http->header_matches.count; i++) {
        if (is_plain(l, &matches[i])) {
            keys[count++] =
                (struct key){matches[i].name, matches[i].value, matches[i].value.len == 0};
        }
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    return join_keys(l, keys, count);
}

struct np_cilium_request np_cilium_http(struct np_lower *l, const struct np_cilium_http *http)
{
    const struct np_expr *first = head(l, http);
    struct np_cilium_request out = {.step = NULL};
    struct np_cilium_terms terms = np_cilium_terms(l, 1 + http->header_matches.count);
    np_cilium_term(&terms, first);
    for (size_t i = 0; i < http->header_matches.count; i++) {
        const struct np_cilium_header_match *match = &http->header_matches.items[i];
        if (is_lost(match)) {
            const struct np_expr never = {.op = NP_EXPR_ANY};
            np_cilium_term(&terms, np_build_expr(l->build, &never));
        } else if (fails_on_mismatch(match) && !is_plain(l, match)) {
            np_cilium_term(&terms, header(l, match->name, match->value));
        }
    }
    out.expr = np_cilium_join(&terms, NP_EXPR_ALL);
    add_effects(l, http, first, &out);
    out.step = step_of(l, http);
    return out;
}
