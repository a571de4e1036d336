/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_EVAL_H
#define NETPOL_EVAL_H
/*
 * Compile once, evaluate from any thread.
 *
 * A matcher is immutable and reference-counted. A view binds a matcher to the endpoints it is
 * evaluated with. Evaluation never fails on valid handles and allocates nothing.
 *
 * Verdicts: allow, deny, inspect (an L7 condition decides), unknown (the inventory cannot tell).
 * Sides and planes combine by deny > unknown > inspect > allow; only ALLOW permits.
 */
#include <netpol/base.h>
#include <netpol/diag.h>

#ifdef __cplusplus
extern "C" {
#endif

struct netpol_store;
struct netpol_matcher;
struct netpol_endpoints;
struct netpol_view;
struct netpol_scratch;

enum netpol_action {
    NETPOL_ALLOW,
    NETPOL_INSPECT,
    NETPOL_UNKNOWN,
    NETPOL_DENY,
    NETPOL_ACTION_COUNT
};
enum netpol_plane { NETPOL_PLANE_NONE, NETPOL_PLANE_NETWORK, NETPOL_PLANE_MESH };
enum netpol_side { NETPOL_SIDE_NONE, NETPOL_SIDE_EGRESS, NETPOL_SIDE_INGRESS };
enum netpol_hook {
    NETPOL_HOOK_NONE,
    NETPOL_HOOK_UNTRACKED,
    NETPOL_HOOK_PRE_DNAT,
    NETPOL_HOOK_FORWARD,
    NETPOL_HOOK_NORMAL
};
enum netpol_mesh_mode {
    NETPOL_MESH_NONE,
    NETPOL_MESH_SIDECAR_HTTP,
    NETPOL_MESH_SIDECAR_TCP,
    NETPOL_MESH_WAYPOINT,
    NETPOL_MESH_ZTUNNEL,
    NETPOL_MESH_STRICT_SAFE
};

/* Why a part decided as it did: X(name, text). The text is what JSON output shows. */
#define NETPOL_REASON_MAP(X)                                                           \
    X(NOT_JUDGED, "not-judged") /* no checkpoint on this side */                       \
    X(NO_POLICY, "no-policy")   /* a checkpoint, but nothing applies there */          \
    X(RULE, "rule")             /* a rule matched */                                   \
    X(ISOLATED, "isolated")     /* selected by a policy, no rule matched */            \
    X(TIER_END, "tier-end")     /* the end of a tier, always applied */                \
    X(DEFAULT, "default")       /* the end of the last stage */                        \
    X(OPTION, "option")         /* a rule that an option made */                       \
    X(PROTOCOL, "protocol")     /* the hop does not speak what a rule must read */     \
    X(REQUEST, "request")       /* the request decides */                              \
    X(MISSING, "missing")       /* a fact is missing, see netpol_missing */            \
    X(EXTERNAL, "external")     /* an external decision is missing */                  \
    X(INVALID, "invalid")       /* the tuple (two families, ...) or request is none */ \
    X(STALE, "stale-reference") /* an endpoint reference this matcher does not know */
enum netpol_reason {
#define NETPOL_REASON_ENUM(name, text) NETPOL_REASON_##name,
    NETPOL_REASON_MAP(NETPOL_REASON_ENUM)
#undef NETPOL_REASON_ENUM
        NETPOL_REASON_COUNT
};

/* Facts that would settle an UNKNOWN: X(name, bit, text). Bits of netpol_explanation's `missing`.
 */
#define NETPOL_MISSING_MAP(X)                      \
    X(POD_ADDRESS, 8, "pod-address")               \
    X(UNLEARNT_ADDRESS, 9, "unlearnt-pod-address") \
    X(SERVICE_ADDRESS, 10, "service-address")      \
    X(NAMES, 11, "names")                          \
    X(NODE, 12, "node")                            \
    X(SHARED_ADDRESS, 13, "shared-address")        \
    X(BACKENDS, 14, "backends")                    \
    X(SIGNATURE, 15, "not-compiled")               \
    X(IDENTITY, 16, "identity")                    \
    X(UNREADABLE, 17, "unreadable-policy")         \
    X(PORTS, 18, "ports")                          \
    X(INCOMPLETE, 19, "incomplete-input")
enum netpol_missing {
#define NETPOL_MISSING_ENUM(name, bit, text) NETPOL_MISSING_##name = 1 << (bit),
    NETPOL_MISSING_MAP(NETPOL_MISSING_ENUM)
#undef NETPOL_MISSING_ENUM
};

/* "allow", "network", "egress", "rule", ...: static, "?" for values out of range. Thread-safe. */
NETPOL_API const char *netpol_action_text(int action);
NETPOL_API const char *netpol_plane_text(int plane);
NETPOL_API const char *netpol_side_text(int side);
NETPOL_API const char *netpol_reason_text(int reason);
NETPOL_API const char *netpol_missing_text(uint32_t one_bit);

/* ---- compile ---- */

struct netpol_compile_options {
    size_t size;                 /* sizeof(struct netpol_compile_options) */
    const char *profile;         /* required: "kubernetes", "np-guard", later "cilium+istio", ... */
    const char *const *settings; /* "option=value" texts that change the profile's options */
    size_t n_settings;
    int strict; /* 1: ties and other warnings of the set are errors */
    /* 1: keep the image only: short explanations, no requests, less memory; not a previous for the
     * next compile, and a previous of its own has served afterwards */
    int without_model;
    struct netpol_endpoints *endpoints; /* whose journal is marked (change.h); NULL: none */
    /*
     * The matcher in force, or NULL: what the store has in common with it is taken over, not
     * compiled again. It stays the caller's, whole and unchanged. Where policies came, went or were
     * edited, only groups of endpoints that these may select are judged anew; where anything else
     * differs, or an edit asks for what no policy asked for (a label key or value, an address
     * range, a port name), all is. Either way the result answers as if there were no previous, and
     * a decision that the previous had keeps its number. One previous serves one such compile: the
     * next is given its result. Not re-used: matchers without a model, of another context, profile
     * or options. Identities (identity.h) keep their numbers also from those.
     */
    struct netpol_matcher *previous;
};
/*
 * Compiles a snapshot of the store, in time O(objects) and what policies make of them; with a
 * previous, O(objects) small steps (pointers are compared) and what the edit makes of it. *out is
 * referenced once for the caller; untouched on failure. diags may be NULL. Single-threaded with the
 * store; the matcher is free of it afterwards. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_INPUT (profile,
 * options, set-level errors), ERR_STATE (a transaction is open), ERR_LIMIT.
 */
NETPOL_API int netpol_compile(struct netpol_store *store,
                              const struct netpol_compile_options *options,
                              struct netpol_diags *diags, struct netpol_matcher **out);
/* Reference counting, thread-safe. NULL is ignored; ref returns its argument. */
NETPOL_API struct netpol_matcher *netpol_matcher_ref(struct netpol_matcher *matcher);
NETPOL_API void netpol_matcher_unref(struct netpol_matcher *matcher);
/* Of this compile; increases with every compile of a context's store. Thread-safe. */
NETPOL_API uint64_t netpol_matcher_generation(const struct netpol_matcher *matcher);

/* The profiles and options there are; i from 0 until NULL. Static strings. */
NETPOL_API const char *netpol_profile_at(size_t i);
/*
 * How input for a profile is to be loaded: enum netpol_load_flags (store.h). np-guard is
 * NETPOL_LOAD_LENIENT: the manifests of its corpus never saw an API server. 0 for NULL and for
 * names that are not known. Thread-safe.
 */
NETPOL_API uint32_t netpol_profile_load_flags(const char *profile);
struct netpol_option_info {
    const char *name, *values, *doc; /* values: "judge|allow|deny" */
};
NETPOL_API const struct netpol_option_info *netpol_option_at(size_t i);
/* The value an option has in a matcher; NULL when there is no such option. */
NETPOL_API const char *netpol_matcher_option(const struct netpol_matcher *matcher,
                                             const char *name);

/* ---- views ---- */

/*
 * Binds a matcher to endpoints. endpoints NULL: those of the compiled snapshot. The view holds a
 * reference on the matcher. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_GENERATION (endpoints of another
 * store).
 */
NETPOL_API int netpol_view_create(struct netpol_matcher *matcher,
                                  struct netpol_endpoints *endpoints, struct netpol_view **out);
NETPOL_API void netpol_view_destroy(struct netpol_view *view); /* NULL is ignored */

/*
 * Memory for requests, one per worker, of the size a matcher needs. Evaluation takes NULL when no
 * request is given. OK, ERR_ARGUMENT, ERR_MEMORY.
 */
NETPOL_API int netpol_scratch_create(struct netpol_matcher *matcher, struct netpol_scratch **out);
NETPOL_API void netpol_scratch_destroy(struct netpol_scratch *scratch);

/* ---- questions ---- */

enum netpol_tuple_flags {
    NETPOL_TUPLE_LATER_FRAGMENT = 1, /* no ports: judged by rules that do not name ports */
    NETPOL_TUPLE_NO_PORTS = 2,       /* the ports are not known or do not exist */
    NETPOL_TUPLE_SRC_REF = 4,        /* src_ref is given; the address may be all zero (not given) */
    NETPOL_TUPLE_DST_REF = 8,
    NETPOL_TUPLE_SRC_NO_ADDRESS = 16, /* the endpoint's address is not known */
    NETPOL_TUPLE_DST_NO_ADDRESS = 32
};
/* One hop. 64 bytes, plain, no padding; zero what is not used. Host byte order for ports. */
struct netpol_tuple {
    uint8_t src[16], dst[16];  /* network order; IPv4 in the first four bytes, the rest zero */
    uint64_t src_ref, dst_ref; /* from netpol_store_put_endpoint or netpol_view_find; 0: none */
    uint16_t src_port, dst_port;
    uint8_t family;   /* 4, 6; 0 only when both ends are references without address */
    uint8_t protocol; /* IP protocol number */
    uint8_t icmp_type, icmp_code;
    uint16_t zone;     /* routing zone, 0 usual */
    uint16_t flags;    /* enum netpol_tuple_flags */
    uint32_t reserved; /* 0 */
};

/* The reference of a pod or workload by name; 0 when there is none. Thread-safe. */
NETPOL_API uint64_t netpol_view_find(const struct netpol_view *view, const char *namespace_name,
                                     const char *name);

struct netpol_string {
    const char *ptr; /* NULL only with len 0 */
    size_t len;
};
enum netpol_presence { NETPOL_NOT_ASKED, NETPOL_ABSENT, NETPOL_PRESENT };
struct netpol_field {
    uint8_t presence; /* enum netpol_presence */
    struct netpol_string value;
};
struct netpol_pair {
    struct netpol_string name, value;
};
enum netpol_request_kind {
    NETPOL_REQUEST_NONE,
    NETPOL_REQUEST_HTTP,
    NETPOL_REQUEST_DNS,
    NETPOL_REQUEST_KAFKA
};
enum netpol_payload {
    NETPOL_PAYLOAD_PLAIN,
    NETPOL_PAYLOAD_TLS,
    NETPOL_PAYLOAD_HBONE,
    NETPOL_PAYLOAD_OPAQUE
};
enum netpol_token { NETPOL_TOKEN_ABSENT, NETPOL_TOKEN_VALID, NETPOL_TOKEN_INVALID };
enum netpol_tristate { NETPOL_TRI_NOT_SAID, NETPOL_TRI_NO, NETPOL_TRI_YES };
enum netpol_decision { NETPOL_DECISION_NONE, NETPOL_DECISION_ALLOW, NETPOL_DECISION_DENY };

/* What is known of a connection beyond its tuple, and the request in hand. Views, nothing owned. */
struct netpol_request {
    size_t size;           /* sizeof(struct netpol_request) */
    uint8_t kind;          /* enum netpol_request_kind: NONE = no request in hand */
    uint8_t payload;       /* enum netpol_payload */
    uint8_t token;         /* enum netpol_token */
    uint8_t authenticated; /* enum netpol_tristate */
    uint8_t principals_presence, claims_presence; /* enum netpol_presence */
    uint8_t src_names_given, dst_names_given;     /* 1: the lists below are complete */
    uint8_t reserved[8];
    /* HTTP, gRPC */
    struct netpol_string method, path, authority, scheme;
    const struct netpol_pair *headers; /* in order, duplicates kept */
    size_t n_headers;
    /* DNS, Kafka */
    struct netpol_string dns_query;
    struct netpol_string kafka_api_key, kafka_client;
    int32_t kafka_api_version; /* -1: not given */
    const struct netpol_string *kafka_topics;
    size_t n_kafka_topics;
    /* connection */
    struct netpol_field sni;
    const struct netpol_string *principals; /* several SANs of one peer */
    size_t n_principals;
    const struct netpol_pair
        *claims; /* path ("iss", "realm.roles"), value; lists as repeated pairs */
    size_t n_claims;
    uint8_t remote_family;   /* 0: the source of the tuple */
    uint8_t remote[16];      /* the client that a proxy derived */
    uint8_t original_family; /* 0: the destination of the tuple */
    uint8_t original[16];    /* destination before translation */
    uint16_t original_port;
    const struct netpol_pair *decisions; /* provider -> "allow" or "deny" */
    size_t n_decisions;
    const struct netpol_string *src_names, *dst_names; /* DNS names learnt for the ends */
    size_t n_src_names, n_dst_names;
};
#define NETPOL_REQUEST_INIT                                            \
    {                                                                  \
        .size = sizeof(struct netpol_request), .kafka_api_version = -1 \
    }

/* ---- answers ---- */

enum netpol_part_flags {
    NETPOL_PART_LOG = 1,
    NETPOL_PART_AUDIT = 2,
    NETPOL_PART_WOULD_DENY = 4,
    NETPOL_PART_AUTH_REQUIRED = 8,
    NETPOL_PART_REDIRECT = 16,
    NETPOL_PART_JUDGED = 32,
    NETPOL_PART_UNTRACKED = 64,
    NETPOL_PART_SHARED_ADDRESS = 128,
    NETPOL_PART_INCOMPLETE = 256,
    /* The second walk says something else: at most one, 512 << action. See netpol_part_pending. */
    NETPOL_PART_STAGED_ALLOW = 512,
    NETPOL_PART_STAGED_INSPECT = 1024,
    NETPOL_PART_STAGED_UNKNOWN = 2048,
    NETPOL_PART_STAGED_DENY = 4096
};
struct netpol_part {
    uint8_t action;   /* enum netpol_action; ALLOW when not judged */
    uint8_t reason;   /* enum netpol_reason */
    uint16_t flags;   /* enum netpol_part_flags */
    uint32_t rule;    /* decision reference, see netpol_rule_describe; 0: none */
    uint32_t staged;  /* the decision of the second walk, 0: the same */
    uint32_t program; /* redirect and authentication, see netpol_program_describe; 0: neither */
};
/* 64 bytes, plain. */
struct netpol_verdict {
    uint8_t action; /* enum netpol_action */
    uint8_t plane;  /* of the part that decided; NONE for an allow that nothing judged */
    uint8_t side;
    uint8_t flags;    /* reserved, 0 */
    uint32_t missing; /* NETPOL_MISSING_* of an UNKNOWN */
    uint64_t generation;
    struct netpol_part egress, ingress, mesh;
};

/*
 * The action if staged and dry-run policies were enforced: enum netpol_action. Of a part; of a
 * verdict: the worst of its parts. Which decision it is stands in `staged`, or in `rule` where that
 * is 0. Of an address with several owners it is that of the owner whose verdict stands. NULL:
 * NETPOL_UNKNOWN. Thread-safe.
 */
NETPOL_API int netpol_part_pending(const struct netpol_part *part);
NETPOL_API int netpol_verdict_pending(const struct netpol_verdict *verdict);

/* One enforcement point, as a CNI or a proxy asks. */
struct netpol_point {
    uint8_t plane, side, hook, mode; /* enums above; 0 = any */
};

/*
 * One connection, all checkpoints. *out is always filled. Allocates nothing. Thread-safe.
 * view, tuple, out must not be NULL: then ERR_ARGUMENT, and *out (if any) denies. Otherwise OK.
 * A tuple that cannot be (families differ, unknown family or flag, IPv4 with more than four bytes,
 * reserved not 0) is a DENY with reason INVALID.
 */
NETPOL_API int netpol_eval(const struct netpol_view *view, const struct netpol_tuple *tuple,
                           struct netpol_verdict *out);
/* count independent tuples. Same results as count single calls. OK, ERR_ARGUMENT. */
NETPOL_API int netpol_eval_batch(const struct netpol_view *view, const struct netpol_tuple *tuples,
                                 struct netpol_verdict *out, size_t count);
/*
 * One enforcement point only. request and scratch may be NULL. A point or request with values that
 * no enumeration has is ERR_ARGUMENT, and *out denies. A matcher without model (one that was opened
 * from an image) answers points of plane and side without a request; anything else is
 * ERR_UNSUPPORTED and *out is UNKNOWN. OK, ERR_ARGUMENT, ERR_SCRATCH, ERR_UNSUPPORTED.
 */
NETPOL_API int netpol_eval_at(const struct netpol_view *view, const struct netpol_point *point,
                              const struct netpol_tuple *tuple,
                              const struct netpol_request *request, struct netpol_scratch *scratch,
                              struct netpol_verdict *out);
/*
 * With what is known of the request, all checkpoints. scratch: of this matcher; too small is
 * ERR_SCRATCH and *out is UNKNOWN, never an allow. A matcher without model: ERR_UNSUPPORTED, and
 * *out is UNKNOWN. Where an end has changed since the compile (change.h), a model that does not
 * know the change does not answer: UNKNOWN(SIGNATURE). OK, ERR_ARGUMENT, ERR_SCRATCH,
 * ERR_UNSUPPORTED.
 */
NETPOL_API int netpol_eval_request(const struct netpol_view *view, const struct netpol_tuple *tuple,
                                   const struct netpol_request *request,
                                   struct netpol_scratch *scratch, struct netpol_verdict *out);

/* What a decision reference means. Strings live as long as the matcher; "" where nothing applies.
 */
struct netpol_rule_info {
    const char *policy; /* "NetworkPolicy/production/default-deny-all"; "" for options, defaults */
    const char *rule;   /* "spec.ingress[0]"; "spec" for isolation */
    const char *title;  /* the rule's own name */
    const char *position; /* "file:line:col" */
    const char *tier;     /* "NetworkPolicy", "Admin", ... */
    const char *option;   /* name of the option that made the rule */
    const char *log;      /* what the rule's policy wants to be logged with it (Cilium log.value) */
    int action;           /* what the rule says: enum netpol_action, -1 for pass and note */
    int side;
    uint64_t key; /* netpol_rule_key */
};
/*
 * reference and generation as a verdict carries them. OK, ERR_ARGUMENT, ERR_NOT_FOUND (0 or never
 * given), ERR_GENERATION (of another compile). Thread-safe.
 */
NETPOL_API int netpol_rule_describe(const struct netpol_matcher *matcher, uint32_t reference,
                                    uint64_t generation, struct netpol_rule_info *out);
/* A 64-bit key of policy, rule path and title that stays the same across compiles; 0: none. */
NETPOL_API uint64_t netpol_rule_key(const struct netpol_matcher *matcher, uint32_t reference,
                                    uint64_t generation);

/* Who reads the traffic that a rule sends to a proxy. */
enum netpol_parser {
    NETPOL_PARSER_NONE,
    NETPOL_PARSER_HTTP,
    NETPOL_PARSER_DNS,
    NETPOL_PARSER_KAFKA,
    NETPOL_PARSER_TLS,   /* server names alone */
    NETPOL_PARSER_OTHER, /* somebody else, who decides: a listener, a parser of the proxy's own */
    NETPOL_PARSER_COUNT
};
enum netpol_auth {
    NETPOL_AUTH_NONE,
    NETPOL_AUTH_REQUIRED,
    NETPOL_AUTH_ALWAYS_FAIL,
    NETPOL_AUTH_COUNT
};
/* What a part asks for beside its action. Strings live as long as the matcher; "" where nothing
 * applies. */
struct netpol_program_info {
    int parser;           /* enum netpol_parser; NONE: no redirect */
    int priority;         /* of the redirect among others, the lowest wins; 0: it has none */
    const char *listener; /* "namespace/config/listener"; "": the proxy's own */
    /* TLS that the proxy ends, and speaks to the destination: "namespace/secret ca,certificate,key"
     */
    const char *terminating, *originating;
    int auth; /* enum netpol_auth */
};
/*
 * program and generation as a verdict carries them. Where several redirects or authentications are
 * still possible, the part tells the strongest. A number means the same as long as no rule's
 * redirect comes or goes. OK, ERR_ARGUMENT, ERR_NOT_FOUND (0 or never given), ERR_GENERATION (of
 * another compile). Thread-safe, O(1).
 */
NETPOL_API int netpol_program_describe(const struct netpol_matcher *matcher, uint32_t program,
                                       uint64_t generation, struct netpol_program_info *out);
/* "http", "always-fail"; "?" for other numbers. Static strings. Thread-safe. */
NETPOL_API const char *netpol_parser_text(int parser);
NETPOL_API const char *netpol_auth_text(int auth);

/* ---- explanations ---- */

struct netpol_explanation;
/*
 * The walk of one question: every tier, policy and rule looked at, what matched, what did not and
 * why, positions, options in force. point (NULL: all checkpoints) and request may be NULL. *out is
 * owned by the caller and lives as long as it likes: it holds a reference on the matcher.
 * Thread-safe. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_UNSUPPORTED (a matcher without model), ERR_STATE
 * (an end has changed since the compile). Linear in the rules that apply.
 */
NETPOL_API int netpol_explain(const struct netpol_view *view, const struct netpol_point *point,
                              const struct netpol_tuple *tuple,
                              const struct netpol_request *request,
                              struct netpol_explanation **out);
NETPOL_API void netpol_explanation_destroy(struct netpol_explanation *explanation);

enum netpol_step_kind {
    NETPOL_STEP_CHECKPOINT,
    NETPOL_STEP_STAGE,
    NETPOL_STEP_TIER,
    NETPOL_STEP_POLICY,
    NETPOL_STEP_RULE,
    NETPOL_STEP_TIER_END,
    NETPOL_STEP_DECISION,
    NETPOL_STEP_NOTE
};
enum netpol_step_match {
    NETPOL_MATCH_NO,
    NETPOL_MATCH_YES,
    NETPOL_MATCH_MAYBE,
    NETPOL_MATCH_NOT_REACHED
};
struct netpol_step {
    int kind;             /* enum netpol_step_kind */
    int match;            /* enum netpol_step_match */
    int depth;            /* for indentation, from 0 */
    int action;           /* of a rule or decision: enum netpol_action; -1 pass, note or none */
    uint32_t rule;        /* decision reference, 0 none */
    uint32_t missing;     /* for MAYBE: NETPOL_MISSING_* */
    uint32_t program;     /* of a decision: see netpol_program_describe; 0: none */
    const char *name;     /* tier, policy or rule path */
    const char *position; /* "file:line:col" or "" */
    const char *why;      /* "source does not match from[0].podSelector", "port 8080 is not 9090" */
};
NETPOL_API const struct netpol_verdict *
netpol_explanation_verdict(const struct netpol_explanation *e);
NETPOL_API size_t netpol_explanation_count(const struct netpol_explanation *e);
NETPOL_API const struct netpol_step *netpol_explanation_at(const struct netpol_explanation *e,
                                                           size_t i);
/* Text (for people) or JSON (one object) through a sink. color: ANSI. OK, ERR_ARGUMENT, ERR_IO,
 * ERR_MEMORY. */
NETPOL_API int netpol_explanation_write(const struct netpol_explanation *e, int json, int color,
                                        netpol_sink_fn sink, void *user);

#ifdef __cplusplus
}
#endif
#endif
