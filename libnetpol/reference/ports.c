/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: numbers, and names or members looked up at the end that owns the port. Three cases per
 * hop: a port, no port (fragments, protocols without ports), or a port that was not given. The last
 * makes a condition MAYBE unless it holds for every port, or for none, of the protocol.
 */
#include "reference/internal.h"

enum { ICMP = 1, ICMPV6 = 58 };
enum port_kind { PORT_KNOWN, PORT_NONE, PORT_UNKNOWN };
struct port {
    enum port_kind kind;
    uint8_t protocol;
    uint16_t number;
};

static bool protocol_agrees(int16_t wanted, uint8_t protocol)
{
    return wanted < 0 || wanted == protocol;
}

static bool in_spans(const struct np_service *service, const struct port *port)
{
    for (uint32_t i = 0; i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        bool in = port->kind == PORT_NONE
                      ? span->no_port
                      : span->ports && port->number >= span->first && port->number <= span->last;
        if (in && protocol_agrees(span->protocol, port->protocol)) {
            return true;
        }
    }
    return false;
}

/* Every port of the protocol, some, or none? Follows the spans upwards from port 0. */
static np_truth spans_of_unknown(const struct np_service *service, uint8_t protocol)
{
    uint32_t covered = 0; /* ports below this one are in */
    bool some = false;
    for (bool grew = true; grew && covered <= UINT16_MAX;) {
        grew = false;
        for (uint32_t i = 0; i < service->count; i++) {
            const struct np_port_span *span = &service->spans[i];
            if (!span->ports || !protocol_agrees(span->protocol, protocol)) {
                continue;
            }
            some = some || span->first <= span->last;
            if (span->first <= covered && span->last >= covered) {
                covered = (uint32_t)span->last + 1;
                grew = true;
            }
        }
    }
    if (covered > UINT16_MAX) {
        return NP_YES;
    }
    return some ? NP_UNKNOWN(NP_FACT_PORTS) : NP_NO;
}

static np_truth service_truth(const struct np_service *service, const struct port *port)
{
    np_truth in = port->kind == PORT_UNKNOWN ? spans_of_unknown(service, port->protocol)
                                             : np_truth_of(in_spans(service, port));
    return service->complement ? np_not(in) : in;
}

np_truth np_reference_service(const struct np_service *service, int port_kind, uint8_t protocol,
                              uint16_t number)
{
    struct port port = {(enum port_kind)port_kind, protocol, number};
    return service_truth(service, &port);
}

static np_truth number_truth(const struct port *port, uint16_t number)
{
    if (port->kind == PORT_UNKNOWN) {
        return NP_UNKNOWN(NP_FACT_PORTS);
    }
    return np_truth_of(port->kind == PORT_KNOWN && port->number == number);
}

/*
 * A declared port of the endpoint: name, protocol and number must agree. A pod on the host's
 * network is its node to policies, and nobody declares ports of a node.
 */
static np_truth name_truth(const struct np_port_member *member, const struct np_end *end,
                           const struct port *port)
{
    if (!end->endpoint) {
        return np_is_maybe(end->missing) && port->kind != PORT_NONE ? end->missing : NP_NO;
    }
    np_truth result = NP_NO;
    bool host = end->endpoint->kind == NP_OBJ_HOST_NET_WORKLOAD;
    for (uint32_t i = 0; !host && i < end->endpoint->n_ports; i++) {
        const struct np_named_port *declared = &end->endpoint->ports[i];
        if (declared->name == member->name && declared->protocol == port->protocol) {
            result = np_or(result, number_truth(port, declared->port));
        }
    }
    return result;
}

static np_truth triple_truth(const struct np_port_member *member, const struct np_end *end,
                             const struct port *port)
{
    np_truth here;
    if (member->endpoint) {
        here = np_truth_of(end->endpoint && end->endpoint->ref == member->endpoint);
        if (!end->endpoint && np_is_maybe(end->missing)) {
            here = end->missing;
        }
    } else if (end->address.family == 0) {
        here = np_is_maybe(end->missing_address) ? end->missing_address : NP_NO;
    } else {
        here = np_truth_of(np_address_equal(&end->address, &member->address));
    }
    return np_and(here, number_truth(port, member->port));
}

static np_truth portset_truth(const struct np_portset *portset, const struct np_end *end,
                              const struct port *port)
{
    np_truth wanted = NP_NO, excluded = NP_NO;
    for (uint32_t i = 0; i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        if (protocol_agrees(member->protocol, port->protocol)) {
            np_truth *truth = member->excluded ? &excluded : &wanted;
            *truth = np_or(*truth, member->name ? name_truth(member, end, port)
                                                : triple_truth(member, end, port));
        }
    }
    np_truth result = np_and(portset->complement ? np_not(wanted) : wanted, np_not(excluded));
    return portset->within ? np_and(result, service_truth(portset->within, port)) : result;
}

/* The two are one axis: numbers OR names. */
static np_truth axis_truth(const struct np_service *service, const struct np_portset *portset,
                           const struct np_end *end, const struct port *port)
{
    if (!service && !portset) {
        return NP_YES;
    }
    np_truth result = service ? service_truth(service, port) : NP_NO;
    return portset ? np_or(result, portset_truth(portset, end, port)) : result;
}

static struct port port_of(const struct np_hop *hop, uint16_t number)
{
    enum port_kind kind = hop->has_ports       ? PORT_KNOWN
                          : hop->ports_unknown ? PORT_UNKNOWN
                                               : PORT_NONE;
    return (struct port){kind, hop->protocol, number};
}

np_truth np_ports_truth(const struct np_walk *walk, const struct np_match *match)
{
    struct port port = port_of(walk->hop, walk->dst_port);
    return axis_truth(match->service, match->dst_ports, walk->dst, &port);
}

np_truth np_source_ports_truth(const struct np_walk *walk, const struct np_match *match)
{
    struct port port = port_of(walk->hop, walk->hop->src_port);
    if (port.protocol == ICMP || port.protocol == ICMPV6) {
        port.kind = PORT_NONE; /* type and code are the destination's */
    } else if (port.kind == PORT_KNOWN && port.number == 0 &&
               walk->checkpoint->kind != NP_CHECK_LIST) {
        port.kind = PORT_UNKNOWN; /* nothing is sent from port 0: it was not given */
    }
    return axis_truth(match->src_service, match->src_ports, walk->src, &port);
}

np_truth np_reference_ports(const struct np_match *match, const struct np_hop *hop,
                            const struct np_checkpoint *checkpoint)
{
    struct np_walk walk = {.hop = hop,
                           .checkpoint = checkpoint,
                           .src = &hop->src,
                           .dst = &hop->dst,
                           .dst_port = hop->dst_port};
    return np_and(np_ports_truth(&walk, match), np_source_ports_truth(&walk, match));
}
