/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors, ports and names in words: what a reader can find again in the manifest. */
#include "analyze/tell.h"

bool np_selector_asks(const struct np_selector *selector, enum np_scope scope)
{
    if (!selector) {
        return false;
    }
    if (selector->op == NP_SELECT_TERM) {
        return selector->scope == scope;
    }
    for (uint32_t i = 0; i < selector->count; i++) {
        if (np_selector_asks(selector->kids[i], scope)) {
            return true;
        }
    }
    return selector->op == NP_SELECT_ANY && selector->count == 0;
}

static void tell_values(struct np_text *out, const struct np_selector *term, const char *word)
{
    np_text_addf(out, "%s %s (", term->key->text, word);
    for (uint32_t i = 0; i < term->count; i++) {
        np_text_addf(out, "%s%s", i ? ", " : "", term->values[i]->text);
    }
    np_text_add(out, ")", 1);
}

static void tell_term(struct np_text *out, const struct np_selector *term)
{
    static const char *const words[] = {
        [NP_OP_IN] = "in",
        [NP_OP_NOT_IN] = "not in",
        [NP_OP_PREFIX] = "starts with",
        [NP_OP_SUFFIX] = "ends with",
        [NP_OP_CONTAINS] = "contains",
    };
    if (term->term_op == NP_OP_EXISTS && term->scope == NP_SCOPE_FIELD) {
        np_text_addf(out, "any %s", term->key->text);
    } else if (term->term_op == NP_OP_EXISTS || term->term_op == NP_OP_ABSENT) {
        np_text_addf(out, "%s%s", term->term_op == NP_OP_ABSENT ? "!" : "", term->key->text);
    } else if (term->term_op == NP_OP_IN && term->count == 1) {
        np_text_addf(out, "%s=%s", term->key->text, term->values[0]->text);
    } else {
        tell_values(out, term, words[term->term_op]);
    }
}

void np_tell_selector(struct np_text *out, const struct np_selector *selector, enum np_scope scope)
{
    static const char *const joints[] = {[NP_SELECT_ALL] = ", ", [NP_SELECT_ANY] = " or "};
    bool any = false;
    if (!np_selector_asks(selector, scope)) {
        return;
    }
    if (selector->op == NP_SELECT_TERM) {
        tell_term(out, selector);
        return;
    }
    if (selector->op == NP_SELECT_NOT) {
        np_text_addf(out, "not (");
        np_tell_selector(out, selector->kids[0], scope);
        np_text_add(out, ")", 1);
        return;
    }
    for (uint32_t i = 0; i < selector->count; i++) {
        if (np_selector_asks(selector->kids[i], scope)) {
            np_text_addf(out, "%s", any ? joints[selector->op] : "");
            np_tell_selector(out, selector->kids[i], scope);
            any = true;
        }
    }
}

static void tell_objects(struct np_text *out, const struct np_literal *literal)
{
    const struct np_selector *selector = literal->selector;
    bool pods = !(literal->kinds & (NP_OBJ_HOST_ENDPOINT | NP_OBJ_NETWORK_SET));
    bool labels = np_selector_asks(selector, NP_SCOPE_OBJECT);
    bool spaces = np_selector_asks(selector, NP_SCOPE_NAMESPACE);
    bool fields = np_selector_asks(selector, NP_SCOPE_FIELD);
    np_text_addf(out, "%s%s", labels ? "" : "every ", pods ? "pod" : "endpoint");
    np_text_addf(out, "%s", labels ? "s " : "");
    np_tell_selector(out, selector, NP_SCOPE_OBJECT);
    if (spaces) {
        np_text_addf(out, " in namespaces ");
        np_tell_selector(out, selector, NP_SCOPE_NAMESPACE);
    }
    if (fields) {
        np_text_addf(out, spaces ? " with " : " in ");
        np_tell_selector(out, selector, NP_SCOPE_FIELD);
    }
}

void np_tell_reserved(struct np_text *out, uint32_t number)
{
    static const char *const words[] = {
        [NETPOL_IDENTITY_HOST] = "the own node",
        [NETPOL_IDENTITY_WORLD] = "outside of the cluster",
        [NETPOL_IDENTITY_UNMANAGED] = "a pod that Cilium does not manage",
        [NETPOL_IDENTITY_HEALTH] = "a health endpoint",
        [NETPOL_IDENTITY_INIT] = "a pod that has no identity yet",
        [NETPOL_IDENTITY_REMOTE_NODE] = "another node",
        [NETPOL_IDENTITY_KUBE_APISERVER] = "the API server",
        [NETPOL_IDENTITY_INGRESS] = "an ingress of Cilium",
        [NETPOL_IDENTITY_WORLD_IPV4] = "outside of the cluster with an IPv4 address",
        [NETPOL_IDENTITY_WORLD_IPV6] = "outside of the cluster with an IPv6 address",
    };
    if (number < sizeof words / sizeof *words && words[number]) {
        np_text_addf(out, "%s", words[number]);
    } else {
        np_text_addf(out, "identity %u", number);
    }
}

static void tell_ranges(struct np_text *out, const struct np_literal *literal)
{
    enum { LISTED = 4 };
    char prefix[50];
    if (literal->name) {
        np_text_addf(out, "%s", literal->name->text);
        return;
    }
    for (uint32_t i = 0; i < literal->n_prefixes && i < LISTED; i++) {
        np_prefix_format(&literal->prefixes[i], prefix);
        np_text_addf(out, "%s%s", i ? ", " : "", prefix);
    }
    if (literal->n_prefixes > LISTED) {
        np_text_addf(out, " and %u more", literal->n_prefixes - LISTED);
    }
}

static void tell_literal(struct np_text *out, const struct np_literal *literal)
{
    char prefix[50];
    switch (literal->kind) {
    case NP_LIT_OBJECTS:
        tell_objects(out, literal);
        break;
    case NP_LIT_CIDR:
        np_prefix_format(&literal->prefix, prefix);
        np_text_addf(out, "%s", prefix);
        break;
    case NP_LIT_NODE_ADDRS:
        np_text_addf(out, "nodes ");
        np_tell_selector(out, literal->selector, NP_SCOPE_OBJECT);
        break;
    case NP_LIT_DNS_NAMES:
        for (uint32_t i = 0; i < literal->n_patterns; i++) {
            np_text_addf(out, "%s%s", i ? ", " : "", literal->patterns[i].text->text);
        }
        break;
    case NP_LIT_RESERVED:
        np_tell_reserved(out, literal->number);
        break;
    case NP_LIT_FED_SET:
        tell_ranges(out, literal);
        break;
    case NP_LIT_NOTHING:
        np_text_addf(out, "nobody");
        break;
    default:
        np_text_addf(out, "other peers");
        break;
    }
}

void np_tell_set(struct np_text *out, const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        np_text_addf(out, "%s", c ? " or " : "");
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_signed_literal *item = &set->clauses[c].items[i];
            np_text_addf(out, "%s", i == 0 ? "" : item->negative ? " except " : " and ");
            tell_literal(out, item->literal);
        }
    }
    if (!set) {
        np_text_addf(out, "everyone");
    } else if (set->count == 0) {
        np_text_addf(out, "nobody");
    }
}

const char *np_tell_protocol(int protocol, char room[12])
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {1,   "ICMP"        },
        {6,   "TCP"         },
        {17,  "UDP"         },
        {58,  "ICMPv6"      },
        {132, "SCTP"        },
        {-1,  "any protocol"}
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == protocol) {
            return names[i].name;
        }
    }
    size_t at = 11;
    unsigned rest = (unsigned)protocol & 0xffu;
    room[at] = '\0';
    do {
        room[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    return room + at;
}

static void tell_span(struct np_text *out, const struct np_port_span *span)
{
    char room[12];
    np_text_addf(out, "%s", np_tell_protocol(span->protocol, room));
    if (!span->ports || (span->first == 0 && span->last == UINT16_MAX)) {
        return;
    }
    np_text_addf(out, " %u", span->first);
    if (span->last != span->first) {
        np_text_addf(out, "-%u", span->last);
    }
}

void np_tell_ports(struct np_text *out, const struct np_match *match)
{
    bool any = false;
    char room[12];
    for (uint32_t i = 0; match->service && i < match->service->count; i++, any = true) {
        np_text_addf(out, "%s", any ? ", " : "");
        tell_span(out, &match->service->spans[i]);
    }
    for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++, any = true) {
        const struct np_port_member *member = &match->dst_ports->members[i];
        np_text_addf(out, "%s", any ? ", " : "");
        if (member->protocol >= 0) {
            np_text_addf(out, "%s ", np_tell_protocol(member->protocol, room));
        }
        if (member->name) {
            np_text_addf(out, "%s", member->name->text);
        } else {
            np_text_addf(out, "%u", member->port);
        }
    }
    if (!any) {
        np_text_addf(out, "every port");
    }
}

void np_tell_endpoint(struct np_text *out, const struct np_endpoint *endpoint)
{
    np_str name = endpoint->workload_name ? endpoint->workload_name : endpoint->name;
    np_text_addf(out, "%s/%s", endpoint->namespace_name ? endpoint->namespace_name->text : "",
                 name ? name->text : "");
}
