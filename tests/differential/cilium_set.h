/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_SET_H
#define CILIUM_SET_H
/*
 * Random sets of Cilium resources: drawn as plain data, written as YAML, and judged by an evaluator
 * of their own (cilium_oracle.h) that shares nothing with the library: neither its model nor its
 * selectors, patterns or expressions. Pools are small, so that conditions meet.
 *
 * Strings are static; a set may be copied.
 */
#include "differential/random_set.h"

enum {
    CIL_SPACES = 3,
    CIL_ACCOUNTS = 2,
    CIL_NODES = 3,
    CIL_PODS = 7,
    CIL_SERVICES = 3,
    CIL_GROUPS = 3, /* CiliumCIDRGroup */
    CIL_CLOUDS = 3, /* groups of a cloud provider; the last is never fed */
    CIL_POLICIES = 8,
    CIL_RULES = 2,    /* spec, specs[] */
    CIL_ELEMENTS = 2, /* of a list of a rule */
    CIL_TERMS = 3,    /* of a selector */
    CIL_LABELS = 3,
    CIL_FEW = 2
};
enum cil_direction { CIL_INGRESS, CIL_EGRESS, CIL_DIRECTIONS };

/* ---- selectors ---- */

enum cil_op { CIL_EQ, CIL_IN, CIL_NOT_IN, CIL_EXISTS, CIL_NOT_EXISTS };
struct cil_term {
    const char *source; /* "", "any", "k8s", "reserved", "cidr", ...: the key's prefix */
    const char *key;
    uint8_t op, n_values;
    const char *values[2];
};
struct cil_selector {
    uint8_t count;
    struct cil_term terms[CIL_TERMS];
};

/* ---- what there is ---- */

struct cil_label {
    const char *key, *value;
};
struct cil_labels {
    uint8_t count;
    struct cil_label items[CIL_LABELS];
};
struct cil_pod {
    bool present, four, six, host_network;
    uint8_t space, account, node;
    uint8_t ports; /* bits of cil_pod_ports */
    struct cil_labels labels;
};
struct cil_named_port {
    const char *name;
    uint8_t protocol;
    uint16_t port;
};
enum { CIL_POD_PORTS = 5 };
extern const struct cil_named_port cil_pod_ports[CIL_POD_PORTS];
struct cil_service {
    bool present, selects; /* has a selector: stands for the pods that it selects */
    uint8_t space;
    struct cil_labels labels, selector;
    uint8_t backends; /* without a selector: bits of cil_backend_address */
};
struct cil_group {
    bool present;
    struct cil_labels labels;
    uint8_t n_nets, nets[CIL_FEW];
};
struct cil_cloud { /* what is in a group, as the caller says */
    bool fed;
    uint8_t n_nets, nets[CIL_FEW];
};

/* ---- policies ---- */

enum cil_l3 {
    CIL_L3_ABSENT,
    CIL_ENDPOINTS,
    CIL_CIDR,
    CIL_CIDR_SET,
    CIL_ENTITIES,
    CIL_NODE_PEERS,
    CIL_SERVICE_PEERS,
    CIL_FQDNS, /* domainNames of ClusterNetworkPolicy */
    CIL_CLOUD_GROUPS,
    CIL_L3_KINDS
};
enum cil_entity {
    CIL_ALL,
    CIL_WORLD,
    CIL_WORLD_4,
    CIL_WORLD_6,
    CIL_CLUSTER,
    CIL_CLUSTER_MESH,
    CIL_HOST,
    CIL_REMOTE_NODE,
    CIL_APISERVER,
    CIL_INGRESS_PROXY,
    CIL_INIT,
    CIL_HEALTH,
    CIL_UNMANAGED,
    CIL_NONE,
    CIL_ENTITY_COUNT
};
extern const char *const cil_entities[CIL_ENTITY_COUNT];
enum cil_range { CIL_BY_NET, CIL_BY_GROUP, CIL_BY_GROUP_LABELS };
struct cil_peer {
    struct cil_selector selector; /* endpoints, nodes; of groups; of services */
    struct cil_selector spaces;   /* Kubernetes: namespaceSelector */
    bool has_spaces, has_pods;    /* Kubernetes */
    uint8_t net, by;              /* enum cil_range */
    uint8_t n_except, except[CIL_FEW];
    uint8_t name; /* of a group (CIL_GROUPS: of none), of a service, a cloud's group, a domain */
    bool named;   /* a service by name, not by labels */
    uint8_t space;
    uint8_t entity;
    bool pattern;
    const char *fqdn;
};
struct cil_port {
    const char *name; /* NULL: numbers; first 0: all */
    uint16_t first, last;
    uint8_t protocol; /* of cil_protocols; 0: not given */
};
struct cil_http {
    const char *method, *path, *host, *header; /* NULL: not given */
    uint8_t match;                             /* of cil_header_matches; 0: none */
};
struct cil_kafka {
    const char *role, *key, *version, *client, *topic; /* NULL: not given */
};
enum cil_l7 { CIL_L7_NONE, CIL_HTTP, CIL_DNS, CIL_KAFKA, CIL_PARSER /* l7proto */ };
struct cil_ports { /* an entry of toPorts */
    uint8_t n_ports;
    struct cil_port ports[CIL_FEW];
    uint8_t l7, n_l7;
    struct cil_http http[CIL_FEW];
    bool dns_pattern[CIL_FEW];
    const char *dns[CIL_FEW];
    struct cil_kafka kafka[CIL_FEW];
    uint8_t n_names; /* serverNames */
    const char *names[CIL_FEW];
    uint8_t terminating, originating; /* TLS contexts, by the number of a secret; 0: none */
    uint8_t listener;                 /* of cil_listeners; 0: none */
};
struct cil_icmp {
    bool six;
    const char *name; /* NULL: by number */
    uint8_t type;
};
enum cil_auth { CIL_AUTH_ABSENT, CIL_AUTH_DISABLED, CIL_AUTH_REQUIRED, CIL_AUTH_FAIL };
enum cil_action { CIL_ACCEPT, CIL_DENY, CIL_PASS };
struct cil_element {
    uint8_t l3, n_peers; /* l3 and no peers: a list that is empty */
    struct cil_peer peers[CIL_FEW];
    uint8_t n_ports;
    struct cil_ports ports[CIL_FEW];
    uint8_t n_icmps;
    struct cil_icmp icmps[CIL_FEW];
    uint8_t auth;
    uint8_t action; /* ClusterNetworkPolicy */
};
enum { CIL_LIST_ABSENT = 255 };
enum cil_flag { CIL_FLAG_ABSENT, CIL_FLAG_TRUE, CIL_FLAG_FALSE };
struct cil_rule {
    struct cil_selector subject;
    bool of_nodes;                 /* nodeSelector */
    uint8_t flags[CIL_DIRECTIONS]; /* enableDefaultDeny */
    uint8_t n[CIL_DIRECTIONS][2];  /* of allow, of deny; CIL_LIST_ABSENT */
    struct cil_element elements[CIL_DIRECTIONS][2][CIL_ELEMENTS];
};
enum cil_kind {
    CIL_CNP,
    CIL_CCNP,
    CIL_NP,  /* NetworkPolicy */
    CIL_KCNP /* ClusterNetworkPolicy */
};
struct cil_policy {
    bool present;
    uint8_t kind, space, name;
    bool as_specs; /* the first rule is in specs as well */
    uint8_t n_rules;
    struct cil_rule rules[CIL_RULES];
    struct cil_selector spaces; /* ClusterNetworkPolicy: of the subject */
    bool baseline, typed;
    uint8_t priority, types;
};
struct cil_options {
    uint8_t allow_localhost;    /* on, top, off */
    uint8_t policy_enforcement; /* default, always, never */
    bool no_non_default_deny, judge_frag_needed, plain_dropped, any_cluster, node_labels, extended,
        raw_paths, cidr_pods, cidr_nodes, same_rule, self_judged, host_firewall, deny_alone_ignored;
};
struct cil {
    uint64_t seed;
    unsigned features;
    struct cil_options options;
    struct cil_labels spaces[CIL_SPACES], nodes[CIL_NODES];
    struct cil_pod pods[CIL_PODS];
    struct cil_service services[CIL_SERVICES];
    struct cil_group groups[CIL_GROUPS];
    struct cil_cloud clouds[CIL_CLOUDS];
    uint8_t apiserver; /* bits: node 0, an address outside */
    struct cil_policy policies[CIL_POLICIES];
};
enum cil_features {
    CIL_OPTIONS = 1,      /* not only the defaults */
    CIL_MIXED = 2,        /* policies of Kubernetes */
    CIL_LAYER_7 = 4,      /* http, dns */
    CIL_SNI = 8,          /* serverNames */
    CIL_AUTH = 16,        /* authentication */
    CIL_NAMES = 32,       /* toFQDNs */
    CIL_SERVICED = 64,    /* toServices */
    CIL_GROUPED = 128,    /* CiliumCIDRGroup */
    CIL_NODED = 256,      /* fromNodes, toNodes */
    CIL_HOSTS = 2048,     /* nodeSelector */
    CIL_PROXIED = 4096,   /* listener, terminatingTLS, originatingTLS */
    CIL_PARSERS = 8192,   /* kafka, l7proto */
    CIL_CLOUDED = 16384,  /* fromGroups, toGroups */
    CIL_LABELLED = 32768, /* selectors with keys of cidr: and cidrgroup: */
    CIL_DOMAINED = 65536, /* domainNames */
    CIL_FEATURES = 511 | CIL_HOSTS | 31 * CIL_PROXIED,
    CIL_FOREIGN = 512, /* nothing but policies of Kubernetes */
    CIL_MAPPED = 1024  /* every port beside the policy map's answer */
};

/* ---- pools ---- */

struct cil_net {
    const char *text; /* "a.b.c.d/len" */
    bool six;
    uint8_t bytes[16], bits;
};
enum { CIL_FAMILY_NETS = 10, CIL_NETS = 2 * CIL_FAMILY_NETS };
const struct cil_net *cil_net(uint8_t number);
const char *cil_net_key(uint8_t number); /* as the key of a label of source cidr */
struct cil_protocol {
    const char *text;
    uint8_t numbers[3]; /* 0 0 0: every one */
    bool ports;
};
enum { CIL_PROTOCOLS = 9, CIL_EXTENDED = 6 /* from here */ };
extern const struct cil_protocol cil_protocols[CIL_PROTOCOLS]; /* [0]: not given */
struct cil_header_match {
    const char *name, *value, *mismatch; /* NULL: not given */
};
enum { CIL_HEADER_MATCHES = 6 };
extern const struct cil_header_match cil_header_matches[CIL_HEADER_MATCHES];
struct cil_listener {
    const char *kind, *config, *name; /* kind NULL: not given */
    uint8_t priority;                 /* 0: not given */
};
enum { CIL_LISTENER_OF_SPACE = 2, CIL_LISTENER_SHARED = 3, CIL_LISTENERS = 5, CIL_KAFKA_KINDS = 7 };
extern const struct cil_listener cil_listeners[CIL_LISTENERS]; /* [0]: none */
struct cil_kafka_kind {
    const char *name;
    uint8_t number;
    bool topics, produce, consume; /* names topics; a role has it */
};
extern const struct cil_kafka_kind cil_kafka_kinds[CIL_KAFKA_KINDS];
enum { CIL_DOMAINS = 5 };
/* Names of ClusterNetworkPolicy; where it has a star, the pattern that means the same, or NULL. */
extern const char *const cil_domains[CIL_DOMAINS][2];
extern const char *const cil_cloud_names[CIL_CLOUDS]; /* as the set is called that is fed */
extern const char *const cil_space_names[CIL_SPACES];
extern const char *const cil_account_names[CIL_ACCOUNTS];
extern const char *const cil_policy_names[4];
enum { CIL_OUTSIDE = 3, CIL_BACKENDS = CIL_OUTSIDE + 2 };
extern const char *const cil_outside[CIL_OUTSIDE][2]; /* addresses nobody in the cluster has */
/* Text of the addresses things have. family 4 or 6. */
void cil_pod_address(char out[40], unsigned pod, int family);
void cil_node_address(char out[40], unsigned node, int family);
void cil_backend_address(char out[40], unsigned backend, int family); /* outside, a node, a pod */

/* ---- drawing ---- */

void cil_draw(struct cil *c, uint64_t seed, unsigned features);
void cil_draw_policies(struct cil *c, struct gen_random *r); /* cilium_policies.c */
void cil_draw_peers(const struct cil *c, struct gen_random *r, unsigned direction, bool deny,
                    struct cil_element *e); /* cilium_peers.c */
struct cil_selector cil_draw_subject(struct gen_random *r, bool of_nodes);
struct cil_selector cil_draw_labels_selector(struct gen_random *r, bool of_space);
void cil_draw_layer7(const struct cil *c, struct gen_random *r, struct cil_ports *p,
                     unsigned direction); /* cilium_layer7.c */
const char *cil_draw_fqdn(struct gen_random *r, bool *pattern);

/* A question at boundaries of the pools. */
enum cil_request_kind {
    CIL_NO_REQUEST,
    CIL_HTTP_REQUEST,
    CIL_DNS_REQUEST,
    CIL_TLS,
    CIL_OPAQUE,
    CIL_KAFKA_REQUEST
};
struct cil_asked {
    struct netpol_tuple tuple;
    bool asked; /* more than the tuple is known */
    bool by_reference[2];
    uint8_t kind; /* enum cil_request_kind */
    const char *method, *path, *authority, *sni, *query;
    uint8_t sni_presence, authenticated; /* as in netpol_request */
    uint8_t n_headers;
    struct netpol_pair headers[2];
    const char *api_key, *client; /* Kafka; NULL: not given */
    int api_version;              /* -1: not given */
    uint8_t n_topics;
    struct netpol_string topics[2];
    bool named; /* names of the destination are given */
    uint8_t n_names;
    struct netpol_string names[2];
};
void cil_draw_question(const struct cil *c, struct gen_random *r, struct cil_asked *out);
/* Turns a drawn question to what some rule is about: its subject, a port of it. */
void cil_aim(const struct cil *c, struct gen_random *r, struct cil_asked *out); /* cilium_aim.c */
void cil_draw_request(const struct cil *c, struct gen_random *r, struct cil_asked *out);
/* Takes the which-th part away; false: there are no more. *changed: it was there. */
bool cil_remove(struct cil *c, unsigned which, bool *changed);

/* ---- text ---- */

void cil_write(const struct cil *c, struct random_text *out);
void cil_write_policy(const struct cil_policy *p, struct random_text *out);
void cil_write_kubernetes(const struct cil_policy *p, struct random_text *out);
void cil_write_labels(const struct cil_labels *labels, struct random_text *out);
void cil_write_selector(const struct cil_selector *s, struct random_text *out);
void cil_write_icmps(const struct cil_element *e, struct random_text *out);
void cil_write_ports(const struct cil_ports *ports, unsigned count, struct random_text *out);
#endif
