/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_TALLY_H
#define CILIUM_TALLY_H
/* What the random Cilium sets reached: a run that never met a thing has not tested it. */
#include "differential/cilium_oracle.h"

enum { CIL_EVERYTHING = 600 }; /* sets that must have reached everything */
/* X(name, what decided, features without which it cannot): of a side, or of the entry that spoke */
#define CIL_REACHED_MAP(X)                                          \
    X(ALLOW, "allow", 0)                                            \
    X(DENY, "deny", 0)                                              \
    X(INSPECT, "inspect", CIL_LAYER_7)                              \
    X(UNKNOWN, "unknown", CIL_NAMES)                                \
    X(IPV6, "IPv6", 0)                                              \
    X(DENY_RULE, "a deny rule", 0)                                  \
    X(DENY_OVER_ALLOW, "a deny beside an allow", 0)                 \
    X(DEFAULT_DENY, "default deny", 0)                              \
    X(DEFAULT_ALLOW, "default allow", 0)                            \
    X(CNP, "CiliumNetworkPolicy", 0)                                \
    X(CCNP, "CiliumClusterwideNetworkPolicy", 0)                    \
    X(SPECS, "specs", 0)                                            \
    X(NP, "NetworkPolicy", CIL_MIXED)                               \
    X(ADMIN, "ClusterNetworkPolicy, Admin", CIL_MIXED)              \
    X(BASELINE, "ClusterNetworkPolicy, Baseline", CIL_MIXED)        \
    X(ANY_PEER, "no peers", 0)                                      \
    X(ENDPOINTS, "endpoints", 0)                                    \
    X(NAMESPACE_KEY, "a selector with a namespace", 0)              \
    X(NAMESPACE_LABELS, "a selector with namespace labels", 0)      \
    X(RESERVED_KEY, "a selector with a reserved label", 0)          \
    X(NEGATIVE, "NotIn, DoesNotExist", 0)                           \
    X(CIDR, "CIDR", 0)                                              \
    X(EXCEPT, "CIDRSet with except", 0)                             \
    X(GROUP, "a CIDR group by name", CIL_GROUPED)                   \
    X(GROUP_LABELS, "CIDR groups by label", CIL_GROUPED)            \
    X(ENTITIES, "entities", 0)                                      \
    X(NODES, "nodes", CIL_NODED | CIL_OPTIONS)                      \
    X(SERVICE, "services", CIL_SERVICED)                            \
    X(FQDNS, "FQDNs", CIL_NAMES)                                    \
    X(CLOUD, "groups of a cloud", CIL_CLOUDED)                      \
    X(CIDR_KEY, "a selector with a range", CIL_LABELLED)            \
    X(GROUP_KEY, "a selector with a CIDR group", CIL_LABELLED)      \
    X(QUERIES, "queries for domainNames", CIL_DOMAINED | CIL_MIXED) \
    X(DOMAINS, "domainNames", CIL_DOMAINED | CIL_MIXED)             \
    X(NAMED_PORT, "named ports", 0)                                 \
    X(RANGE, "ranges of ports", 0)                                  \
    X(ANY_PROTOCOL, "any protocol", 0)                              \
    X(ICMP, "ICMP types", 0)                                        \
    X(HTTP, "HTTP rules", CIL_LAYER_7)                              \
    X(DNS, "DNS rules", CIL_LAYER_7)                                \
    X(SERVER_NAMES, "serverNames", CIL_SNI)                         \
    X(KAFKA, "Kafka rules", CIL_PARSERS)                            \
    X(KAFKA_REQUEST, "Kafka requests", CIL_PARSERS)                 \
    X(PARSER, "l7proto", CIL_PARSERS)                               \
    X(LISTENER, "a listener", CIL_PROXIED)                          \
    X(LISTENER_FIRST, "a listener with a priority", CIL_PROXIED)    \
    X(TERMINATING, "terminatingTLS", CIL_PROXIED)                   \
    X(ORIGINATING, "originatingTLS", CIL_PROXIED)                   \
    X(AUTHENTICATION, "authentication", CIL_AUTH)                   \
    X(FRAGMENT, "fragments without ports", 0)                       \
    X(OWN_NODE, "the own node", 0)                                  \
    X(NODE_SUBJECT, "a policy of nodes", CIL_HOSTS | CIL_OPTIONS)   \
    X(NODE_ITSELF, "a node to itself", CIL_HOSTS | CIL_OPTIONS)     \
    X(API_SERVER, "the API server", 0)                              \
    X(MAP_ENTRY, "an entry of a policy map", CIL_MAPPED)
enum cil_reached {
#define CIL_REACHED_ENUM(name, text, features) CIL_REACHED_##name,
    CIL_REACHED_MAP(CIL_REACHED_ENUM)
#undef CIL_REACHED_ENUM
        CIL_REACHED
};
struct cil_tally {
    uint64_t ports, reached[CIL_REACHED];
};
void cil_tally_answer(struct cil_tally *tally, const struct cil *c, const struct cil_question *q,
                      const struct cil_answer *answer);
/* Prints it; how much was not reached that these features have. */
unsigned cil_tally_report(const struct cil_tally *tally, unsigned features, FILE *out);
#endif
