/* SPDX-License-Identifier: Apache-2.0 */
/* Short builders and questions, of the model matrix and of the unit tests of the reference. */
#include "matrix/matrix.h"

#include <stdio.h>
#include <stdlib.h>

static void *need(void *ptr)
{
    if (!ptr) {
        fprintf(stderr, "matrix: out of memory\n");
        exit(1);
    }
    return ptr;
}

void matrix_fail(struct matrix *m, const char *file, int line, const char *what, int got, int want)
{
    m->failed = true;
    printf("case %d%s: %s:%d: %s is %d, want %d\n", m->number, m->naive ? " (naive)" : "", file,
           line, what, got, want);
}

void drop(struct matrix *m)
{
    np_model_destroy(m->model);
    np_build_destroy(m->b);
    m->model = NULL;
    m->b = NULL;
}

void begin(struct matrix *m, bool naive)
{
    drop(m);
    m->naive = naive;
    m->b = need(np_build_create(m->ctx));
}

void seal(struct matrix *m)
{
    if (np_build_seal(m->b, &m->model) != NETPOL_OK) {
        need(NULL);
    }
}

/* ---- facts ---- */

np_str text(struct matrix *m, const char *s)
{
    return np_build_text(m->b, s);
}

static struct np_labels label_list(struct matrix *m, const char *terms)
{
    struct np_label items[8];
    uint32_t count = 0;
    while (terms && *terms && count < 8) {
        size_t key = strcspn(terms, "=");
        size_t whole = strcspn(terms, ",");
        items[count].key = np_build_str(m->b, (struct np_slice){terms, key});
        items[count++].value =
            np_build_str(m->b, (struct np_slice){terms + key + 1, whole - key - 1});
        terms += whole + (terms[whole] == ',');
    }
    return np_build_labels(m->b, items, count);
}

struct np_prefix prefix(const char *s)
{
    struct np_prefix out = {0};
    struct np_address address;
    if (strchr(s, '/')) {
        (void)np_prefix_parse(np_slice_of(s), &out, NULL);
    } else if (np_address_parse(np_slice_of(s), &address, NULL) == NP_PREFIX_OK) {
        out = np_prefix_of(&address);
    }
    return out;
}

static void give_address(struct matrix *m, struct np_endpoint *endpoint, const char *address)
{
    if (address) {
        struct np_prefix one = prefix(address);
        endpoint->prefixes = np_build_prefixes(m->b, &one, 1);
        endpoint->n_prefixes = 1;
    }
}

struct np_endpoint *pod(struct matrix *m, const char *space, const char *name, const char *labels,
                        const char *address, const char *node)
{
    (void)np_build_namespace(m->b, text(m, space));
    struct np_endpoint *endpoint = need(np_build_endpoint(m->b, text(m, space), text(m, name)));
    endpoint->labels = label_list(m, labels);
    endpoint->node_name = text(m, node);
    give_address(m, endpoint, address);
    return endpoint;
}

struct np_endpoint *thing(struct matrix *m, enum np_object_kind kind, const char *name,
                          const char *labels, const char *prefix)
{
    struct np_endpoint *endpoint = need(np_build_endpoint(m->b, NULL, text(m, name)));
    endpoint->kind = (uint16_t)kind;
    endpoint->labels = label_list(m, labels);
    give_address(m, endpoint, prefix);
    return endpoint;
}

void named_port(struct matrix *m, struct np_endpoint *endpoint, const char *name, uint16_t port)
{
    struct np_named_port *ports = need(np_arena_alloc(np_build_arena(m->b), sizeof *ports));
    *ports = (struct np_named_port){.name = text(m, name), .protocol = TCP, .port = port};
    endpoint->ports = ports;
    endpoint->n_ports = 1;
}

void node(struct matrix *m, const char *name, const char *address)
{
    struct np_node_info *node = need(np_build_node(m->b, text(m, name)));
    struct np_prefix one = prefix(address);
    node->addresses = np_build_prefixes(m->b, &one, 1);
    node->n_addresses = 1;
}

/* ---- conditions ---- */

const struct np_selector *term(struct matrix *m, const char *key, enum np_term_op op,
                               const char *value)
{
    np_str values[1] = {text(m, value)};
    return np_build_term(m->b, NP_SCOPE_OBJECT, text(m, key), op, values, value ? 1 : 0);
}

const struct np_selector *both(struct matrix *m, const struct np_selector *a,
                               const struct np_selector *b)
{
    const struct np_selector *kids[] = {a, b};
    return np_build_select(m->b, NP_SELECT_ALL, kids, 2);
}

const struct np_selector *labels(struct matrix *m, const char *terms)
{
    const struct np_selector *kids[8];
    uint32_t count = 0;
    if (strncmp(terms, "ns:", 3) == 0) {
        return np_build_equals(m->b, NP_SCOPE_FIELD, "namespace", terms + 3);
    }
    struct np_labels list = label_list(m, terms);
    for (; count < list.count && count < 8; count++) {
        kids[count] = term(m, list.items[count].key->text, NP_OP_IN, list.items[count].value->text);
    }
    return np_build_select(m->b, NP_SELECT_ALL, kids, count);
}

const struct np_literal *objects(struct matrix *m, uint16_t kinds,
                                 const struct np_selector *selector)
{
    return np_build_objects(m->b, kinds, selector);
}

const struct np_set *only(struct matrix *m, const struct np_literal *literal)
{
    return np_build_set_of(m->b, literal);
}

const struct np_set *pods(struct matrix *m, const char *terms)
{
    return only(m, objects(m, NP_OBJ_WORKLOAD, labels(m, terms)));
}

const struct np_set *except(struct matrix *m, const struct np_literal *literal)
{
    struct np_set_build *s = np_build_set(m->b);
    np_set_literal(s, literal, true);
    return np_set_done(s);
}

const struct np_set *minus(struct matrix *m, const struct np_literal *a, const struct np_literal *b)
{
    struct np_set_build *s = np_build_set(m->b);
    np_set_literal(s, a, false);
    np_set_literal(s, b, true);
    return np_set_done(s);
}

const struct np_literal *cidr(struct matrix *m, const char *s, uint8_t domain)
{
    return np_build_cidr(m->b, prefix(s), domain);
}

const struct np_literal *names(struct matrix *m, const char *pattern)
{
    struct np_pattern p = {.kind = NP_PATTERN_DNS, .text = text(m, pattern)};
    return np_build_names(m->b, &p, 1, NP_DOMAIN_ALL);
}

const struct np_literal *principal(struct matrix *m, enum np_pattern_kind kind, const char *pattern)
{
    struct np_pattern p = {.kind = (uint8_t)kind, .text = text(m, pattern)};
    struct np_literal literal = {.kind = NP_LIT_IDENTITY, .patterns = &p, .n_patterns = 1};
    return np_build_literal(m->b, &literal);
}

const struct np_service *port(struct matrix *m, int protocol, uint16_t number)
{
    struct np_port_span span = {
        .protocol = (int16_t)protocol, .ports = true, .first = number, .last = number};
    return np_build_service(m->b, &span, 1, false);
}

const struct np_portset *port_name(struct matrix *m, const char *name)
{
    struct np_port_member member = {.name = text(m, name), .protocol = TCP};
    return np_build_portset(m->b, &member, 1, false);
}

static const struct np_expr *make_atom(struct matrix *m, enum np_view view, const char *name,
                                       const char *value)
{
    struct np_expr expr = {.op = NP_EXPR_ATOM, .view = (uint8_t)view, .name = text(m, name)};
    expr.pattern.kind = value ? NP_PATTERN_EXACT : NP_PATTERN_PRESENT;
    expr.pattern.text = text(m, value);
    return np_build_expr(m->b, &expr);
}

const struct np_expr *atom(struct matrix *m, enum np_view view, const char *value)
{
    return make_atom(m, view, NULL, value);
}

const struct np_expr *header(struct matrix *m, const char *name, const char *value)
{
    return make_atom(m, NP_VIEW_HEADER, name, value);
}

static const struct np_expr *join(struct matrix *m, enum np_expr_op op, const struct np_expr *a,
                                  const struct np_expr *b)
{
    const struct np_expr *kids[] = {a, b};
    struct np_expr expr = {.op = (uint8_t)op, .kids = kids, .count = b ? 2 : 1};
    return np_build_expr(m->b, &expr);
}

const struct np_expr *all(struct matrix *m, const struct np_expr *a, const struct np_expr *b)
{
    return join(m, NP_EXPR_ALL, a, b);
}

const struct np_expr *any(struct matrix *m, const struct np_expr *a, const struct np_expr *b)
{
    return join(m, NP_EXPR_ANY, a, b);
}

const struct np_expr * not(struct matrix * m, const struct np_expr *a)
{
    return join(m, NP_EXPR_NOT, a, NULL);
}

/* ---- policies ---- */

struct np_tier *tier(struct matrix *m, const char *name, double order, enum np_rank_order ranks,
                     enum np_end_action end, enum np_end_if end_if)
{
    struct np_tier *t = need(np_build_tier(m->b, name, order, ranks));
    t->end[NP_INGRESS] = t->end[NP_EGRESS] = (uint8_t)end;
    t->end_if = (uint8_t)end_if;
    np_build_add_tier(m->b, np_build_workload_stage(m->b, NP_INGRESS), t);
    np_build_add_tier(m->b, np_build_workload_stage(m->b, NP_EGRESS), t);
    return t;
}

struct np_tier *kubernetes_tier(struct matrix *m)
{
    return tier(m, "NetworkPolicy", 200, NP_BY_VERDICT, NP_END_DENY, NP_TIER_ISOLATED);
}

struct np_policy *policy(struct matrix *m, struct np_tier *t, const char *name,
                         const struct np_set *subjects, unsigned isolates)
{
    struct np_policy *p = need(np_build_policy(m->b, t, "Policy", text(m, "ns"), text(m, name)));
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->subjects[d] = subjects;
        p->isolates[d] = isolates >> d & 1;
    }
    p->origin.object = np_build_format(m->b, "Policy/ns/%s", name);
    return p;
}

struct np_match *rule(struct matrix *m, struct np_policy *p, enum np_direction direction,
                      enum np_action action)
{
    m->rule = need(np_build_rule(m->b, p, direction, action));
    return need(np_build_alt(m->b, m->rule));
}

/* ---- questions ---- */

struct netpol_string str(const char *s)
{
    return (struct netpol_string){s, s ? strlen(s) : 0};
}

struct netpol_request plain(void)
{
    struct netpol_request request = NETPOL_REQUEST_INIT;
    return request;
}

struct netpol_request http(const char *method, const char *path)
{
    struct netpol_request request = plain();
    request.kind = NETPOL_REQUEST_HTTP;
    request.method = str(method);
    request.path = str(path);
    request.authority = str("example");
    return request;
}

struct netpol_request as(const struct netpol_string *principal)
{
    struct netpol_request request = plain();
    request.principals_presence = principal ? NETPOL_PRESENT : NETPOL_ABSENT;
    request.principals = principal;
    request.n_principals = principal ? 1 : 0;
    return request;
}

static void name_end(const struct matrix *m, const char *who, uint64_t ref, uint8_t bytes[16],
                     uint64_t *out_ref, struct netpol_tuple *tuple, unsigned flags)
{
    const char *slash = who ? strchr(who, '/') : NULL;
    struct np_address address = {0};
    if (slash) {
        const struct np_endpoint *endpoint =
            np_inventory_pod(&m->model->inventory, (struct np_slice){who, (size_t)(slash - who)},
                             np_slice_of(slash + 1));
        ref = endpoint ? endpoint->ref : 0;
    } else if (who) {
        (void)np_address_parse(np_slice_of(who), &address, NULL);
    }
    if (address.family) {
        memcpy(bytes, address.bytes, 16);
        tuple->family = address.family;
    } else {
        *out_ref = ref;
        tuple->flags |= (uint16_t)flags;
    }
}

int ask(struct matrix *m, struct ask q)
{
    struct netpol_tuple tuple = {.protocol = (uint8_t)(q.protocol ? q.protocol : TCP),
                                 .dst_port = q.port,
                                 .src_port = 40000,
                                 .icmp_type = q.icmp_type};
    name_end(m, q.from, 0, tuple.src, &tuple.src_ref, &tuple,
             NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS);
    name_end(m, q.to, q.to_ref, tuple.dst, &tuple.dst_ref, &tuple,
             NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS);
    np_reference_eval(m->model, &tuple, q.request, &q.point, NULL, &m->verdict);
    return m->verdict.action;
}
