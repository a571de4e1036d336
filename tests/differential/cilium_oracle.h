/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_ORACLE_H
#define CILIUM_ORACLE_H
/*
 * A second evaluator of Cilium's language, over the drawn resources themselves.
 *
 * It is the definition that Cilium tests itself by (pkg/policy/testutils/simulate.go): every end
 * has one flat set of labels, an entry is there for every rule whose subject, peer and port match,
 * entries are sorted by tier, priority and verdict (deny, allow, pass), and the first decides.
 * Slow, and without any part of the library, on purpose.
 */
#include "differential/cilium_set.h"

/* ---- truth ---- */

/* NO and YES are certain; MAYBE has bits of what would settle it. */
typedef uint8_t cil_truth;
enum { CIL_NO = 0, CIL_YES = 1, CIL_MAYBE = 2, CIL_OF_REQUEST = 4, CIL_OF_FACT = 8 };
cil_truth cil_and(cil_truth a, cil_truth b);
cil_truth cil_or(cil_truth a, cil_truth b);

/* ---- ends ---- */

struct cil_tag {
    const char *source, *key, *value;
};
enum { CIL_TAGS = 48 };
struct cil_tags {
    uint8_t count;
    struct cil_tag items[CIL_TAGS];
};
struct cil_end {
    int pod, node; /* -1: none; both: an address outside */
    bool six, apiserver;
    uint8_t address[16];
};
struct cil_question {
    const struct cil_asked *asked;
    struct cil_end src, dst;
    uint8_t protocol;
    bool has_ports; /* and no fragment without them */
    bool fragment;
    uint16_t port;
    uint8_t icmp_type, icmp_code;
};
void cil_question_of(const struct cil *c, const struct cil_asked *asked, struct cil_question *out);
bool cil_net_has(const struct cil_net *net, bool six, const uint8_t address[16]);

/* ---- conditions (cilium_oracle_match.c) ---- */

/* One side of a question: the pod that is judged, and the other end. */
struct cil_side {
    const struct cil *set;
    const struct cil_question *q;
    unsigned direction;
    const struct cil_end *near, *far;
};
/* The labels an end has for the pod `near`. */
void cil_tags_of(const struct cil *c, const struct cil_end *end, const struct cil_end *near,
                 struct cil_tags *out);
bool cil_selects(const struct cil_selector *s, const struct cil_tags *tags);
bool cil_is_own_node(const struct cil *c, const struct cil_end *pod, const struct cil_end *node);
bool cil_subject_matches(const struct cil_side *s, const struct cil_policy *p,
                         const struct cil_rule *rule);
cil_truth cil_peer_matches(const struct cil_side *s, const struct cil_policy *p, uint8_t l3,
                           const struct cil_peer *peer);
bool cil_is_dns_pod(const struct cil_side *s); /* whom names may be asked of */
bool cil_port_matches(const struct cil_side *s, uint8_t kind, const struct cil_port *port);
bool cil_icmp_matches(const struct cil_side *s, const struct cil_icmp *icmp);

/* ---- requests (cilium_oracle_request.c) ---- */

/* Who reads what is sent to a proxy. */
enum cil_reader {
    CIL_BY_NOBODY,
    CIL_BY_HTTP,
    CIL_BY_KAFKA,
    CIL_BY_TLS,
    CIL_BY_DNS,
    CIL_BY_OTHER,   /* another parser: what it says nobody here can tell */
    CIL_BY_LISTENER /* somebody's: nor what it can read */
};
enum cil_reader cil_reader_of(const struct cil_ports *ports);
/* Can it? opened: does the proxy end TLS? */
cil_truth cil_readable(const struct cil_asked *asked, enum cil_reader reader, cil_truth opened);
/* topic: the one of several that is asked about; NULL: there is none. */
cil_truth cil_request_matches(const struct cil *c, const struct cil_ports *ports,
                              const struct cil_asked *asked, const struct netpol_string *topic,
                              cil_truth opened);
cil_truth cil_server_name_matches(const struct cil_ports *ports, const struct cil_asked *asked);
/* A name a rule wants, exact or by a pattern, as DNS rules and toFQDNs read it. */
bool cil_name_matches(const char *wanted, bool pattern, struct netpol_string name);

/* ---- entries (cilium_oracle_entries.c) ---- */

enum { CIL_TIER_ADMIN = 100, CIL_TIER_NORMAL = 200, CIL_TIER_BASELINE = 250, CIL_ENTRIES = 128 };
struct cil_entry {
    uint8_t tier, action; /* enum cil_action */
    uint16_t priority;    /* times 100, plus the rule's index */
    uint8_t policy, rule, list, element;
    cil_truth flow;                /* ends and ports */
    const struct cil_ports *ports; /* NULL: no toPorts */
    bool all_requests;             /* enableDefaultDeny: false */
    bool specific;                 /* not for every peer */
    uint8_t bits;                  /* of protocol and port that it fixes: 0, 8, 9 .. 24 */
    uint8_t auth;                  /* enum cil_auth */
};
struct cil_entries {
    unsigned count;
    struct cil_entry items[CIL_ENTRIES];
    bool isolated;
};
/* Every element of rules about the subject, and where its entries stand. true: it is isolated. */
typedef void cil_visit(void *user, const struct cil_policy *p, const struct cil_element *e,
                       const struct cil_entry *place);
bool cil_each_element(const struct cil_side *s, cil_visit *visit, void *user);
void cil_collect(const struct cil_side *s, struct cil_entries *out);

/* ---- verdicts ---- */

struct cil_decision {
    bool judged, may_allow, may_deny;
    bool inspect;             /* an allow goes through a proxy that has not seen the request */
    bool unsure;              /* what is said is more than the specification does */
    uint8_t causes;           /* where both are possible */
    uint8_t policies;         /* bits: those that may be named; 0: not one of them */
    uint8_t tier;             /* where it was decided; 255: a default or an option */
    struct cil_entry example; /* one that spoke, where the tier is not 255 */
    bool overruled;           /* a deny, and an allow of the same rank */
};
struct cil_answer {
    struct cil_decision parts[CIL_DIRECTIONS];
};
void cil_judge(const struct cil *c, const struct cil_question *q, struct cil_answer *out);
int cil_verdict(const struct cil_decision *d); /* enum netpol_action */
#endif
