/* SPDX-License-Identifier: Apache-2.0 */
/* Building conditions into a model. */
#include "differential/generator_internal.h"

static const char *const hosts[] = {"a.example", "b.example", ".example", "c"};

/* ---- one end ---- */

static const struct np_selector *build_term(struct builder *x, const struct gen_term *t)
{
    static const struct {
        uint8_t scope;
        const char *key, *value; /* of the value: what stands before the number */
    } keys[] = {
        [GEN_KEY_SPACE] = {NP_SCOPE_FIELD,           "namespace", "ns" },
        [GEN_KEY_SPACE_LABEL] = {NP_SCOPE_NAMESPACE,       "team",      "v"  },
        [GEN_KEY_ACCOUNT_LABEL] = {NP_SCOPE_SERVICE_ACCOUNT, "role",      "v"  },
        [GEN_KEY_NAME] = {NP_SCOPE_FIELD,           "name",      "pod"},
    };
    static const char *const parts[] = {"v", "0"}; /* of values, for PREFIX and the like */
    bool label = t->key < GEN_KEYS;
    np_str key = label ? gen_keyed(x, "k", t->key) : np_build_text(x->b, keys[t->key].key);
    np_str value = gen_keyed(x, label ? "v" : keys[t->key].value, t->value);
    bool has_values = t->op != NP_OP_EXISTS && t->op != NP_OP_ABSENT;
    if (t->op == NP_OP_PREFIX || t->op == NP_OP_SUFFIX || t->op == NP_OP_CONTAINS) {
        value = np_build_text(x->b, parts[t->value]);
    }
    return np_build_term(x->b, label ? NP_SCOPE_OBJECT : keys[t->key].scope, key, t->op, &value,
                         has_values);
}

static const struct np_selector *build_selector(struct builder *x, const struct gen_literal *l)
{
    static const uint8_t ops[] = {[GEN_TERM] = NP_SELECT_TERM,
                                  [GEN_BOTH] = NP_SELECT_ALL,
                                  [GEN_EITHER] = NP_SELECT_ANY,
                                  [GEN_NOT] = NP_SELECT_NOT,
                                  [GEN_EVERYTHING] = NP_SELECT_ALL};
    static const uint8_t kids[] = {
        [GEN_BOTH] = 2, [GEN_EITHER] = 2, [GEN_NOT] = 1, [GEN_EVERYTHING] = 0};
    if (l->shape == GEN_TERM) {
        return build_term(x, &l->terms[0]);
    }
    const struct np_selector *terms[] = {build_term(x, &l->terms[0]), build_term(x, &l->terms[1])};
    return np_build_select(x->b, ops[l->shape], terms, kids[l->shape]);
}

/* An IPv6 prefix drawn with no bits is all of IPv6, not only the twins. */
static struct np_prefix prefix_of(struct builder *x, const struct gen_literal *l, unsigned bits)
{
    if (l->six && bits == 0) {
        return (struct np_prefix){.address = {.family = NP_IPV6}};
    }
    return gen_prefix(gen_pool[l->address], bits, x->tweak->six || l->six);
}

static const struct np_literal *build_fed(struct builder *x, const struct gen_literal *l)
{
    const struct np_prefix prefixes[] = {prefix_of(x, l, l->bits ? l->bits : 8),
                                         gen_prefix(gen_pool[l->number], 31, x->tweak->six)};
    struct np_literal fed = {.kind = NP_LIT_FED_SET,
                             .domain = l->domain,
                             .name = gen_keyed(x, "fed", l->name),
                             .prefixes = prefixes,
                             .n_prefixes = l->name < 3 ? l->name : 2u};
    return np_build_literal(x->b, &fed);
}

static const struct np_literal *build_names(struct builder *x, const struct gen_literal *l)
{
    struct np_pattern pattern = {.kind = l->name == 2   ? NP_PATTERN_SUFFIX
                                         : l->name == 3 ? NP_PATTERN_PRESENT
                                                        : NP_PATTERN_EXACT,
                                 .text = np_build_text(x->b, hosts[l->name])};
    struct np_literal names = {
        .kind = l->kind, .domain = l->domain, .patterns = &pattern, .n_patterns = 1};
    return np_build_literal(x->b, &names);
}

static const struct np_literal *build_literal(struct builder *x, const struct gen_literal *l)
{
    enum { WORLD_IPV4 = 9, WORLD_IPV6 = 10 };
    struct np_literal other = {.kind = l->kind, .number = l->number};
    switch (l->kind) {
    case NP_LIT_OBJECTS:
        return np_build_objects(x->b, l->kinds, build_selector(x, l));
    case NP_LIT_CIDR:
        return np_build_cidr(x->b, prefix_of(x, l, l->bits), l->domain);
    case NP_LIT_NODE_ADDRS:
        return np_build_node_addrs(x->b, build_selector(x, l), l->domain);
    case NP_LIT_FED_SET:
        return build_fed(x, l);
    case NP_LIT_DNS_NAMES:
    case NP_LIT_IDENTITY:
        return build_names(x, l);
    case NP_LIT_FACT:
        other.kind = x->tweak->resolve == 1 ? NP_LIT_NOTHING : NP_LIT_FACT;
        other.number = NP_FACT_UNREADABLE;
        break;
    case NP_LIT_RESERVED:
        if (x->tweak->six && (l->number == WORLD_IPV4 || l->number == WORLD_IPV6)) {
            other.number = l->number == WORLD_IPV4 ? WORLD_IPV6 : WORLD_IPV4;
        }
        break;
    default:
        break;
    }
    return np_build_literal(x->b, &other);
}

/* `cidr except e`: minus the longer prefix. */
static void add_except(struct builder *x, struct np_set_build *s, const struct gen_literal *l)
{
    if (l->kind == NP_LIT_CIDR && l->except_bits && !l->negative) {
        struct gen_literal e = *l;
        e.bits = l->except_bits;
        np_set_literal(s, build_literal(x, &e), true);
    }
}

/* One literal into the clause at hand: a condition that always holds is left out of it. */
static void add_literal(struct builder *x, struct np_set_build *s, const struct gen_literal *l)
{
    bool always = l->kind == NP_LIT_FACT && x->tweak->resolve == 2;
    if (always) { /* not (nothing) */
        struct np_literal nothing = {.kind = NP_LIT_NOTHING};
        np_set_literal(s, np_build_literal(x->b, &nothing), !l->negative);
        return;
    }
    np_set_literal(s, build_literal(x, l), l->negative);
    add_except(x, s, l);
}

/* A prefix as its two halves, a clause each; `except` stays with both. */
static bool split_prefix(struct builder *x, struct np_set_build *s, const struct gen_literal *l)
{
    if (!x->tweak->split || l->kind != NP_LIT_CIDR || l->negative || l->bits >= 32) {
        return false;
    }
    struct np_prefix half = prefix_of(x, l, l->bits);
    uint8_t at = half.length++;
    for (unsigned i = 0; i < 2; i++) {
        half.address.bytes[at / 8] |= (uint8_t)(i ? 0x80 >> at % 8 : 0);
        np_set_clause(s);
        np_set_literal(s, np_build_cidr(x->b, half, l->domain), false);
        add_except(x, s, l);
    }
    return true;
}

const struct np_set *gen_build_set(struct builder *x, const struct gen_set *set)
{
    if (!set->present) {
        return NULL;
    }
    struct np_set_build *s = np_build_set(x->b);
    if (set->count == 0 && set->all) {
        np_set_clause(s); /* without conditions: everybody */
    }
    for (uint8_t i = 0; i < set->count; i++) {
        if (!set->all && split_prefix(x, s, &set->items[i])) {
            continue;
        }
        if (!set->all || i == 0) {
            np_set_clause(s);
        }
        add_literal(x, s, &set->items[i]);
    }
    return np_set_done(s);
}

/* ---- ports ---- */

const struct np_service *gen_build_ports(struct builder *x, const struct gen_ports *ports)
{
    struct np_port_span spans[2 * GEN_SPANS];
    uint32_t count = 0;
    if (!ports->present) {
        return NULL;
    }
    for (uint8_t i = 0; i < ports->count; i++) {
        const struct gen_span *span = &ports->spans[i];
        struct np_port_span *first = &spans[count++];
        *first = (struct np_port_span){span->protocol, span->ports, span->no_port, span->first,
                                       span->last};
        if (x->tweak->split && span->first < span->last) {
            first->last = (uint16_t)((span->first + span->last) / 2);
            spans[count++] = (struct np_port_span){span->protocol, span->ports, false,
                                                   (uint16_t)(first->last + 1), span->last};
        }
    }
    return np_build_service(x->b, spans, count, ports->complement);
}

const struct np_portset *gen_build_names(struct builder *x, const struct gen_names *names)
{
    static const char *const texts[] = {"web", "dns"};
    struct np_port_member members[GEN_MEMBERS];
    if (!names->present) {
        return NULL;
    }
    for (uint8_t i = 0; i < names->count; i++) {
        const struct gen_member *m = &names->members[i];
        members[i] = (struct np_port_member){
            .protocol = m->protocol, .port = m->port, .excluded = m->excluded};
        if (m->kind == GEN_BY_NAME) {
            members[i].name = np_build_text(x->b, texts[m->name]);
        } else if (m->kind == GEN_BY_ENDPOINT) {
            members[i].endpoint = m->end < GEN_ENDPOINTS ? m->end + 1u : GEN_REF_HOST;
        } else {
            members[i].address = gen_address(gen_pool[m->end], x->tweak->six || m->six);
        }
    }
    const struct np_portset portset = {.complement = names->complement,
                                       .members = members,
                                       .count = names->count,
                                       .within = gen_build_ports(x, &names->within)};
    return np_build_portset_of(x->b, &portset);
}

/* ---- the request ---- */

static const struct np_expr *build_atom(struct builder *x, const struct gen_atom *a)
{
    static const char *const values[][2] = {
        {"0",         "1"        },
        {"GET",       "POST"     },
        {"/a",        "/b"       },
        {"a.example", "b.example"}
    };
    bool path = a->view == NP_VIEW_PATH_ISTIO || a->view == NP_VIEW_PATH_CALICO ||
                a->view == NP_VIEW_PATH_RAW;
    unsigned row = a->view == NP_VIEW_METHOD                                     ? 1
                   : path                                                        ? 2
                   : a->view == NP_VIEW_HEADER || a->view == NP_VIEW_KAFKA_TOPIC ? 0
                                                                                 : 3;
    struct np_expr expr = {.op = NP_EXPR_ATOM,
                           .view = a->view,
                           .absent = a->absent,
                           .name = np_build_text(x->b, "X-A")};
    expr.pattern.kind = a->view == NP_VIEW_MTLS ? NP_PATTERN_PRESENT
                        : path && a->under      ? NP_PATTERN_UNDER
                                                : NP_PATTERN_EXACT;
    expr.pattern.text = np_build_text(x->b, values[row][a->value]);
    const struct np_expr *atom = np_build_expr(x->b, &expr);
    const struct np_expr *kids[] = {atom};
    struct np_expr negated = {.op = NP_EXPR_NOT, .kids = kids, .count = 1};
    return a->negative ? np_build_expr(x->b, &negated) : atom;
}

const struct np_expr *gen_build_expr(struct builder *x, const struct gen_expr *expr)
{
    const struct np_expr *kids[2];
    if (expr->count == 0) {
        return NULL;
    }
    for (uint8_t i = 0; i < expr->count; i++) {
        kids[i] = build_atom(x, &expr->atoms[i]);
    }
    struct np_expr joined = {
        .op = expr->all ? NP_EXPR_ALL : NP_EXPR_ANY, .kids = kids, .count = expr->count};
    return np_build_expr(x->b, &joined);
}
