/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_RULE_H
#define NP_DIALECT_CALICO_RULE_H
/*
 * A rule of a Calico policy or profile, as decoded by rule.def and as lowered.
 *
 * Decoding reads values (ports, protocols, ranges, selectors) beside the texts they were written
 * as. What a rule may hold depends on where it stands, so that is checked by its owner, which knows
 * (np_calico_rules_check). Loaded leniently, a range or selector that cannot be read leaves a mark
 * at its entity: whether the rule matches is then a fact that nobody knows.
 */
#include "dialect/calico/selector.h"
#include "dialect/lower.h"

struct np_calico_port {
    bool is_name;
    uint16_t first, last;
    struct np_slice name;
};
struct np_calico_protocol {
    bool set, named; /* named: by a word, which may imply an address family */
    uint8_t number;
};
struct np_calico_icmp {
    const struct np_node *node;
    struct np_int type, code;
};
struct np_calico_service_match {
    const struct np_node *node;
    struct np_slice name, space;
};
struct np_calico_accounts {
    const struct np_node *node;
    np_list(struct np_string_item) names;
    struct np_slice selector;
    const struct np_calico_selector *selects; /* NULL: not given */
};
struct np_calico_entity {
    const struct np_node *node;
    np_list(struct np_string_item) nets, not_nets, domains;
    np_list(struct np_int_or_string_item) ports, not_ports;
    struct np_slice selector, not_selector, namespace_selector;
    struct np_calico_accounts *accounts;
    struct np_calico_service_match *services;
    /* read: as many as the lists have elements; NULL: not given, or "" */
    const struct np_prefix *prefixes, *not_prefixes;
    const struct np_calico_port *port_items, *not_port_items;
    const struct np_calico_selector *selects, *selects_not, *namespaces;
    bool unread; /* something of it could not be read (lenient loading) */
};
struct np_calico_path {
    const struct np_node *node;
    struct np_slice exact, prefix;
};
struct np_calico_header {
    const struct np_node *node;
    struct np_slice header, name, op;
    np_list(struct np_string_item) values;
};
struct np_calico_http_match {
    const struct np_node *node;
    np_list(struct np_string_item) methods;
    np_list(struct np_calico_path) paths;
    np_list(struct np_calico_header) headers;
};
struct np_calico_metadata {
    const struct np_node *node;
    np_list(struct np_pair) annotations;
};
struct np_calico_rule {
    const struct np_node *node;
    struct np_slice action;
    struct np_int ip_version;
    struct np_int_or_string protocol, not_protocol;
    struct np_calico_icmp *icmp, *not_icmp;
    struct np_calico_entity *source, *destination;
    struct np_calico_http_match *http;
    struct np_calico_metadata *metadata;
    struct np_calico_protocol is, is_not; /* of protocol and not_protocol */
};
/* A list of these in a structure: np_list(struct np_calico_rule). */
extern const struct np_shape np_calico_rule_shape;

enum np_calico_owner { NP_CALICO_NAMESPACED, NP_CALICO_GLOBAL, NP_CALICO_PROFILE };
/* What depends on owner and direction; the path ends at the list. */
void np_calico_rules_check(struct np_decode *d, const struct np_calico_rule *rules, size_t count,
                           enum np_direction direction, enum np_calico_owner owner);

/* ---- what the files of the dialect share in decoding ---- */
/*
 * The selector written at map.key (text: as decoded; ptr NULL: absent), into the object's arena;
 * *out NULL: absent, or not read: reported at the byte in question, as a warning when loading
 * leniently, with *unread set. global: whether `global()` may stand there, as the whole.
 */
void np_calico_read_selector(struct np_decode *d, const struct np_node *map, const char *key,
                             struct np_slice text, bool global,
                             const struct np_calico_selector **out, bool *unread);

/* ---- lowering ---- */
/*
 * Appends what the rule becomes (one rule of the model, with http up to two; none for an address
 * family that it does not exist in) to the policy. index: as written; path: of the list,
 * "spec.ingress". Members of services are filled in by the seal.
 */
void np_calico_rule_lower(struct np_lower *l, struct np_policy *policy, enum np_direction direction,
                          const struct np_calico_rule *rule, size_t index, const char *path);
/* Of a sealed model: services that rules name and nobody has loaded. */
void np_calico_check_services(struct np_lower *l, const struct np_model *model);
#endif
