/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer as a set. Containment equals Cilium's longest prefix match of identities, because
 * exceptions are prefixes too: an address is in a range and in none of its exceptions
 * (pkg/policy/api/cidr.go), whatever other ranges policies name.
 */
#include "dialect/cilium/cilium.h"
#include "base/defect.h"
#include "dialect/cilium/entities.h"
#include "dialect/cilium/peers.h"
#include "dialect/cilium/services.h"
#include "dialect/cilium/terms.h"

#include <stdlib.h>

static void add_excepted(struct np_lower *l, struct np_set_build *set,
                         const struct np_cilium_cidr_rule *rule)
{
    size_t count = np_defect(CILIUM_GROUP_EXCEPT) ? 0 : rule->except.count;
    for (size_t i = 0; i < count; i++) {
        np_set_literal(set, np_lower_prefix(l, &rule->excepted[i]), true);
    }
}

static const struct np_set *named_group(struct np_lower *l, const struct np_cilium_cidr_rule *rule)
{
    struct np_set_build *set = np_build_set(l->build);
    np_set_literal(set, np_cilium_group_literal(l, rule->group), false);
    add_excepted(l, set, rule);
    return np_set_done(set);
}

/* Addresses that ranges may be about at all. */
static void add_everywhere(struct np_lower *l, struct np_set_build *set, uint8_t family)
{
    const struct np_prefix all = {.address = {.family = family}};
    np_set_literal(set, np_lower_prefix(l, &all), false);
}

/*
 * cidrGroupSelector is over the labels that an address has, which are those of all groups that hold
 * it (pkg/policy/types/selector.go CIDRSelector.Matches, pkg/ipcache/metadata.go mergeLabels). So
 * each requirement is asked alone, of any group, and what none of them denies is selected: NotIn,
 * DoesNotExist and {} hold for addresses that are in no group.
 */
static const struct np_set *selected_groups(struct np_lower *l,
                                            const struct np_cilium_cidr_rule *rule)
{
    static const uint8_t families[] = {NP_IPV4, NP_IPV6};
    size_t count = 0;
    const struct np_cilium_term *terms =
        np_cilium_terms_of(l, NP_CILIUM_CIDRGROUP, rule->groups, &count);
    struct np_cilium_said *said = np_build_alloc(l->build, count, sizeof *said);
    struct np_set_build *set = np_build_set(l->build);
    bool narrowed = false;
    for (size_t i = 0; terms && said && i < count; i++) {
        said[i] = np_cilium_of_group(l, &terms[i]);
        if (said[i].answer == NP_CILIUM_NO) {
            return np_lower_nothing(l);
        }
        narrowed = narrowed || (said[i].answer == NP_CILIUM_LITERAL && !said[i].negative);
    }
    for (size_t f = 0; said && f < (narrowed ? 1 : 2); f++) {
        np_set_clause(set);
        if (!narrowed) {
            add_everywhere(l, set, families[f]);
        }
        for (size_t i = 0; i < count; i++) {
            if (said[i].answer == NP_CILIUM_LITERAL) {
                np_set_literal(set, said[i].literal, said[i].negative);
            }
        }
        add_excepted(l, set, rule);
    }
    return np_set_done(set);
}

static const struct np_set *cidr_rule(struct np_lower *l, const struct np_cilium_cidr_rule *rule)
{
    if (rule->group.len) {
        return named_group(l, rule);
    }
    if (rule->groups) {
        return selected_groups(l, rule);
    }
    size_t count = np_defect(CILIUM_FIRST_EXCEPT) && rule->except.count ? 1 : rule->except.count;
    return np_lower_block(l, &rule->prefix, rule->excepted, count);
}

/* ---- groups of a cloud provider ---- */

static int compare(const void *a, const void *b)
{
    return np_slice_compare(*(const struct np_slice *)a, *(const struct np_slice *)b);
}

/* ";key=a,b": sorted, so that the order in which a policy lists them gives no other name. */
static void add_list(struct np_text *text, const char *key, struct np_slice *items, size_t count)
{
    if (count) {
        qsort(items, count, sizeof *items, compare);
        np_text_addf(text, ";%s=", key);
    }
    for (size_t i = 0; i < count; i++) {
        np_text_addf(text, i ? ",%.*s" : "%.*s", (int)items[i].len, items[i].ptr);
    }
}

static void add_strings(struct np_lower *l, struct np_text *text, const char *key,
                        const struct np_string_item *items, size_t count)
{
    struct np_slice *texts = np_build_alloc(l->build, count, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++) {
        texts[i] = items[i].text;
    }
    if (texts) {
        add_list(text, key, texts, count);
    }
}

static void add_labels(struct np_lower *l, struct np_text *text,
                       const struct np_cilium_aws_group *a)
{
    struct np_slice *texts = np_build_alloc(l->build, a->labels.count, sizeof *texts);
    for (size_t i = 0; texts && i < a->labels.count; i++) {
        const struct np_pair *pair = &a->labels.items[i];
        texts[i] =
            np_str_slice(np_build_format(l->build, "%.*s=%.*s", (int)pair->key.len, pair->key.ptr,
                                         (int)pair->value.len, pair->value.ptr));
    }
    if (texts) {
        add_list(text, "labels", texts, a->labels.count);
    }
}

/* "aws;region=eu-west-1;labels=env=prod;ids=sg-1,sg-2;names=web" */
static const struct np_set *cloud_group(struct np_lower *l, const struct np_cilium_cloud_group *g)
{
    const struct np_cilium_aws_group *aws = g->aws;
    np_auto(np_text_free) struct np_text text;
    np_text_init(&text, l->ctx);
    np_text_addf(&text, "aws");
    if (aws->region.len) {
        np_text_addf(&text, ";region=%.*s", (int)aws->region.len, aws->region.ptr);
    }
    add_labels(l, &text, aws);
    add_strings(l, &text, "ids", aws->ids.items, aws->ids.count);
    add_strings(l, &text, "names", aws->names.items, aws->names.count);
    const struct np_literal *fed = /* NULL: no memory, which the set remembers */
        text.failed ? NULL : np_cilium_fed_literal(l, (struct np_slice){text.ptr, text.len});
    return np_build_set_of(l->build, fed);
}

/* ---- names ---- */

/* Names are compared without case; lowered here, so that one name is one pattern. */
static np_str lowered(struct np_lower *l, struct np_slice text)
{
    char *out = np_build_alloc(l->build, text.len, 1);
    for (size_t i = 0; out && i < text.len; i++) {
        bool upper = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
        out[i] = (char)(text.ptr[i] + (upper ? 'a' - 'A' : 0));
    }
    return out ? np_build_str(l->build, (struct np_slice){out, text.len}) : NULL;
}

static const struct np_set *fqdn(struct np_lower *l, const struct np_cilium_fqdn *f)
{
    bool exact = f->name.len > 0;
    const struct np_pattern pattern = {.kind = exact ? NP_PATTERN_DNS : NP_PATTERN_FQDN,
                                       .text = lowered(l, exact ? f->name : f->pattern)};
    return np_build_set_of(l->build, np_build_names(l->build, &pattern, 1, NP_DOMAIN_OUTSIDE));
}

/* ---- all kinds ---- */

/* Takes i off the lists before; is peer *i one of this list? */
static bool within(size_t *i, size_t count)
{
    if (*i < count) {
        return true;
    }
    *i -= count;
    return false;
}

const struct np_set *np_cilium_peer_set(struct np_lower *l, const struct np_cilium_peers *p,
                                        size_t i, enum np_direction direction)
{
    (void)direction;
    if (within(&i, p->endpoints.count)) {
        return np_cilium_endpoints(l, &p->endpoints.items[i]);
    }
    if (within(&i, p->cidr.count)) {
        bool longer = np_defect(CILIUM_CIDR_EVERYWHERE); /* whoever has the address */
        return longer ? np_build_set_of(l->build,
                                        np_build_cidr(l->build, p->prefixes[i], NP_DOMAIN_ALL))
                      : np_lower_block(l, &p->prefixes[i], NULL, 0);
    }
    if (within(&i, p->cidr_set.count)) {
        return cidr_rule(l, &p->cidr_set.items[i]);
    }
    if (within(&i, p->entities.count)) {
        return np_cilium_entity_set(l, np_cilium_entity_of(p->entities.items[i].text));
    }
    if (within(&i, p->nodes.count)) {
        return np_cilium_nodes(l, &p->nodes.items[i]);
    }
    if (within(&i, p->groups.count)) {
        return cloud_group(l, &p->groups.items[i]);
    }
    if (within(&i, p->services.count)) {
        return np_cilium_service_set(l, &p->services.items[i]);
    }
    return fqdn(l, &p->fqdns.items[i]);
}
