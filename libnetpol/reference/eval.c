/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the public tuple to hops: canonicalise (lowering 2.1), resolve the ends, evaluate.
 *
 * An address may have several owners; each pair of owners is a hop of its own, and the most
 * restrictive answer stands (or, by option, UNKNOWN where they differ). A reference that is not of
 * this model may be an endpoint that came after the compile: UNKNOWN, never the outside world.
 */
#include "reference/internal.h"

enum {
    ICMP = 1,
    TCP = 6,
    UDP = 17,
    DCCP = 33,
    ICMPV6 = 58,
    SCTP = 132,
    UDPLITE = 136,
    SMALL_ROOM = 64
};

struct question {
    const struct np_model *model;
    const struct netpol_tuple *tuple;
    const struct netpol_request *request;
    const struct np_end_names *names; /* of source and destination; NULL: nothing learnt */
    bool pending;                     /* the second walk alone */
    uint8_t family;
    struct np_address src, dst;
    uint64_t src_ref, dst_ref;
};

static struct np_address address_of(const uint8_t bytes[16], uint8_t family)
{
    struct np_address address = {.family = family};
    memcpy(address.bytes, bytes, sizeof address.bytes);
    return address;
}

/* IPv4 stands in the first four bytes. Anything after it (a mapped address, say) is a mistake, and
 * read as 0.0.0.0 it would be outside. */
static bool has_tail(const uint8_t bytes[16])
{
    static const uint8_t none[12] = {0};
    return memcmp(bytes + 4, none, sizeof none) != 0;
}

/* One address of the question; false: it cannot be. Mapped addresses are folded, or bogus. */
static bool take_address(const struct question *q, const uint8_t bytes[16], uint8_t family,
                         struct np_address *out)
{
    enum { FOLD, REFUSE }; /* the order of option mapped_v6 */
    *out = address_of(bytes, family);
    if ((family != NP_IPV4 && family != NP_IPV6) || (family == NP_IPV4 && has_tail(bytes))) {
        return false;
    }
    if (np_address_is_mapped(out)) {
        *out = np_address_fold(out);
        return q->model->options.mapped_v6 == FOLD;
    }
    return true;
}

static bool is_zero(const uint8_t bytes[16])
{
    static const uint8_t none[16] = {0};
    return memcmp(bytes, none, sizeof none) == 0;
}

/* With a reference, an address of zeros is one that was not given. */
static bool take_end(struct question *q, const uint8_t bytes[16], bool is_ref, bool no_address,
                     uint64_t given, struct np_address *address, uint64_t *ref)
{
    *address = (struct np_address){0};
    *ref = is_ref ? given : 0;
    return no_address || (is_ref && (q->tuple->family == 0 || is_zero(bytes))) ||
           take_address(q, bytes, q->tuple->family, address);
}

/* A flag that this version does not know may forbid what it would allow. */
static bool is_understood(const struct netpol_tuple *tuple)
{
    enum {
        KNOWN = NETPOL_TUPLE_LATER_FRAGMENT | NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_SRC_REF |
                NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_SRC_NO_ADDRESS | NETPOL_TUPLE_DST_NO_ADDRESS
    };
    return (tuple->flags & ~(unsigned)KNOWN) == 0 && tuple->reserved == 0;
}

/* Families must agree; what is left is the family of the hop (0: neither end has an address). */
static bool take_ends(struct question *q)
{
    const struct netpol_tuple *t = q->tuple;
    bool src_ref = t->flags & NETPOL_TUPLE_SRC_REF;
    bool dst_ref = t->flags & NETPOL_TUPLE_DST_REF;
    bool src_none = t->flags & NETPOL_TUPLE_SRC_NO_ADDRESS;
    bool dst_none = t->flags & NETPOL_TUPLE_DST_NO_ADDRESS;
    if ((src_ref && t->src_ref == 0) || (dst_ref && t->dst_ref == 0) ||
        !take_end(q, t->src, src_ref, src_none, t->src_ref, &q->src, &q->src_ref) ||
        !take_end(q, t->dst, dst_ref, dst_none, t->dst_ref, &q->dst, &q->dst_ref)) {
        return false;
    }
    uint8_t family = t->family;
    if (q->src.family || q->dst.family) {
        family = q->src.family ? q->src.family : q->dst.family;
        if (q->src.family && q->dst.family && q->src.family != q->dst.family) {
            return false;
        }
    }
    q->family = family;
    return family == 0 || family == NP_IPV4 || family == NP_IPV6;
}

static bool has_ports(uint8_t protocol)
{
    static const uint8_t protocols[] = {TCP, UDP, DCCP, SCTP, UDPLITE};
    return memchr(protocols, protocol, sizeof protocols) != NULL;
}

static void take_ports(const struct netpol_tuple *tuple, struct np_hop *hop)
{
    bool none = tuple->flags & (NETPOL_TUPLE_LATER_FRAGMENT | NETPOL_TUPLE_NO_PORTS);
    hop->protocol = tuple->protocol;
    if (tuple->protocol == ICMP || tuple->protocol == ICMPV6) {
        hop->dst_port = (uint16_t)(tuple->icmp_type << 8 | tuple->icmp_code);
        hop->has_ports = !none;
        hop->ports_unknown = (tuple->flags & NETPOL_TUPLE_NO_PORTS) != 0;
    } else if (has_ports(tuple->protocol)) {
        hop->src_port = tuple->src_port;
        hop->dst_port = tuple->dst_port;
        hop->has_ports = !none;
        hop->ports_unknown = (tuple->flags & NETPOL_TUPLE_NO_PORTS) != 0;
    }
    if (tuple->flags & NETPOL_TUPLE_LATER_FRAGMENT) {
        hop->ports_unknown = false; /* there are none in it */
    }
}

static bool resolve(const struct question *q, uint64_t ref, const struct np_address *address,
                    uint32_t which, struct np_end *out, uint32_t *owners)
{
    return np_inventory_end(&q->model->inventory, &q->model->options, ref, address, q->family,
                            which, out, owners);
}

/* The destination before translation, where one was given. */
static void take_original(const struct question *q, struct np_hop *hop)
{
    const struct netpol_request *request = q->request;
    hop->original = hop->dst;
    hop->original_port = hop->dst_port;
    if (request && request->original_family) {
        uint32_t owners;
        struct np_address address = address_of(request->original, request->original_family);
        address = np_address_fold(&address);
        (void)resolve(q, 0, &address, 0, &hop->original, &owners);
        hop->original_port = request->original_port;
    }
}

static void give_names(struct np_end *end, const struct netpol_string *names, size_t count)
{
    end->names = names;
    end->n_names = (uint32_t)count;
    end->names_given = true;
}

/* Those of the question prevail. */
static void take_names(const struct question *q, struct np_hop *hop)
{
    const struct netpol_request *request = q->request;
    struct np_end *ends[2] = {&hop->src, &hop->dst};
    for (int i = 0; q->names && i < 2; i++) {
        if (q->names[i].given) {
            give_names(ends[i], q->names[i].items, q->names[i].count);
        }
    }
    if (request && request->src_names_given) {
        give_names(&hop->src, request->src_names, request->n_src_names);
    }
    if (request && request->dst_names_given) {
        give_names(&hop->dst, request->dst_names, request->n_dst_names);
    }
}

/* One pair of owners as a hop; false: a reference is not of this model. */
static bool make_hop(const struct question *q, uint32_t which_src, uint32_t which_dst,
                     struct np_hop *hop, uint32_t *src_owners, uint32_t *dst_owners)
{
    *hop = (struct np_hop){.family = q->family, .request = q->request};
    take_ports(q->tuple, hop);
    if (!resolve(q, q->src_ref, &q->src, which_src, &hop->src, src_owners) ||
        !resolve(q, q->dst_ref, &q->dst, which_dst, &hop->dst, dst_owners)) {
        return false;
    }
    if (hop->family == 0) { /* known when one of the two has an address after all */
        hop->family = hop->src.address.family ? hop->src.address.family : hop->dst.address.family;
    }
    take_names(q, hop);
    take_original(q, hop);
    return true;
}

/* ---- several owners of one address ---- */

static void mark_shared(struct netpol_part *part)
{
    if (part->flags & NETPOL_PART_JUDGED) {
        part->flags |= NETPOL_PART_SHARED_ADDRESS;
    }
}

static void merge_owner(const struct np_model *model, const struct netpol_verdict *one,
                        struct netpol_verdict *out)
{
    enum { RESTRICTIVE, UNKNOWN }; /* the order of option shared_address */
    if (model->options.shared_address == UNKNOWN && one->action != out->action) {
        uint32_t missing = out->missing | one->missing | NETPOL_MISSING_SHARED_ADDRESS;
        np_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, missing);
    } else if (one->action > out->action) {
        *out = *one;
    }
}

static void judge_owners(const struct question *q, const struct netpol_point *point,
                         const struct np_trace *trace, struct np_effects *room,
                         struct netpol_verdict *out)
{
    uint32_t src_owners = 1;
    uint32_t dst_owners = 1;
    for (uint32_t i = 0; i < src_owners; i++) {
        for (uint32_t j = 0; j < dst_owners; j++) {
            struct np_hop hop;
            struct netpol_verdict one;
            if (!make_hop(q, i, j, &hop, &src_owners, &dst_owners)) {
                np_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_STALE, NETPOL_MISSING_SIGNATURE);
                return;
            }
            hop.effects = room;
            (q->pending ? np_reference_pending : np_reference_hop)(q->model, &hop, point, trace,
                                                                   &one);
            if (i == 0 && j == 0) {
                *out = one;
            } else {
                merge_owner(q->model, &one, out);
            }
        }
    }
    if (src_owners > 1 || dst_owners > 1) {
        mark_shared(&out->egress);
        mark_shared(&out->ingress);
        mark_shared(&out->mesh);
    }
}

uint32_t np_reference_room(const struct np_model *model)
{
    return model->n_effects * (model->n_checkpoints ? model->n_checkpoints : 1);
}

static void judge(struct question *q, const struct netpol_point *point,
                  const struct np_trace *trace, struct np_effects *room, struct netpol_verdict *out)
{
    if (!is_understood(q->tuple) || !take_ends(q)) {
        np_refuse(out, NETPOL_DENY, NETPOL_REASON_INVALID, 0);
        return;
    }
    judge_owners(q, point, trace, room, out);
}

void np_reference_eval_in(const struct np_model *model, const struct netpol_tuple *tuple,
                          const struct netpol_request *request, const struct np_end_names names[2],
                          const struct netpol_point *point, const struct np_trace *trace,
                          struct np_effects *room, struct netpol_verdict *out)
{
    struct question q = {.model = model, .tuple = tuple, .request = request, .names = names};
    judge(&q, point, trace, room, out);
}

void np_reference_eval_named(const struct np_model *model, const struct netpol_tuple *tuple,
                             const struct netpol_request *request,
                             const struct np_end_names names[2], const struct netpol_point *point,
                             const struct np_trace *trace, struct netpol_verdict *out)
{
    struct np_applied items[SMALL_ROOM];
    struct np_effects room = {.items = items, .capacity = SMALL_ROOM};
    np_reference_eval_in(model, tuple, request, names, point, trace, &room, out);
}

void np_reference_eval(const struct np_model *model, const struct netpol_tuple *tuple,
                       const struct netpol_request *request, const struct netpol_point *point,
                       const struct np_trace *trace, struct netpol_verdict *out)
{
    np_reference_eval_named(model, tuple, request, NULL, point, trace, out);
}

void np_reference_eval_pending(const struct np_model *model, const struct netpol_tuple *tuple,
                               const struct netpol_request *request,
                               const struct np_end_names names[2], const struct netpol_point *point,
                               const struct np_trace *trace, struct netpol_verdict *out)
{
    struct np_applied items[SMALL_ROOM];
    struct np_effects room = {.items = items, .capacity = SMALL_ROOM};
    struct question q = {
        .model = model, .tuple = tuple, .request = request, .names = names, .pending = true};
    judge(&q, point, trace, &room, out);
}
