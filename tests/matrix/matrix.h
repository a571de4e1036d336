/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MATRIX_H
#define MATRIX_H
/*
 * The model matrix: the cases in which a simpler model gives a wrong verdict, each written as a
 * model with the builder and judged by the reference.
 *
 * A case builds its model once as it should be (m->naive false) and, where that is meaningful, once
 * the way a simpler model would have it; the two must answer differently, so that a case cannot
 * pass by accident. Short names here keep a case readable as a table of facts.
 */
#include "model/build.h"
#include "reference/reference.h"

struct matrix {
    struct netpol_ctx *ctx;
    struct np_build *b;
    struct np_model *model;
    bool naive; /* how the case at hand builds its model */
    int number;
    bool failed;                   /* the case at hand */
    struct np_rule *rule;          /* made last */
    struct netpol_verdict verdict; /* of the last question */
};

/* ---- the frame ---- */
void matrix_fail(struct matrix *m, const char *file, int line, const char *what, int got, int want);
#define CHECK(m, condition) \
    ((condition) ? (void)0 : matrix_fail((m), __FILE__, __LINE__, #condition, 0, 1))
/* The action of an answer. */
#define EXPECT(m, got, want)                                                     \
    do {                                                                         \
        int matrix_got = (int)(got);                                             \
        if (matrix_got != (int)(want)) {                                         \
            matrix_fail((m), __FILE__, __LINE__, #got, matrix_got, (int)(want)); \
        }                                                                        \
    } while (0)
typedef void (*case_function)(struct matrix *m);
struct matrix_case {
    int number;
    const char *title;
    case_function run;
};
extern const struct matrix_case kubernetes_cases[], cilium_cases[], calico_cases[], istio_cases[];

/* A fresh model: begin(m, naive) ... facts ... seal(m) ... questions; begin drops the one before.
 */
void begin(struct matrix *m, bool naive);
void seal(struct matrix *m);
void drop(struct matrix *m);

/* ---- facts ---- */
enum { ANY_PROTOCOL = -1, ICMP = 1, TCP = 6, UDP = 17 };
np_str text(struct matrix *m, const char *s);
/* labels: "app=x,tier=db"; address and node may be NULL. */
struct np_endpoint *pod(struct matrix *m, const char *space, const char *name, const char *labels,
                        const char *address, const char *node);
struct np_endpoint *thing(struct matrix *m, enum np_object_kind kind, const char *name,
                          const char *labels, const char *prefix);
void named_port(struct matrix *m, struct np_endpoint *endpoint, const char *name, uint16_t port);
void node(struct matrix *m, const char *name, const char *address);
struct np_prefix prefix(const char *text);

/* ---- conditions ---- */
/* "app=x,tier=db" all of them; "ns:X": in namespace X. */
const struct np_selector *labels(struct matrix *m, const char *terms);
const struct np_selector *term(struct matrix *m, const char *key, enum np_term_op op,
                               const char *value);
const struct np_selector *both(struct matrix *m, const struct np_selector *a,
                               const struct np_selector *b);
const struct np_literal *objects(struct matrix *m, uint16_t kinds,
                                 const struct np_selector *selector);
const struct np_set *pods(struct matrix *m, const char *terms);
const struct np_set *only(struct matrix *m, const struct np_literal *literal);
const struct np_set *except(struct matrix *m, const struct np_literal *literal); /* -literal */
const struct np_set *minus(struct matrix *m, const struct np_literal *a,
                           const struct np_literal *b);
const struct np_literal *cidr(struct matrix *m, const char *prefix, uint8_t domain);
const struct np_literal *names(struct matrix *m, const char *pattern);
const struct np_literal *principal(struct matrix *m, enum np_pattern_kind kind,
                                   const char *pattern);
const struct np_service *port(struct matrix *m, int protocol, uint16_t number);
const struct np_portset *port_name(struct matrix *m, const char *name);
const struct np_expr *atom(struct matrix *m, enum np_view view,
                           const char *value); /* exact; NULL: present */
const struct np_expr *header(struct matrix *m, const char *name, const char *value);
const struct np_expr *all(struct matrix *m, const struct np_expr *a, const struct np_expr *b);
const struct np_expr *any(struct matrix *m, const struct np_expr *a, const struct np_expr *b);
const struct np_expr * not(struct matrix * m, const struct np_expr *a);

/* ---- policies ---- */
struct np_tier *tier(struct matrix *m, const char *name, double order, enum np_rank_order ranks,
                     enum np_end_action end, enum np_end_if end_if); /* of both workload stages */
struct np_tier *kubernetes_tier(struct matrix *m);                   /* NetworkPolicy */
/* Subjects in both directions; isolates: 1 << NP_INGRESS | 1 << NP_EGRESS. */
struct np_policy *policy(struct matrix *m, struct np_tier *tier, const char *name,
                         const struct np_set *subjects, unsigned isolates);
enum { INGRESS = 1 << NP_INGRESS, EGRESS = 1 << NP_EGRESS };
/* A rule with one alternative that matches everything; returns that to be filled in, m->rule is the
 * rule. */
struct np_match *rule(struct matrix *m, struct np_policy *policy, enum np_direction direction,
                      enum np_action action);

/* ---- questions ---- */
struct ask {
    const char *from, *to; /* "ns/pod" or an address */
    int protocol;          /* 0: TCP */
    uint16_t port;
    const struct netpol_request *request;
    struct netpol_point point;
    uint8_t icmp_type;
    uint64_t to_ref; /* instead of `to` */
};
int ask(struct matrix *m, struct ask question);
#define ASK(m, ...) ask((m), (struct ask){__VA_ARGS__})
struct netpol_request plain(void); /* a connection, nothing known of it */
struct netpol_request http(const char *method, const char *path);
struct netpol_request
as(const struct netpol_string *principal); /* from this principal; NULL: plaintext */
struct netpol_string str(const char *s);
#endif
