/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say of peers. Source: pkg/policy/api/rule_validation.go (which lists go
 * together, cidr rules), fqdn.go, entity.go of cilium/cilium; requires: release notes of 1.19.
 */
#include "dialect/cilium/peers.h"

#include "dialect/cidr.h"
#include "dialect/cilium/entities.h"
#include "dialect/syntax.h"
#include "regex/build/wildcard.h"

#include <stdio.h>

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

/* ---- ranges ---- */

/* fromCIDR: a bare address is its /32 or /128. */
static void read_cidr(struct np_decode *d, const struct np_string_item *item, struct np_prefix *out)
{
    unsigned odd = 0;
    struct np_address address;
    if (np_address_parse(item->text, &address, &odd) == NP_PREFIX_OK && odd == 0) {
        *out = np_prefix_of(&address);
    } else {
        np_decode_cidr(d, item->node, item->text, NP_CIDR_STRICT, out);
    }
}

static void read_cidrs(struct np_decode *d, struct np_cilium_peers *p, const char *key)
{
    struct np_prefix *prefixes = np_decode_alloc(d, p->cidr.count, sizeof *prefixes);
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; prefixes && i < p->cidr.count; i++) {
        size_t inner = np_path_index(d, i);
        read_cidr(d, &p->cidr.items[i], &prefixes[i]);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    p->prefixes = prefixes;
}

/* An exception lies within cidr, which it may equal. Beside a group it may lie anywhere. */
static void read_except(struct np_decode *d, struct np_cilium_cidr_rule *rule)
{
    struct np_prefix *excepted = np_decode_alloc(d, rule->except.count, sizeof *excepted);
    size_t mark = np_path_key(d, "except");
    rule->excepted = excepted;
    for (size_t i = 0; excepted && i < rule->except.count; i++) {
        const struct np_string_item *item = &rule->except.items[i];
        size_t inner = np_path_index(d, i);
        if (np_decode_cidr(d, item->node, item->text, NP_CIDR_STRICT, &excepted[i]) &&
            rule->prefix.address.family && !np_prefix_within(&excepted[i], &rule->prefix)) {
            np_decode_report(d, NP_CODE_2537, item->node, "except %.*s is not inside %.*s",
                             shown(item->text), item->text.ptr, shown(rule->cidr), rule->cidr.ptr);
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

static void check_cidr_rule(struct np_decode *d, void *object)
{
    struct np_cilium_cidr_rule *rule = object;
    int given = (rule->cidr.len > 0) + (rule->group.len > 0) + (rule->groups != NULL);
    if (given != 1) {
        np_decode_report(d, NP_CODE_2536, rule->node,
                         "%s of cidr, cidrGroupRef and cidrGroupSelector",
                         given ? "more than one" : "none");
    }
    if (rule->cidr.len) {
        size_t mark = np_path_key(d, "cidr");
        if (!np_decode_cidr(d, np_get(rule->node, "cidr"), rule->cidr, NP_CIDR_STRICT,
                            &rule->prefix)) {
            rule->prefix.address.family = 0;
        }
        np_path_end(d, mark);
    }
    const char *wrong = rule->group.len ? np_syntax_subdomain(rule->group) : NULL;
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2051, rule->node, "cidrGroupRef", "name \"%.*s\" %s",
                            shown(rule->group), rule->group.ptr, wrong);
    }
    read_except(d, rule);
}

/* ---- services ---- */

static void check_service_name(struct np_decode *d, void *object)
{
    const struct np_cilium_service_name *service = object;
    if (!service->name.len) {
        np_decode_report_in(d, NP_CODE_2010, service->node, "serviceName",
                            "a service without its name selects nothing");
    }
}

static void check_service(struct np_decode *d, void *object)
{
    const struct np_cilium_service *service = object;
    bool named = np_get(service->node, "k8sService");
    bool selected = np_get(service->node, "k8sServiceSelector");
    if (named == selected) {
        np_decode_report(d, NP_CODE_2538, service->node, "%s k8sService %s k8sServiceSelector",
                         named ? "both" : "neither", named ? "and" : "nor");
    }
}

/* ---- groups ---- */

/* Of a group that asks for nothing the provider returns every instance (GO-2025-4167). */
static void check_aws_group(struct np_decode *d, void *object)
{
    const struct np_cilium_aws_group *aws = object;
    if (!aws->labels.count && !aws->ids.count && !aws->names.count && !aws->region.len) {
        np_decode_report(d, NP_CODE_2542, aws->node, "the group names nothing");
    }
}

static void check_cloud_group(struct np_decode *d, void *object)
{
    const struct np_cilium_cloud_group *group = object;
    if (!np_get(group->node, "aws")) {
        np_decode_report(d, NP_CODE_2542, group->node, "the group names no provider");
    }
}

/* ---- names ---- */

static bool is_name(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || !strchr("-_.", c))) {
            return false;
        }
    }
    return true;
}

static void check_fqdn(struct np_decode *d, void *object)
{
    const struct np_cilium_fqdn *fqdn = object;
    bool named = fqdn->name.len, pattern = fqdn->pattern.len;
    bool read = (fqdn->name.ptr || !np_get(fqdn->node, "matchName")) &&
                (fqdn->pattern.ptr || !np_get(fqdn->node, "matchPattern"));
    if (named == pattern && read) {
        np_decode_report(d, NP_CODE_2539, fqdn->node, "%s matchName %s matchPattern",
                         named ? "both" : "neither", named ? "and" : "nor");
    }
    if (named && !is_name(fqdn->name)) {
        size_t mark = np_path_key(d, "matchName");
        bool star = memchr(fqdn->name.ptr, '*', fqdn->name.len);
        np_decode_report_full(d, NP_CODE_2540, -1, star ? "Use matchPattern." : NULL,
                              np_spot_of(np_get(fqdn->node, "matchName")),
                              "\"%.*s\" must consist of letters, digits, '-', '_' and '.'",
                              shown(fqdn->name), fqdn->name.ptr);
        np_path_end(d, mark);
    }
    const char *wrong = pattern ? np_fqdn_pattern_wrong(fqdn->pattern) : NULL;
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2540, fqdn->node, "matchPattern", "\"%.*s\": %s",
                            shown(fqdn->pattern), fqdn->pattern.ptr, wrong);
    }
}

#include "dialect/cilium/peers.def"

/* ---- the element ---- */

/* The lists, in the order in which alternatives count them. */
struct list {
    const char *name; /* behind "from" or "to" */
    const struct np_node *node;
    size_t count;
};
enum { LISTS = 8 }; /* requires is none: nothing is selected by it */

static void lists_of(const struct np_cilium_peers *p, struct list out[LISTS])
{
    const struct list lists[LISTS] = {
        {"Endpoints", p->endpoints.node, p->endpoints.count},
        {"CIDR",      p->cidr.node,      p->cidr.count     },
        {"CIDRSet",   p->cidr_set.node,  p->cidr_set.count },
        {"Entities",  p->entities.node,  p->entities.count },
        {"Nodes",     p->nodes.node,     p->nodes.count    },
        {"Groups",    p->groups.node,    p->groups.count   },
        {"Services",  p->services.node,  p->services.count },
        {"FQDNs",     p->fqdns.node,     p->fqdns.count    },
    };
    memcpy(out, lists, sizeof lists);
}

static bool is_there(const struct np_node *node)
{
    return node && node->kind != NP_NULL;
}

bool np_cilium_peers_absent(const struct np_cilium_peers *p)
{
    struct list lists[LISTS];
    lists_of(p, lists);
    for (size_t i = 0; i < LISTS; i++) {
        if (is_there(lists[i].node)) {
            return false;
        }
    }
    return true;
}

size_t np_cilium_peers_count(const struct np_cilium_peers *p)
{
    struct list lists[LISTS];
    size_t count = 0;
    lists_of(p, lists);
    for (size_t i = 0; i < LISTS; i++) {
        if (is_there(lists[i].node) && lists[i].count == 0) {
            return 0;
        }
        count += lists[i].count;
    }
    return count;
}

/* "combining FromEndpoints and FromCIDR is not supported yet", at the second of the two. */
static void check_combined(struct np_decode *d, const struct np_node *element,
                           const struct np_cilium_peers *p, const char *way)
{
    struct list lists[LISTS];
    const char *first = NULL;
    lists_of(p, lists);
    for (size_t i = 0; i < LISTS; i++) {
        char key[16];
        bool has = np_is(lists[i].node, NP_LIST) && lists[i].node->list.count;
        snprintf(key, sizeof key, "%s%s", way, lists[i].name);
        if (has && first) {
            np_decode_report_in(d, NP_CODE_2533, element, key, "%s%s together with %s%s", way,
                                first, way, lists[i].name);
        } else if (has) {
            first = lists[i].name;
        }
    }
}

static void check_entities(struct np_decode *d, const struct np_cilium_peers *p, const char *key)
{
    const char *names[NP_CILIUM_ENTITIES];
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; i < NP_CILIUM_ENTITIES; i++) {
        names[i] = np_cilium_entity_name(i);
    }
    for (size_t i = 0; i < p->entities.count; i++) {
        const struct np_string_item *item = &p->entities.items[i];
        if (np_cilium_entity_of(item->text) < NP_CILIUM_ENTITIES) {
            continue;
        }
        const char *near = np_suggest(item->text, names, NP_CILIUM_ENTITIES);
        char hint[64];
        snprintf(hint, sizeof hint, "Did you mean %s?", near ? near : "");
        size_t inner = np_path_index(d, i);
        np_decode_report_full(d, NP_CODE_2535, -1, near ? hint : NULL, np_spot_of(item->node),
                              "\"%.*s\" is no entity", shown(item->text), item->text.ptr);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

static void check_endpoints(struct np_decode *d, const struct np_cilium_peers *p, const char *key)
{
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; i < p->endpoints.count; i++) {
        size_t inner = np_path_index(d, i);
        np_cilium_check_labels(d, &p->endpoints.items[i]);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

void np_cilium_check_peers(struct np_decode *d, const struct np_node *element,
                           struct np_cilium_peers *p, enum np_direction direction, bool deny)
{
    const char *way = direction == NP_INGRESS ? "from" : "to";
    char endpoints[16], cidr[16], entities[16], requires[16];
    snprintf(endpoints, sizeof endpoints, "%sEndpoints", way);
    snprintf(cidr, sizeof cidr, "%sCIDR", way);
    snprintf(entities, sizeof entities, "%sEntities", way);
    snprintf(requires, sizeof requires, "%sRequires", way);
    if (np_is(p->requires.node, NP_LIST) && p->requires.node->list.count) {
        np_decode_report_in(d, NP_CODE_2534, element, requires, "%s is not empty", requires);
    }
    if (deny && is_there(p->fqdns.node)) {
        np_decode_report_in(d, NP_CODE_2541, element, "toFQDNs", "toFQDNs in egressDeny");
    }
    if (deny && p->services.count) { /* processRule of pkg/policy/k8s/service.go */
        np_decode_report_in(d, NP_CODE_2546, element, "toServices", "toServices in egressDeny");
    }
    check_endpoints(d, p, endpoints);
    read_cidrs(d, p, cidr);
    check_entities(d, p, entities);
    check_combined(d, element, p, way);
}
