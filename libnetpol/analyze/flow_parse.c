/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading hits, also as older releases wrote them: without a kind, the tier before the name.
 * Source: goldmane/proto/methods.go and the older forms that methods_test.go names.
 *
 *     tier.name   ns/tier.name   tier.staged:name   ns/tier.staged:name
 *     ns/knp.default.name        ns/staged:knp.default.name        __PROFILE__.kns.ns
 */
#include "analyze/flow.h"

static struct np_slice after(struct np_slice text, size_t count)
{
    return (struct np_slice){text.ptr + count, text.len - count};
}

static bool take_prefix(struct np_slice *text, struct np_slice prefix)
{
    bool has = text->len >= prefix.len && memcmp(text->ptr, prefix.ptr, prefix.len) == 0;
    *text = has ? after(*text, prefix.len) : *text;
    return has;
}

/* Up to a separator, which is passed; false: there is none. */
static bool take_until(struct np_slice *text, char separator, struct np_slice *out)
{
    const char *at = text->len ? memchr(text->ptr, separator, text->len) : NULL;
    if (!at) {
        return false;
    }
    *out = (struct np_slice){text->ptr, (size_t)(at - text->ptr)};
    *text = after(*text, out->len + 1);
    return true;
}

/* -1 or a number of up to nine digits. */
static bool number_of(struct np_slice text, int *out)
{
    int value = 0;
    if (np_slice_is(text, "-1")) {
        *out = -1;
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || i >= 9) {
            return false;
        }
        value = value * 10 + (text.ptr[i] - '0');
    }
    *out = value;
    return text.len > 0;
}

static bool action_of(struct np_slice text, int *out)
{
    static const char *const names[] = {
        [NETPOL_HIT_ALLOW] = "allow", [NETPOL_HIT_DENY] = "deny", [NETPOL_HIT_PASS] = "pass"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (np_slice_is(text, names[i])) {
            *out = (int)i;
            return true;
        }
    }
    return false;
}

/* "np:" and so on, which is passed; UNKNOWN: none of them. */
static int take_kind(struct np_slice *text)
{
    struct np_slice rest = *text;
    struct np_slice word;
    for (int kind = NETPOL_HIT_UNKNOWN + 1;
         take_until(&rest, ':', &word) && kind < NETPOL_HIT_KIND_COUNT; kind++) {
        if (np_slice_is(word, netpol_hit_kind_text(kind))) {
            *text = rest;
            return kind;
        }
        rest = *text;
    }
    return NETPOL_HIT_UNKNOWN;
}

/* The kind follows from the namespace and what stands before the name. */
static int take_older(struct np_slice *name, struct np_slice tier, bool spaced)
{
    static const struct np_slice staged = {"staged:", 7};
    static const struct np_slice kube = {"knp.default.", 12};
    struct np_slice rest = *name;
    bool tiered = take_prefix(&rest, tier) && take_prefix(&rest, (struct np_slice){".", 1});
    if (!tiered) {
        rest = *name;
    }
    bool is_staged = take_prefix(&rest, staged);
    bool is_kube = take_prefix(&rest, kube);
    *name = rest;
    if (np_slice_is(tier, "__PROFILE__")) {
        return NETPOL_HIT_PROFILE;
    }
    if (is_kube) {
        return !spaced     ? NETPOL_HIT_UNKNOWN
               : is_staged ? NETPOL_HIT_STAGED_KUBERNETES
                           : NETPOL_HIT_KUBERNETES;
    }
    if (!tiered) {
        return NETPOL_HIT_UNKNOWN;
    }
    if (is_staged) {
        return spaced ? NETPOL_HIT_STAGED : NETPOL_HIT_STAGED_GLOBAL;
    }
    return spaced ? NETPOL_HIT_CALICO : NETPOL_HIT_CALICO_GLOBAL;
}

static struct netpol_string string_of(struct np_slice text)
{
    return (struct netpol_string){text.ptr, text.len};
}

bool np_hit_parse(struct np_slice text, struct netpol_hit_text *out)
{
    struct netpol_hit_text hit = {0};
    struct np_slice place, tier, who, action;
    struct np_slice space = {"", 0};
    bool whole = take_until(&text, '|', &place) && take_until(&text, '|', &tier) &&
                 take_until(&text, '|', &who) && take_until(&text, '|', &action);
    if (!whole || !number_of(place, &hit.policy_index) || hit.policy_index < 0 || !tier.len ||
        !action_of(action, &hit.action) || !number_of(text, &hit.rule_index)) {
        return false;
    }
    hit.kind = take_kind(&who);
    bool spaced = take_until(&who, '/', &space);
    if (hit.kind == NETPOL_HIT_UNKNOWN) {
        hit.kind = take_older(&who, tier, spaced);
    }
    if (hit.kind == NETPOL_HIT_UNKNOWN || who.len == 0 || (spaced && space.len == 0)) {
        return false;
    }
    hit.tier = string_of(tier);
    hit.namespace_name = string_of(space);
    hit.name = string_of(who);
    *out = hit;
    return true;
}
