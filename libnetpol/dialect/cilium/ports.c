/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: reading the texts, and what rules with them are about.
 *
 * ANY stands for TCP, UDP and SCTP, also with every port: only an element without ports is about
 * ICMP and other protocols (pkg/policy/rule.go, mergeL4Filter). Of ICMP the port is the type of the
 * message, with any code, and type 0 is every type as port 0 is every port (WithPort of
 * pkg/policy/types/types.go). What has no port (a fragment that nobody tracks) is matched only
 * where every port of the protocol is.
 */
#include "dialect/cilium/ports.h"
#include "base/defect.h"

#include "dialect/syntax.h"

#define SHOWN(text) (int)((text).len < 80 ? (text).len : 80), (text).ptr

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132, NAME_MAX_LEN = 15, BASE_TEN = 10 };

static const struct {
    const char *name;
    int16_t number;
    bool extended;
} protocols[] = {
    {"TCP",    TCP,                    false},
    {"UDP",    UDP,                    false},
    {"SCTP",   SCTP,                   false},
    {"ICMP",   ICMP,                   false},
    {"ICMPv6", ICMPV6,                 false},
    {"ICMPV6", ICMPV6,                 false}, /* as the types of Cilium write it */
    {"ANY",    NP_CILIUM_ANY_PROTOCOL, false},
    {"VRRP",   112,                    true },
    {"IGMP",   2,                      true },
    {"GRE",    47,                     true },
    {"IPIP",   4,                      true },
    {"IPv6",   41,                     true },
    {"IPV6",   41,                     true },
    {"ESP",    50,                     true },
    {"AH",     51,                     true },
};
enum { PROTOCOLS = sizeof protocols / sizeof protocols[0] };
static const char *const protocol_names[] = {"TCP",  "UDP",  "SCTP", "ICMP", "ICMPv6", "ICMPV6",
                                             "ANY",  "VRRP", "IGMP", "GRE",  "IPIP",   "IPv6",
                                             "IPV6", "ESP",  "AH",   NULL};
_Static_assert(sizeof protocol_names / sizeof protocol_names[0] == PROTOCOLS + 1, "one each");
static const char *const icmp_families[] = {"IPv4", "IPv6", NULL};

/* ---- texts ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* IsSvcName: letters, at least one, digits, and single dashes between them. */
static bool is_service_name(struct np_slice text)
{
    bool letter = false, dash = true; /* as if behind one: none may come first */
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_letter(c) && !is_digit(c) && (c != '-' || dash)) {
            return false;
        }
        letter = letter || is_letter(c);
        dash = c == '-';
    }
    return letter && !dash && text.len <= NAME_MAX_LEN;
}

/* The base that the text begins with, and how many bytes say so. */
static int base_of(struct np_slice text, size_t *prefix)
{
    char second = text.len >= 3 ? lower(text.ptr[1]) : 0;
    *prefix = text.ptr[0] != '0' ? 0 : second == 'x' || second == 'o' || second == 'b' ? 2 : 1;
    return *prefix == 0 ? BASE_TEN : *prefix == 1 ? 8 : second == 'x' ? 16 : second == 'o' ? 8 : 2;
}

static int digit_of(char c)
{
    return is_digit(c) ? c - '0' : is_letter(c) ? lower(c) - 'a' + BASE_TEN : 99;
}

/*
 * As strconv.ParseUint reads with base 0: 0x, 0o, 0b, a leading 0 for octal, and single underscores
 * between digits or behind what says the base. More than max: max + 1. false: no number.
 */
static bool read_number(struct np_slice text, int64_t max, int64_t *out, int *base)
{
    size_t prefix = 0;
    if (text.len == 0) {
        return false;
    }
    *base = base_of(text, &prefix);
    *out = 0;
    bool digit = prefix > 0; /* the one before may be followed by an underscore */
    for (size_t i = prefix; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '_' && digit) {
            digit = false;
            continue;
        }
        int value = digit_of(c);
        if (value >= *base) {
            return false;
        }
        digit = true;
        *out = *out > max ? *out : *out * *base + value;
    }
    *out = *out > max ? max + 1 : *out;
    return digit;
}

/* ---- checks ---- */

static void read_protocol(struct np_cilium_port *port)
{
    port->number = NP_CILIUM_ANY_PROTOCOL;
    for (size_t i = 0; port->protocol.len && i < PROTOCOLS; i++) {
        if (np_slice_is(port->protocol, protocols[i].name)) {
            port->number = protocols[i].number;
            port->extension = protocols[i].extended ? protocols[i].name : NULL;
        }
    }
}

static struct np_slice in_lower_case(struct np_decode *d, struct np_slice text)
{
    char *out = np_decode_alloc(d, text.len, 1);
    for (size_t i = 0; out && i < text.len; i++) {
        out[i] = lower(text.ptr[i]);
    }
    return (struct np_slice){out, out ? text.len : 0};
}

/* What a person took for a number, and is none or another one. */
static void warn_of_base(struct np_decode *d, const struct np_cilium_port *port, int base)
{
    if (port->name.ptr && port->port.len > 2 && port->port.ptr[0] == '0' &&
        lower(port->port.ptr[1]) == 'x') {
        np_decode_report_in(d, NP_CODE_2513, port->node, "port", "\"%.*s\" is the name of a port",
                            SHOWN(port->port));
    } else if (!port->name.ptr && base != BASE_TEN && port->first != 0) {
        np_decode_report_in(d, NP_CODE_2513, port->node, "port", "\"%.*s\" is port %u",
                            SHOWN(port->port), port->first);
    }
}

/* false: reported. */
static bool read_port(struct np_decode *d, struct np_cilium_port *port)
{
    int64_t number = 0;
    int base = BASE_TEN;
    if (port->port.len == 0) {
        port->extension = port->extension ? port->extension : "no port";
    } else if (is_service_name(port->port)) {
        port->name = in_lower_case(d, port->port);
    } else if (!read_number(port->port, UINT16_MAX, &number, &base)) {
        np_decode_report_in(d, NP_CODE_2505, port->node, "port",
                            "\"%.*s\" is neither the name of a service nor a number",
                            SHOWN(port->port));
        return false;
    } else if (number > UINT16_MAX) {
        np_decode_report_in(d, NP_CODE_2505, port->node, "port", "port %.*s is beyond 65535",
                            SHOWN(port->port));
        return false;
    }
    port->first = port->last = (uint16_t)number;
    warn_of_base(d, port, base);
    return true;
}

static bool read_end(struct np_decode *d, struct np_cilium_port *port)
{
    int64_t end = port->end_port.value;
    if (!port->end_port.set || end == 0) {
        return true;
    }
    if (port->name.ptr) {
        np_decode_report_in(d, NP_CODE_2511, port->node, "endPort",
                            "endPort with the port name \"%.*s\"", SHOWN(port->name));
    } else if (port->first == 0) {
        np_decode_report_in(d, NP_CODE_2512, port->node, "endPort",
                            "a range that begins at port 0");
    } else if (end < port->first) {
        np_decode_report_in(d, NP_CODE_2510, port->node, "endPort", "endPort %lld is below port %u",
                            (long long)end, port->first);
    } else {
        port->last = (uint16_t)(end - (np_defect(CILIUM_END_PORT) && end > port->first));
        return true;
    }
    return false;
}

static void check_port(struct np_decode *d, void *object)
{
    struct np_cilium_port *port = object;
    uint32_t errors = d->errors;
    bool written = np_is(np_get(port->node, "port"), NP_STRING);
    read_protocol(port);
    if (!written && np_get(port->node, "port") && !np_is(np_get(port->node, "port"), NP_NULL)) {
        return; /* of another type: reported */
    }
    bool fine = read_port(d, port) && read_end(d, port);
    bool extended = port->extension && port->protocol.len && port->number > 0;
    if (fine && extended && (port->name.ptr || port->first)) {
        np_decode_report_in(d, NP_CODE_2508, port->node, "port", "protocol %.*s with a port",
                            SHOWN(port->protocol));
    }
    bool known = port->protocol.ptr || !np_is(np_get(port->node, "protocol"), NP_STRING);
    port->read = fine && known && d->errors == errors;
}

/* ---- ICMP ---- */

static const struct {
    uint8_t protocol;
    const char *name;
    uint8_t number;
} icmp_types[] = {
#define NP_ICMP_TYPE(protocol, name, number) {protocol, name, number},
#include "dialect/cilium/icmp_types.def"
#undef NP_ICMP_TYPE
};
enum { ICMP_TYPES = sizeof icmp_types / sizeof icmp_types[0] };

/* Decimal, without leading zeros; -1: something else, or beyond 255. */
static int decimal_type(struct np_slice text)
{
    int number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || (i > 0 && number == 0) || number > UINT8_MAX) {
            return -1;
        }
        number = number * BASE_TEN + (text.ptr[i] - '0');
    }
    return text.len && number <= UINT8_MAX ? number : -1;
}

static int icmp_type(uint8_t protocol, struct np_slice text)
{
    for (size_t i = 0; i < ICMP_TYPES; i++) {
        if (icmp_types[i].protocol == protocol && np_slice_is(text, icmp_types[i].name)) {
            return icmp_types[i].number;
        }
    }
    return decimal_type(text);
}

static void no_icmp_type(struct np_decode *d, const struct np_cilium_icmp_field *field)
{
    const char *names[ICMP_TYPES];
    size_t count = 0;
    for (size_t i = 0; i < ICMP_TYPES; i++) {
        if (icmp_types[i].protocol == field->protocol) {
            names[count++] = icmp_types[i].name;
        }
    }
    const char *near = np_suggest(field->type.name, names, count);
    np_decode_report_in(d, NP_CODE_2516, field->node, "type",
                        "\"%.*s\" is no type of %s messages%s%s%s", SHOWN(field->type.name),
                        field->protocol == ICMP ? "ICMP" : "ICMPv6", near ? "; did you mean " : "",
                        near ? near : "", near ? "?" : "");
}

static void check_icmp_field(struct np_decode *d, void *object)
{
    struct np_cilium_icmp_field *field = object;
    field->protocol = np_slice_is(field->family, "IPv6") ? ICMPV6 : ICMP;
    if (!field->type.set) {
        return; /* absent or of another type: reported */
    }
    int64_t type =
        field->type.is_name ? icmp_type(field->protocol, field->type.name) : field->type.number;
    if (field->type.is_name && type < 0) {
        no_icmp_type(d, field);
    } else if (type < 0 || type > UINT8_MAX) {
        np_decode_report_in(d, NP_CODE_2516, field->node, "type", "type is %lld, must be 0 to 255",
                            (long long)type);
    } else {
        field->number = (uint8_t)type;
    }
}

#include "dialect/cilium/ports.def"

/* ---- lowering ---- */

enum { ANY_ROOM = 3 }; /* spans of a port of ANY */

static bool is_icmp(int16_t protocol)
{
    return protocol == ICMP || protocol == ICMPV6;
}

static void add_span(struct np_lower_ports *out, int16_t protocol, uint32_t first, uint32_t last)
{
    if (!is_icmp(protocol)) {
        np_lower_span(out, (uint8_t)protocol, first, last);
    } else if (first <= UINT8_MAX) { /* no message has a greater type */
        uint32_t end = last < UINT8_MAX ? last : UINT8_MAX;
        np_lower_span(out, (uint8_t)protocol, first << 8,
                      end << 8 | (np_defect(CILIUM_ICMP_CODE) ? 0 : UINT8_MAX));
    }
}

/* Every port of the protocol where the first is 0. */
static void add_ports(struct np_lower_ports *out, int16_t protocol,
                      const struct np_cilium_port *port)
{
    if (port->first == 0) {
        np_lower_all_ports(out, (uint8_t)protocol);
    } else {
        add_span(out, protocol, port->first, port->last);
    }
}

static void add_port(struct np_lower *l, struct np_lower_ports *out,
                     const struct np_cilium_port *port)
{
    static const uint8_t any[ANY_ROOM] = {TCP, UDP, SCTP};
    if (port->name.ptr) {
        np_lower_port_name(l, out, port->number, port->name);
    } else if (port->number == NP_CILIUM_ANY_PROTOCOL) {
        for (size_t i = 0; i < (np_defect(CILIUM_ANY_NO_SCTP) ? 2 : ANY_ROOM); i++) {
            add_ports(out, any[i], port);
        }
    } else {
        add_ports(out, port->number, port);
    }
}

static bool axes_of(struct np_lower *l, const struct np_lower_ports *ports, struct np_axes *out)
{
    *out = np_lower_axes(l, ports);
    return out->service || out->names;
}

bool np_cilium_port_axes(struct np_lower *l, const struct np_cilium_port *ports, size_t count,
                         struct np_axes *out)
{
    struct np_lower_ports lowered;
    *out = (struct np_axes){NULL, NULL};
    if (count == 0 || !np_lower_ports_room(l, &lowered, ANY_ROOM * count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_port(l, &lowered, &ports[i]);
    }
    return axes_of(l, &lowered, out);
}

bool np_cilium_icmp_axes(struct np_lower *l, const struct np_cilium_icmp_rule *rule,
                         struct np_axes *out)
{
    struct np_lower_ports lowered;
    *out = (struct np_axes){NULL, NULL};
    if (rule->fields.count == 0 || !np_lower_ports_room(l, &lowered, rule->fields.count)) {
        return false;
    }
    for (size_t i = 0; i < rule->fields.count; i++) {
        const struct np_cilium_icmp_field *field = &rule->fields.items[i];
        if (field->number == 0) { /* port 0 in the key of the policy map: every one */
            np_lower_all_ports(&lowered, field->protocol);
        } else {
            add_span(&lowered, field->protocol, field->number, field->number);
        }
    }
    return axes_of(l, &lowered, out);
}
