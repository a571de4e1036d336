/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_PORTS_H
#define NP_DIALECT_CILIUM_PORTS_H
/*
 * Ports and ICMP types of a rule element, as decoded by ports.def, as read and as lowered.
 *
 * A port is a text: the name of a service first, and a number only when it is none, in any base
 * that Go reads. Source: pkg/policy/api/{l4,icmp}.go, pkg/policy/api/rule_validation.go
 * (PortProtocol.sanitize, ICMPRule.verify) and pkg/iana/svcname.go of cilium/cilium.
 */
#include "dialect/lower.h"

enum { NP_CILIUM_PORTS_MAX = 40, NP_CILIUM_ANY_PROTOCOL = -1 };

struct np_cilium_port {
    const struct np_node *node;
    struct np_slice port, protocol; /* as written */
    struct np_int end_port;
    /* read */
    struct np_slice name;  /* in lower case; ptr NULL: a number */
    uint16_t first, last;  /* first 0: every port */
    int16_t number;        /* of the protocol; NP_CILIUM_ANY_PROTOCOL */
    bool read;             /* without errors */
    const char *extension; /* what of it needs the option extended_protocols; NULL: nothing */
};
struct np_cilium_icmp_field {
    const struct np_node *node;
    struct np_slice family;
    struct np_int_or_string type;
    uint8_t protocol, number; /* read: ICMP or ICMPv6, type of the message */
};
struct np_cilium_icmp_rule {
    const struct np_node *node;
    np_list(struct np_cilium_icmp_field) fields;
};
extern const struct np_shape np_cilium_port_shape, np_cilium_icmp_rule_shape;

/*
 * What rules with these are about, in *out; both axes NULL: everything. false: nothing at all (no
 * ports, or none that can be), or no memory: such a rule has no alternative.
 */
bool np_cilium_port_axes(struct np_lower *l, const struct np_cilium_port *ports, size_t count,
                         struct np_axes *out);
bool np_cilium_icmp_axes(struct np_lower *l, const struct np_cilium_icmp_rule *rule,
                         struct np_axes *out);
#endif
