/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALICO_SET_H
#define CALICO_SET_H
/*
 * Random sets of Calico resources: drawn as plain data, written as YAML, and judged by an evaluator
 * of their own (calico_oracle.h) that shares nothing with the library: neither its model nor its
 * selectors. Pools are small, so that conditions meet.
 *
 * Strings are static; a set may be copied.
 */
#include "differential/random_set.h"

enum {
    CAL_SPACES = 3,
    CAL_ACCOUNTS = 3,
    CAL_NODES = 2,
    CAL_PODS = 7,
    CAL_HOSTS = 3,
    CAL_SETS = 4,
    CAL_PROFILES = 3,
    CAL_SERVICES = 2,
    CAL_TIERS = 4, /* drawn ones; more are built in (enum cal_tier_name) */
    CAL_POLICIES = 9,
    CAL_RULES = 3, /* of a policy in one direction */
    CAL_NODES_OF_SELECTOR = 8,
    CAL_LABELS = 3,
    CAL_FEW = 2 /* entries of a list in a rule */
};
enum cal_direction { CAL_INGRESS, CAL_EGRESS, CAL_DIRECTIONS };

/* ---- selectors ---- */

enum cal_op {
    CAL_ALL,
    CAL_GLOBAL,
    CAL_HAS,
    CAL_EQ,
    CAL_NE,
    CAL_CONTAINS,
    CAL_STARTS,
    CAL_ENDS,
    CAL_IN,
    CAL_NOT_IN,
    CAL_NOT,
    CAL_AND,
    CAL_OR
};
struct cal_node {
    uint8_t op, count, kids[2];
    const char *key, *values[2];
};
struct cal_selector {
    bool present;
    uint8_t count, root;
    uint16_t style; /* of its text: spaces, quotes, parentheses */
    struct cal_node nodes[CAL_NODES_OF_SELECTOR];
};

/* ---- what there is ---- */

struct cal_label {
    const char *key, *value;
};
struct cal_labels {
    uint8_t count;
    struct cal_label items[CAL_LABELS];
};
struct cal_space {
    bool present;
    struct cal_labels labels;
};
struct cal_account { /* of every namespace */
    bool present[CAL_SPACES];
    struct cal_labels labels[CAL_SPACES];
};
struct cal_pod {
    bool present, four, six, host_network;
    uint8_t space, account, node;
    uint8_t ports; /* bits of cal_pod_ports */
    struct cal_labels labels;
};
struct cal_named_port {
    const char *name;
    uint8_t protocol;
    uint16_t port;
};
extern const struct cal_named_port cal_pod_ports[4];
struct cal_host {                   /* a HostEndpoint */
    bool present, four, six, extra; /* expectedIPs: of the node; and one that is not */
    uint8_t node, interface;        /* 0: none, 1: "*", 2: "eth0" */
    uint8_t profiles;               /* bits */
    bool reversed;                  /* profiles listed from the last */
    bool port;                      /* cal_pod_ports[0] */
    struct cal_labels labels;
};
struct cal_set { /* a NetworkSet, or a GlobalNetworkSet where space is CAL_SPACES */
    bool present;
    uint8_t space, n_nets, nets[CAL_FEW];
    struct cal_labels labels;
};
struct cal_service {
    bool present;
    uint8_t space;
    uint8_t pods;   /* bits: backends */
    bool outside;   /* and an address that nobody has */
    uint8_t port;   /* 0: TCP 80; 1: UDP 53; 2: without number */
    bool not_ready; /* the backends */
};

/* ---- policies ---- */

enum cal_action { CAL_ALLOW, CAL_DENY, CAL_LOG, CAL_PASS };
struct cal_port {
    const char *name; /* NULL: numbers */
    uint16_t first, last;
};
struct cal_entity {
    uint8_t n_nets, n_not_nets, nets[CAL_FEW], not_nets[CAL_FEW];
    struct cal_selector selector, not_selector, spaces, account;
    uint8_t n_accounts, accounts[CAL_FEW];
    uint8_t service; /* its number plus one */
    uint8_t n_ports, n_not_ports;
    struct cal_port ports[CAL_FEW], not_ports[CAL_FEW];
};
struct cal_icmp {
    bool present, has_code;
    uint8_t type, code;
};
struct cal_http {
    bool present;
    uint8_t n_methods, n_paths;
    const char *methods[CAL_FEW], *paths[CAL_FEW];
    bool prefix[CAL_FEW];
};
struct cal_rule {
    uint8_t action, ip_version;
    uint8_t protocol, not_protocol; /* of cal_protocols; 0: none */
    struct cal_icmp icmp, not_icmp;
    struct cal_entity source, destination;
    struct cal_http http;
};
enum cal_kind {
    CAL_NP,
    CAL_GNP,
    CAL_STAGED_NP,
    CAL_STAGED_GNP,
    CAL_STAGED_K8S,
    CAL_K8S, /* NetworkPolicy of Kubernetes */
    CAL_CNP  /* ClusterNetworkPolicy */
};
enum cal_staged { CAL_SET_ABSENT, CAL_SET_IT, CAL_DELETE_IT, CAL_LEARN_IT, CAL_IGNORE_IT };
struct cal_policy {
    bool present;
    uint8_t kind, space, name, tier, order, staged;
    struct cal_selector selector, account, spaces;
    bool typed;    /* types are given */
    uint8_t types; /* 1 << direction */
    bool untracked, pre_dnat, forward;
    uint8_t n_rules[CAL_DIRECTIONS];
    struct cal_rule rules[CAL_DIRECTIONS][CAL_RULES];
};
struct cal_tier {
    bool present, pass, said; /* said: defaultAction is written */
    uint8_t order;
};
struct cal_profile {
    bool present;
    struct cal_labels labels;
    uint8_t n_rules[CAL_DIRECTIONS];
    struct cal_rule rules[CAL_DIRECTIONS][CAL_FEW];
};
struct cal {
    uint64_t seed;
    unsigned features;
    struct cal_space spaces[CAL_SPACES];
    struct cal_account accounts[CAL_ACCOUNTS];
    struct cal_pod pods[CAL_PODS];
    struct cal_host hosts[CAL_HOSTS];
    struct cal_set sets[CAL_SETS];
    struct cal_service services[CAL_SERVICES];
    struct cal_tier tiers[CAL_TIERS];
    struct cal_profile profiles[CAL_PROFILES];
    struct cal_policy policies[CAL_POLICIES];
};
enum cal_features {
    CAL_STAGED = 1,
    CAL_HOST = 2,     /* host endpoints */
    CAL_STAGES = 4,   /* doNotTrack, preDNAT, applyOnForward */
    CAL_MIXED = 8,    /* policies of Kubernetes */
    CAL_SERVICE = 16, /* services in rules */
    CAL_HTTP = 32,
    CAL_NO_TIER = 64, /* tiers that no object makes */
    CAL_PROFILED = 128,
    CAL_FEATURES = 255,
    CAL_FOREIGN = 256,    /* nothing but policies of Kubernetes */
    CAL_KUBERNETES = 512, /* under the profile kubernetes */
    CAL_BARE = 1024       /* no tiers, no network sets */
};

/* ---- pools ---- */

/* Places in cal_nets: of each family CAL_FAMILY_NETS, IPv6 behind IPv4, the last of all addresses.
 */
struct cal_net {
    const char *text;
    uint8_t bytes[16], bits;
};
enum { CAL_FAMILY_NETS = 10, CAL_NETS = 2 * CAL_FAMILY_NETS };
extern const char *const cal_net_texts[CAL_NETS];
const struct cal_net *cal_net(uint8_t number);
struct cal_protocol {
    const char *text;
    uint8_t number;
    uint8_t family; /* that the name implies */
    bool ports;     /* may be given with port numbers */
};
enum { CAL_PROTOCOLS = 13 };
extern const struct cal_protocol cal_protocols[CAL_PROTOCOLS]; /* [0]: none */
extern const char *const cal_space_names[CAL_SPACES];
extern const char *const cal_account_names[CAL_ACCOUNTS];
extern const char *const cal_node_names[CAL_NODES];
extern const char *const cal_profile_names[CAL_PROFILES];
extern const char *const cal_policy_names[5];
enum { CAL_ORDERS = 7 };
extern const double cal_orders[CAL_ORDERS]; /* [0]: none given */
/* Drawn tiers first, then those that are always there, then one that no object makes. */
enum cal_tier_name {
    CAL_TIER_ADMIN = CAL_TIERS,
    CAL_TIER_DEFAULT,
    CAL_TIER_BASELINE,
    CAL_TIER_LOST,
    CAL_TIER_NAMES
};
extern const char *const cal_tier_names[CAL_TIER_NAMES];
/* Text of the addresses things have. family 4 or 6. */
void cal_pod_address(char out[40], unsigned pod, int family);
void cal_node_address(char out[40], unsigned node, int family);
#define CAL_EXTRA_ADDRESS \
    "192.168.9.1"                     /* of the host endpoints with one that is not their node's */
#define CAL_OUTSIDE_ADDRESS "8.8.8.8" /* of services */

/* ---- drawing ---- */

void cal_draw(struct cal *c, uint64_t seed, unsigned features);
struct cal_selector cal_draw_selector(struct gen_random *r, int whose); /* calico_selector.c */
enum cal_whose { CAL_OF_OBJECT, CAL_OF_SPACE, CAL_OF_ACCOUNT, CAL_OF_RULE };
void cal_draw_policies(struct cal *c, struct gen_random *r); /* calico_policies.c */
void cal_draw_profile_rules(struct cal *c, struct gen_random *r, struct cal_profile *profile);
/* A question at boundaries of the pools. */
struct cal_asked {
    struct netpol_tuple tuple;
    bool asked; /* more than the tuple is known */
    bool http, translated;
    bool by_reference[2]; /* source, destination: pods are named so as well */
    const char *method, *path;
    uint8_t original[16]; /* the destination before translation, of the tuple's family */
    uint16_t original_port;
};
void cal_draw_question(const struct cal *c, struct gen_random *r, struct cal_asked *out);
/* Takes the which-th part away; false: there are no more. *changed: it was there. */
bool cal_remove(struct cal *c, unsigned which, bool *changed);

/* ---- text ---- */

void cal_write(const struct cal *c, struct random_text *out);
void cal_write_policy(const struct cal *c, const struct cal_policy *p, struct random_text *out);
void cal_write_rules(const struct cal_rule *rules, unsigned count, struct random_text *out,
                     const struct cal *c);
void cal_write_labels(const struct cal_labels *labels, struct random_text *out);
void cal_write_kubernetes(const struct cal *c, const struct cal_policy *p, struct random_text *out);
/* The selector as a YAML text in single quotes. */
void cal_write_selector(const struct cal_selector *s, struct random_text *out);
#endif
