/* SPDX-License-Identifier: Apache-2.0 */
/* The redirects of a model: what rules say of them, each once, with numbers that stay. */
#include "model/build_internal.h"

#include <stdlib.h>

_Static_assert((int)NP_PARSER_OTHER == (int)NETPOL_PARSER_OTHER &&
                   (int)NP_PARSER_TLS == (int)NETPOL_PARSER_TLS &&
                   (int)NP_PARSER_HTTP == (int)NETPOL_PARSER_HTTP &&
                   (int)NP_AUTH_FAILS == (int)NETPOL_AUTH_ALWAYS_FAIL,
               "programs are told by the same numbers");

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static struct np_redirect redirect_of(const struct np_rule *rule)
{
    return (struct np_redirect){.parser = rule->redirect_parser,
                                .priority = rule->redirect_priority,
                                .listener = rule->listener_name,
                                .terminating = rule->terminating,
                                .originating = rule->originating};
}

static int compare_text(np_str a, np_str b)
{
    if (!a || !b) {
        return COMPARE(a != NULL, b != NULL);
    }
    return a == b ? 0 : np_slice_compare(np_str_slice(a), np_str_slice(b));
}

static int compare_redirects(const void *x, const void *y)
{
    const struct np_redirect *a = x, *b = y;
    int order = COMPARE(a->parser, b->parser);
    order = order ? order : COMPARE(a->priority, b->priority);
    order = order ? order : compare_text(a->listener, b->listener);
    order = order ? order : compare_text(a->terminating, b->terminating);
    return order ? order : compare_text(a->originating, b->originating);
}

/* The place of a redirect; NULL: no memory. */
static uint64_t *place_of(struct np_map *places, const struct np_redirect *redirect, bool *added)
{
    uintptr_t key[] = {redirect->parser, (uintptr_t)redirect->priority,
                       (uintptr_t)redirect->listener, (uintptr_t)redirect->terminating,
                       (uintptr_t)redirect->originating};
    return np_map_add(places, (struct np_slice){(const char *)key, sizeof key}, added);
}

struct seal {
    struct np_build *b;
    struct np_map places; /* redirect -> number */
    np_vec(struct np_redirect) list;
};

static void fail(struct seal *s)
{
    np_build_fail(s->b);
}

static void add(struct seal *s, const struct np_redirect *redirect)
{
    bool added;
    uint64_t *place = place_of(&s->places, redirect, &added);
    struct np_redirect *item = place && added ? np_vec_push(s->b->ctx, &s->list) : NULL;
    if (item) {
        *item = *redirect;
        *place = s->list.count - 1;
    } else if (!place || added) {
        fail(s);
    }
}

/* Calls visit for every rule that sends traffic somewhere. */
static void each_rule(struct seal *s, void (*visit)(struct seal *s, struct np_rule *rule))
{
    for (size_t i = 0; i < s->b->policy.policies.count; i++) {
        struct np_policy_made *made = s->b->policy.policies.items[i];
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            struct np_rule *rules = made->policy.rules[d];
            for (uint32_t r = 0; rules && r < made->policy.n_rules[d]; r++) {
                if (rules[r].redirect_parser != NP_PARSER_NONE) {
                    visit(s, &rules[r]);
                }
            }
        }
    }
}

static void collect(struct seal *s, struct np_rule *rule)
{
    struct np_redirect redirect = redirect_of(rule);
    add(s, &redirect);
}

static void number(struct seal *s, struct np_rule *rule)
{
    bool added;
    struct np_redirect redirect = redirect_of(rule);
    uint64_t *place = place_of(&s->places, &redirect, &added);
    if (place) {
        rule->redirect = (uint32_t)*place;
    } else {
        fail(s);
    }
}

void np_redirects_seal(struct np_build *b)
{
    const struct np_redirect nowhere = {.parser = NP_PARSER_NONE};
    struct np_model *model = b->model;
    struct seal s = {.b = b};
    np_map_init(&s.places, b->ctx);
    add(&s, &nowhere);
    for (uint32_t i = 1; b->before && i < b->before->n_redirects; i++) {
        add(&s, &b->before->redirects[i]);
    }
    size_t old = s.list.count;
    each_rule(&s, collect);
    if (s.list.count > old) {
        qsort(s.list.items + old, s.list.count - old, sizeof *s.list.items, compare_redirects);
    }
    for (size_t i = old; i < s.list.count; i++) {
        bool added;
        uint64_t *place = place_of(&s.places, &s.list.items[i], &added);
        if (place) {
            *place = i;
        }
    }
    each_rule(&s, number);
    struct np_redirect *redirects = np_seal_alloc(b, s.list.count, sizeof *redirects);
    if (redirects && s.list.count) { /* none: no memory for the first */
        memcpy(redirects, s.list.items, s.list.count * sizeof *redirects);
        model->redirects = redirects;
        model->n_redirects = (uint32_t)s.list.count;
    }
    np_vec_free(b->ctx, &s.list);
    np_map_free(&s.places);
}
