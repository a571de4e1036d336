/* SPDX-License-Identifier: Apache-2.0 */
/* Answering: every pair of candidates is a path of one hop; the answer is what all of them say. */
#include "analyze/question.h"
#include "match/named.h"
#include <stdio.h>

struct answering {
    const struct netpol_question *question;
    struct netpol_matcher *matcher;
    const struct np_table *table; /* for names that were learnt */
    struct netpol_answer *answer;
    struct netpol_diags *diags;
};

/* ---- tuples ---- */

/* The endpoint's first address of a family (0: of any); family 0 in the result: it has none. */
static struct np_address address_of(const struct np_candidate *c, uint8_t family)
{
    if (c->address.family) {
        return c->address;
    }
    for (uint32_t i = 0; c->endpoint && i < c->endpoint->n_prefixes; i++) {
        const struct np_address *address = &c->endpoint->prefixes[i].address;
        if (family == 0 || address->family == family) {
            return *address;
        }
    }
    return (struct np_address){0};
}

static bool both_have(const struct np_candidate *src, const struct np_candidate *dst,
                      uint8_t family)
{
    return address_of(src, family).family == family && address_of(dst, family).family == family;
}

/* ICMP and ICMPv6 are each of one family. 0: the protocol does not say. */
static uint8_t family_of_protocol(int protocol)
{
    return protocol == 58 ? NP_IPV6 : protocol == 1 ? NP_IPV4 : 0;
}

/*
 * The family of the hop: that of the protocol; of the end that has only one; of two pods the first
 * of the destination's that the source has too. 0: neither end has an address; -1: they have none
 * in common.
 */
static int family_of(const struct np_candidate *src, const struct np_candidate *dst, int protocol)
{
    uint8_t said = family_of_protocol(protocol);
    if (said && both_have(src, dst, said)) {
        return said;
    }
    uint8_t wanted = address_of(dst, 0).family;
    if (wanted == 0) {
        return address_of(src, 0).family;
    }
    if (address_of(src, 0).family == 0 || address_of(src, wanted).family == wanted) {
        return wanted;
    }
    uint8_t other = wanted == NP_IPV4 ? NP_IPV6 : NP_IPV4;
    return both_have(src, dst, other) ? other : -1;
}

static void set_ports(const struct netpol_question *q, const struct np_candidate *dst,
                      struct netpol_tuple *tuple)
{
    bool icmp = tuple->protocol == 1 || tuple->protocol == 58;
    if (q->fragment) {
        tuple->flags |= NETPOL_TUPLE_LATER_FRAGMENT;
    }
    if (icmp && q->icmp_type >= 0) {
        tuple->icmp_type = (uint8_t)q->icmp_type;
        tuple->icmp_code = (uint8_t)q->icmp_code;
    } else if (dst->port >= 0) {
        tuple->dst_port = (uint16_t)dst->port;
    } else {
        tuple->flags |= NETPOL_TUPLE_NO_PORTS;
    }
    if (q->src_port >= 0) {
        tuple->src_port = (uint16_t)q->src_port;
    }
}

static void set_end(const struct np_candidate *c, uint8_t family, bool source,
                    struct netpol_tuple *tuple)
{
    struct np_address address = address_of(c, family);
    bool known = address.family != 0 && address.family == family;
    if (c->endpoint) {
        *(source ? &tuple->src_ref : &tuple->dst_ref) = c->endpoint->ref;
        tuple->flags |= source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
    }
    if (!known) {
        tuple->flags |= source ? NETPOL_TUPLE_SRC_NO_ADDRESS : NETPOL_TUPLE_DST_NO_ADDRESS;
        return;
    }
    memcpy(source ? tuple->src : tuple->dst, address.bytes, sizeof address.bytes);
}

static bool make_tuple(const struct netpol_question *q, const struct np_candidate *src,
                       const struct np_candidate *dst, struct netpol_tuple *tuple)
{
    int family = family_of(src, dst, q->protocol);
    if (family < 0) {
        return false;
    }
    uint8_t icmp = family == NP_IPV6 ? 58 : 1;
    *tuple = (struct netpol_tuple){.family = (uint8_t)family};
    tuple->protocol = q->protocol >= 0 ? (uint8_t)q->protocol : q->icmp_type >= 0 ? icmp : 6;
    set_end(src, (uint8_t)family, true, tuple);
    set_end(dst, (uint8_t)family, false, tuple);
    set_ports(q, dst, tuple);
    return true;
}

/* ---- requests ---- */

/* What is said of the connection, and what follows from who its ends are. */
static struct netpol_request make_request(const struct netpol_question *q,
                                          const struct np_candidate *src,
                                          const struct np_candidate *dst,
                                          const struct np_candidates *dsts, uint8_t family,
                                          struct netpol_string scratch[2])
{
    struct netpol_request request = q->request;
    if (q->principal_auto && src->endpoint && src->endpoint->principal) {
        np_str principal = src->endpoint->principal;
        scratch[0] = (struct netpol_string){principal->text, principal->len};
        request.principals_presence = NETPOL_PRESENT;
        request.principals = &scratch[0];
        request.n_principals = 1;
    } else if (q->principal_auto) {
        request.principals_presence = NETPOL_NOT_ASKED;
    }
    if (dst->name.ptr && !request.dst_names_given) {
        scratch[1] = (struct netpol_string){dst->name.ptr, dst->name.len};
        request.dst_names = &scratch[1];
        request.n_dst_names = 1;
        request.dst_names_given = 1;
    }
    for (uint32_t i = 0; dsts->service && i < dsts->service->n_addresses; i++) {
        const struct np_address *address = &dsts->service->addresses[i].address;
        if (address->family == family && !request.original_family) {
            request.original_family = family;
            memcpy(request.original, address->bytes, sizeof address->bytes);
            request.original_port = (uint16_t)q->port;
        }
    }
    return request;
}

/* What was learnt of the ends at run time; what the question says of them prevails. */
static void add_learnt(const struct answering *a, const struct netpol_tuple *tuple,
                       struct netpol_request *request)
{
    const struct np_named *named[2];
    np_match_named(&a->matcher->hot, a->table, tuple, named);
    if (named[0] && !request->src_names_given) {
        request->src_names = named[0]->names;
        request->n_src_names = named[0]->n_names;
        request->src_names_given = 1;
    }
    if (named[1] && !request->dst_names_given) {
        request->dst_names = named[1]->names;
        request->n_dst_names = named[1]->n_names;
        request->dst_names_given = 1;
    }
}

/* ---- paths ---- */

static int judge_path(struct answering *a, struct np_path *path, const struct netpol_point *point,
                      const struct netpol_request *request)
{
    const struct np_model *model = np_whole_of(a->matcher)->model;
    const struct netpol_tuple *tuple = &path->tuple;
    int status = NETPOL_OK;
    np_reference_eval(model, tuple, request, point, NULL, &path->verdict);
    path->verdict.generation = a->matcher->generation;
    if (a->answer->parts & NETPOL_ANSWER_STAGED) {
        np_reference_eval_pending(model, tuple, request, NULL, point, NULL, &path->pending);
        path->pending.generation = a->matcher->generation;
    }
    if (a->answer->parts & NETPOL_ANSWER_EXPLAIN) {
        status = np_explain(a->matcher, point, tuple, request, NULL, &path->explanation);
    }
    if (status == NETPOL_OK && a->answer->parts & NETPOL_ANSWER_FLOW) {
        status =
            np_flow(a->matcher->ctx, model, a->matcher, point, tuple, request, NULL, &path->flow);
    }
    if (status == NETPOL_OK && a->answer->parts & NETPOL_ANSWER_HUBBLE) {
        status = np_hubble(a->matcher, point, tuple, request, &path->hubble);
    }
    return status;
}

static int answer_path(struct answering *a, const struct np_candidate *src, struct np_candidate dst,
                       const struct np_candidates *dsts)
{
    const struct netpol_question *q = a->question;
    struct np_path *path = &a->answer->paths[a->answer->n_paths];
    /* A workload to itself is one of its pods to another one, when it has several. */
    if (src->endpoint && src->endpoint == dst.endpoint && src->by_workload && dst.by_workload) {
        const struct np_endpoint *sibling =
            np_inventory_sibling(&np_whole_of(a->matcher)->model->inventory, dst.endpoint);
        dst.endpoint = sibling ? sibling : dst.endpoint;
    }
    if (!make_tuple(q, src, &dst, &path->tuple)) {
        np_question_complain(q, a->diags, NP_CODE_5009, NULL, &q->dst, "dst",
                             "%s and %s have no address family in common", src->text, dst.text);
        return NETPOL_ERR_INPUT;
    }
    struct netpol_string scratch[2];
    struct netpol_request request = make_request(q, src, &dst, dsts, path->tuple.family, scratch);
    add_learnt(a, &path->tuple, &request);
    const struct netpol_point *point = q->has_point ? &q->point : NULL;
    path->src = np_arena_text(&a->answer->arena, np_slice_of(src->text));
    path->dst = np_arena_text(&a->answer->arena, np_slice_of(dst.text));
    if (!path->src || !path->dst) {
        return NETPOL_ERR_MEMORY;
    }
    a->answer->n_paths++;
    return judge_path(a, path, point, &request);
}

static int answer_paths(struct answering *a, const struct np_candidates *srcs,
                        const struct np_candidates *dsts)
{
    size_t count = (size_t)srcs->count * dsts->count;
    a->answer->paths = np_arena_array(&a->answer->arena, count, sizeof *a->answer->paths);
    if (!a->answer->paths) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int status =
            answer_path(a, &srcs->items[i / dsts->count], dsts->items[i % dsts->count], dsts);
        if (status != NETPOL_OK) {
            return status;
        }
    }
    return NETPOL_OK;
}

/* ---- what they say together ---- */

const struct netpol_part *np_verdict_part(const struct netpol_verdict *verdict)
{
    /* An allow is told by its ingress part: that is the policy which opened the door. */
    if (verdict->action == NETPOL_ALLOW && verdict->plane != NETPOL_PLANE_MESH &&
        (verdict->ingress.flags & NETPOL_PART_JUDGED)) {
        return &verdict->ingress;
    }
    if (verdict->plane == NETPOL_PLANE_MESH) {
        return &verdict->mesh;
    }
    return verdict->side == NETPOL_SIDE_EGRESS ? &verdict->egress : &verdict->ingress;
}

static int combine(struct netpol_answer *answer, bool pending, struct np_said *out)
{
    struct netpol_verdict *verdicts =
        np_arena_array(&answer->arena, answer->n_paths, sizeof *verdicts);
    if (!verdicts) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < answer->n_paths; i++) {
        verdicts[i] = pending ? answer->paths[i].pending : answer->paths[i].verdict;
        out->missing |= verdicts[i].missing;
    }
    struct netpol_verdict all;
    np_reference_backends(verdicts, answer->n_paths, &all);
    const struct netpol_part *part = np_verdict_part(&all);
    bool allowed_by_ingress = part == &all.ingress && all.action == NETPOL_ALLOW;
    out->action = all.action;
    out->plane = all.plane;
    out->side = allowed_by_ingress && all.plane ? NETPOL_SIDE_INGRESS : all.side;
    out->reason = part->reason;
    out->rule = part->rule;
    out->missing |= all.missing;
    return NETPOL_OK;
}

/* ---- notes ---- */

static void note_address(struct answering *a, const struct np_question_end *end,
                         struct np_text *note)
{
    enum { SHOWN = 3 };
    const struct np_endpoint *owners[SHOWN];
    const struct np_inventory *inv = &np_whole_of(a->matcher)->model->inventory;
    if (end->kind != NP_END_IP) {
        return;
    }
    struct np_address address = np_address_fold(&end->address);
    uint32_t count = np_inventory_covering(inv, &address, owners, SHOWN);
    const struct np_service_info *service = np_inventory_service_at(inv, &address);
    const struct np_node_info *node = np_inventory_node_at(inv, &address);
    uint32_t said = 0;
    for (uint32_t i = 0; i < count && i < SHOWN; i++) {
        const struct np_endpoint *e = owners[i];
        if (e->namespace_name && (e->kind == NP_OBJ_WORKLOAD || e->host_network)) {
            np_text_addf(note, "%s%s/%s", said ? ", " : "", e->namespace_name->text, e->name->text);
            said++;
        }
    }
    if (node) {
        np_text_addf(note, "%snode %s", said++ ? ", " : "", node->name->text);
    }
    if (service) {
        np_text_addf(note, "%sservice %s/%s", said++ ? ", " : "", service->namespace_name->text,
                     service->name->text);
    }
}

static void note_end(struct answering *a, const struct np_question_end *end, struct np_text *note)
{
    struct np_text who np_auto(np_text_free);
    np_text_init(&who, note->ctx);
    note_address(a, end, &who);
    if (who.len) {
        np_text_addf(note, "%s%s is %s", note->len ? "; " : "", end->text, who.ptr);
    }
    note->failed = note->failed || who.failed;
}

static int add_note(struct answering *a, const struct np_candidates *dsts)
{
    struct np_text note np_auto(np_text_free);
    np_text_init(&note, a->answer->ctx);
    note_end(a, &a->question->src, &note);
    note_end(a, &a->question->dst, &note);
    if (dsts->service && dsts->service->external_name) {
        np_text_addf(&note, "%s%s is outside: %s", note.len ? "; " : "", a->question->dst.text,
                     dsts->count ? dsts->items[0].text : "");
    } else if (dsts->service) {
        np_text_addf(&note, "%s%s has %u backend%s for port %d", note.len ? "; " : "",
                     a->question->dst.text, dsts->count, dsts->count == 1 ? "" : "s",
                     a->question->port);
    }
    struct np_slice text = {note.ptr ? note.ptr : "", note.len};
    a->answer->note = note.failed ? NULL : np_arena_text(&a->answer->arena, text);
    return a->answer->note ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

static int answer_all(struct answering *a)
{
    struct np_resolve resolve = {.question = a->question,
                                 .matcher = a->matcher,
                                 .arena = &a->answer->arena,
                                 .diags = a->diags};
    struct np_candidates srcs, dsts;
    int src_status = np_resolve_end(&resolve, &a->question->src, false, &srcs);
    int dst_status = np_resolve_end(&resolve, &a->question->dst, true, &dsts);
    if (src_status != NETPOL_OK || dst_status != NETPOL_OK) {
        bool memory = src_status == NETPOL_ERR_MEMORY || dst_status == NETPOL_ERR_MEMORY;
        return memory ? NETPOL_ERR_MEMORY : NETPOL_ERR_INPUT;
    }
    int status = answer_paths(a, &srcs, &dsts);
    if (status == NETPOL_OK) {
        status = combine(a->answer, false, &a->answer->now);
    }
    if (status == NETPOL_OK && a->answer->parts & NETPOL_ANSWER_STAGED) {
        status = combine(a->answer, true, &a->answer->pending);
    }
    if (status == NETPOL_OK) {
        status = add_note(a, &dsts);
    }
    return status;
}

int np_question_answer(const struct netpol_question *question, struct netpol_matcher *matcher,
                       const struct np_table *table, int parts, struct netpol_diags *diags,
                       struct netpol_answer **out)
{
    struct netpol_answer *answer = np_zalloc(matcher->ctx, sizeof *answer);
    if (!answer) {
        return NETPOL_ERR_MEMORY;
    }
    answer->ctx = matcher->ctx;
    answer->matcher = np_matcher_ref(matcher);
    answer->expects = question->expects;
    answer->parts = parts;
    np_arena_init(&answer->arena, matcher->ctx, 512);
    struct answering a = {
        .question = question, .matcher = matcher, .table = table, .answer = answer, .diags = diags};
    int status = answer_all(&a);
    if (status != NETPOL_OK) {
        np_answer_destroy(answer);
        return status;
    }
    *out = answer;
    return NETPOL_OK;
}

void np_answer_destroy(struct netpol_answer *answer)
{
    if (!answer) {
        return;
    }
    for (uint32_t i = 0; i < answer->n_paths; i++) {
        np_explanation_destroy(answer->paths[i].explanation);
        np_flow_destroy(answer->paths[i].flow);
        np_hubble_destroy(answer->paths[i].hubble);
    }
    struct netpol_matcher *matcher = answer->matcher;
    np_arena_free(&answer->arena);
    np_free(answer->ctx, answer, sizeof *answer);
    np_matcher_unref(matcher);
}
