/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say of a rule wherever it stands: texts that are numbers, ranges,
 * selectors, and fields that need each other. Source: libcalico-go/lib/validator/v3/validator.go
 * and api/pkg/lib/numorstring of projectcalico/calico.
 */
#include "dialect/calico/rule.h"

#include "dialect/syntax.h"

#define SHOWN(text) (int)((text).len < 80 ? (text).len : 80), (text).ptr

static const char *const actions[] = {"Allow", "Deny", "Log", "Pass", NULL};
static const char *const header_operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {
    {"TCP",     6  },
    {"UDP",     17 },
    {"ICMP",    1  },
    {"ICMPv6",  58 },
    {"SCTP",    132},
    {"UDPLite", 136}
};
enum { PROTOCOLS = sizeof protocols / sizeof protocols[0], PORT_NAME_MAX = 128 };

/* What leaves a hole in a policy: an error, or, when loading leniently, something unknown. */
static int hole(const struct np_decode *d)
{
    return d->load_flags & NETPOL_LOAD_LENIENT ? NETPOL_WARNING : -1;
}

/* Decimal digits only; more than max: max + 1. false: other bytes, or none. */
static bool read_digits(struct np_slice text, int64_t max, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        *out = *out > max ? *out : *out * 10 + (text.ptr[i] - '0');
    }
    *out = *out > max ? max + 1 : *out;
    return text.len > 0;
}

/* ---- protocols ---- */

static void no_protocol(struct np_decode *d, const struct np_node *node, struct np_slice text)
{
    const char *names[PROTOCOLS];
    for (size_t i = 0; i < PROTOCOLS; i++) {
        names[i] = protocols[i].name;
    }
    const char *near = np_suggest(text, names, PROTOCOLS);
    np_decode_report(d, NP_CODE_2451, node, "\"%.*s\" is not a protocol%s%s%s", SHOWN(text),
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static void read_protocol(struct np_decode *d, const struct np_calico_rule *rule, const char *key,
                          const struct np_int_or_string *written, struct np_calico_protocol *out)
{
    int64_t number = written->number;
    if (!written->set) {
        return;
    }
    const struct np_node *node = np_get(rule->node, key);
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; written->is_name && i < PROTOCOLS; i++) {
        if (np_slice_is(written->name, protocols[i].name)) {
            *out = (struct np_calico_protocol){true, true, protocols[i].number};
        }
    }
    if (!out->set && written->is_name && !read_digits(written->name, 255, &number)) {
        no_protocol(d, node, written->name);
    } else if (!out->set && (number < 1 || number > 255)) {
        np_decode_report(d, NP_CODE_2451, node, "a protocol's number is 1 to 255");
    } else if (!out->set) {
        *out = (struct np_calico_protocol){true, false, (uint8_t)number};
    }
    np_path_end(d, mark);
}

/* ---- ports ---- */

static bool is_port_name(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= PORT_NAME_MAX;
}

/* Digits are a number, digits:digits a range, what is left is a name. */
static bool port_numbers(struct np_slice text, int64_t *first, int64_t *last)
{
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    if (!colon) {
        bool digits = read_digits(text, UINT16_MAX, first);
        *last = *first;
        return digits;
    }
    size_t before = (size_t)(colon - text.ptr);
    return read_digits((struct np_slice){text.ptr, before}, UINT16_MAX, first) &&
           read_digits((struct np_slice){colon + 1, text.len - before - 1}, UINT16_MAX, last);
}

static void read_port(struct np_decode *d, const struct np_int_or_string_item *item,
                      struct np_calico_port *out)
{
    const struct np_int_or_string *value = &item->value;
    int64_t first = value->number, last = value->number;
    if (value->is_name && !port_numbers(value->name, &first, &last)) {
        if (!is_port_name(value->name)) {
            np_decode_report(d, NP_CODE_2453, item->node,
                             "\"%.*s\" is no port number, range or name", SHOWN(value->name));
        }
        *out = (struct np_calico_port){.is_name = true, .name = value->name};
    } else if (first < 1 || first > UINT16_MAX || last < 1 || last > UINT16_MAX) {
        np_decode_report(d, NP_CODE_2454, item->node, "port is %lld, must be 1 to 65535",
                         (long long)(first < 1 || first > UINT16_MAX ? first : last));
    } else if (first > last) {
        np_decode_report(d, NP_CODE_2454, item->node, "the range of ports ends before it begins");
    } else {
        *out = (struct np_calico_port){.first = (uint16_t)first, .last = (uint16_t)last};
    }
}

static const struct np_calico_port *read_ports(struct np_decode *d, const char *key,
                                               const struct np_int_or_string_item *items,
                                               size_t count)
{
    struct np_calico_port *ports = np_decode_alloc(d, count, sizeof *ports);
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; ports && i < count; i++) {
        size_t inner = np_path_index(d, i);
        read_port(d, &items[i], &ports[i]);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    return ports;
}

/* ---- ranges of addresses ---- */

static bool parse_net(struct np_slice text, struct np_prefix *out, unsigned *odd, const char **why)
{
    enum np_prefix_error error;
    if (text.len && memchr(text.ptr, '/', text.len)) {
        error = np_prefix_parse(text, out, odd);
    } else {
        struct np_address address;
        error = np_address_parse(text, &address, odd);
        if (error == NP_PREFIX_OK) {
            *out = np_prefix_of(&address);
        }
    }
    *why = np_prefix_error_text(error);
    return error == NP_PREFIX_OK;
}

/* Unlike Kubernetes, Calico takes no host bits: ParseCIDR's address and network must be equal. */
static bool read_net(struct np_decode *d, const struct np_string_item *item, bool negated,
                     struct np_prefix *out)
{
    unsigned odd = 0;
    const char *why;
    char canonical[50];
    if (!parse_net(item->text, out, &odd, &why)) {
        np_decode_report_full(d, NP_CODE_2460, hole(d), NULL, np_spot_of(item->node),
                              "\"%.*s\" is neither an address nor a range of addresses: %s",
                              SHOWN(item->text), why);
        return false;
    }
    np_prefix_format(out, canonical);
    if (odd & NP_ODD_HOST_BITS) {
        np_decode_report_full(d, NP_CODE_2461, hole(d), NULL, np_spot_of(item->node),
                              "%.*s has bits set behind its length; write %s", SHOWN(item->text),
                              canonical);
        return false;
    }
    if (odd & NP_ODD_LEADING_ZERO) {
        np_decode_report_full(d, NP_CODE_2460, hole(d), NULL, np_spot_of(item->node),
                              "%.*s has leading zeros", SHOWN(item->text));
        return false;
    }
    if (negated && out->length == 0) {
        np_decode_report(d, NP_CODE_2463, item->node, "%s in notNets excludes everything",
                         canonical);
    }
    return true;
}

static const struct np_prefix *read_nets(struct np_decode *d, const char *key,
                                         const struct np_string_item *items, size_t count,
                                         bool negated, bool *unread)
{
    struct np_prefix *prefixes = np_decode_alloc(d, count, sizeof *prefixes);
    size_t mark = np_path_key(d, key);
    for (size_t i = 0; prefixes && i < count; i++) {
        size_t inner = np_path_index(d, i);
        if (!read_net(d, &items[i], negated, &prefixes[i])) {
            prefixes[i] = (struct np_prefix){.length = 0};
            *unread = true;
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    return prefixes;
}

/* ---- names ---- */

/* A DNS name in which one part between dots may be "*" (Enterprise: one per name). */
static const char *domain_wrong(struct np_slice text)
{
    size_t stars = 0, begin = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '.') {
            continue;
        }
        struct np_slice label = {text.ptr + begin, i - begin};
        begin = i + 1;
        if (np_slice_is(label, "*")) {
            stars++;
        } else if (label.len == 0 || label.len > 63) {
            return "has an empty or too long part between its dots";
        }
        for (size_t k = 0; k < label.len && !np_slice_is(label, "*"); k++) {
            char c = label.ptr[k];
            bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';
            if (!fine) {
                return c == '*' ? "has a * beside other characters"
                                : "has characters that no name has";
            }
        }
    }
    return text.len > 253 ? "is too long" : stars > 1 ? "has more than one *" : NULL;
}

static void check_domains(struct np_decode *d, const struct np_calico_entity *entity)
{
    size_t mark = np_path_key(d, "domains");
    for (size_t i = 0; i < entity->domains.count; i++) {
        const struct np_string_item *item = &entity->domains.items[i];
        size_t inner = np_path_index(d, i);
        const char *wrong = domain_wrong(item->text);
        if (wrong) {
            np_decode_report(d, NP_CODE_2473, item->node, "\"%.*s\" %s", SHOWN(item->text), wrong);
        }
        np_path_end(d, inner);
    }
    if (entity->domains.count) {
        np_decode_report(d, NP_CODE_2472, entity->domains.node, "domains is read");
    }
    np_path_end(d, mark);
}

/* ---- shapes ---- */

static void check_icmp(struct np_decode *d, void *object)
{
    const struct np_calico_icmp *icmp = object;
    if (icmp->code.set && !icmp->type.set) {
        np_decode_report_in(d, NP_CODE_2456, icmp->node, "code", "code without type");
    }
}

static void check_accounts(struct np_decode *d, void *object)
{
    const struct np_calico_accounts *accounts = object;
    size_t mark = np_path_key(d, "names");
    for (size_t i = 0; i < accounts->names.count; i++) {
        const struct np_string_item *item = &accounts->names.items[i];
        const char *wrong = np_syntax_subdomain(item->text);
        if (wrong) {
            size_t inner = np_path_index(d, i);
            np_decode_report(d, NP_CODE_2305, item->node, "service account \"%.*s\" %s",
                             SHOWN(item->text), wrong);
            np_path_end(d, inner);
        }
    }
    np_path_end(d, mark);
}

static void read_entity_selectors(struct np_decode *d, struct np_calico_entity *entity)
{
    bool *unread = &entity->unread;
    np_calico_read_selector(d, entity->node, "selector", entity->selector, false, &entity->selects,
                            unread);
    np_calico_read_selector(d, entity->node, "notSelector", entity->not_selector, false,
                            &entity->selects_not, unread);
    np_calico_read_selector(d, entity->node, "namespaceSelector", entity->namespace_selector, true,
                            &entity->namespaces, unread);
    if (entity->accounts) {
        size_t mark = np_path_key(d, "serviceAccounts");
        np_calico_read_selector(d, entity->accounts->node, "selector", entity->accounts->selector,
                                false, &entity->accounts->selects, unread);
        np_path_end(d, mark);
    }
}

static void check_entity(struct np_decode *d, void *object)
{
    struct np_calico_entity *entity = object;
    entity->prefixes =
        read_nets(d, "nets", entity->nets.items, entity->nets.count, false, &entity->unread);
    entity->not_prefixes = read_nets(d, "notNets", entity->not_nets.items, entity->not_nets.count,
                                     true, &entity->unread);
    read_entity_selectors(d, entity);
    entity->port_items = read_ports(d, "ports", entity->ports.items, entity->ports.count);
    entity->not_port_items =
        read_ports(d, "notPorts", entity->not_ports.items, entity->not_ports.count);
    check_domains(d, entity);
}

static void check_path(struct np_decode *d, void *object)
{
    const struct np_calico_path *path = object;
    const char *key = path->exact.ptr ? "exact" : "prefix";
    struct np_slice text = path->exact.ptr ? path->exact : path->prefix;
    if (!path->exact.ptr == !path->prefix.ptr) {
        np_decode_report(d, NP_CODE_2470, path->node,
                         path->exact.ptr ? "exact and prefix" : "neither exact nor prefix");
        return;
    }
    bool odd = text.len == 0 || text.ptr[0] != '/';
    for (size_t i = 0; i < text.len; i++) {
        odd = odd || text.ptr[i] == '?' || text.ptr[i] == '#' || text.ptr[i] == ' ';
    }
    if (odd) {
        np_decode_report_in(d, NP_CODE_2469, path->node, key,
                            "\"%.*s\" must begin with / and have no ?, # or space", SHOWN(text));
    }
}

static void check_header(struct np_decode *d, void *object)
{
    struct np_calico_header *header = object;
    if (!header->header.ptr == !header->name.ptr) {
        np_decode_report(d, NP_CODE_2475, header->node, "the header has %s",
                         header->name.ptr ? "two names" : "no name");
    }
    header->header = header->header.ptr ? header->header : header->name;
    bool takes = np_slice_is(header->op, "In") || np_slice_is(header->op, "NotIn");
    if (header->op.ptr && takes != (header->values.count > 0)) {
        np_decode_report_in(d, NP_CODE_2475, header->node, "values", "%.*s %s values",
                            SHOWN(header->op), takes ? "without" : "with");
    }
}

static void check_http(struct np_decode *d, void *object)
{
    const struct np_calico_http_match *http = object;
    size_t mark = np_path_key(d, "methods");
    for (size_t i = 0; i < http->methods.count; i++) {
        const struct np_string_item *item = &http->methods.items[i];
        for (size_t k = 0; k < i; k++) {
            if (np_slice_equal(item->text, http->methods.items[k].text)) {
                size_t inner = np_path_index(d, i);
                np_decode_report(d, NP_CODE_2471, item->node, "method %.*s is there twice",
                                 SHOWN(item->text));
                np_path_end(d, inner);
                break;
            }
        }
    }
    np_path_end(d, mark);
    if (http->headers.count) {
        np_decode_report_in(d, NP_CODE_2472, http->node, "headers", "headers is read");
    }
}

static void check_rule(struct np_decode *d, void *object)
{
    struct np_calico_rule *rule = object;
    read_protocol(d, rule, "protocol", &rule->protocol, &rule->is);
    read_protocol(d, rule, "notProtocol", &rule->not_protocol, &rule->is_not);
    if (rule->ip_version.set && rule->ip_version.value != 4 && rule->ip_version.value != 6) {
        np_decode_report_in(d, NP_CODE_2458, rule->node, "ipVersion", "ipVersion is %lld",
                            (long long)rule->ip_version.value);
    }
}

#include "dialect/calico/rule.def"
