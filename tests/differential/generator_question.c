/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing questions, and asking them. */
#include "differential/generator_internal.h"

static struct netpol_string text(const char *s)
{
    return (struct netpol_string){s, strlen(s)};
}

static void draw_request(struct gen_question *q, struct gen_random *r)
{
    static const char *const methods[] = {"GET", "POST"};
    static const char *const paths[] = {"/a",     "/b?q=1", "/a",   "/b", "/b/../a",
                                        "/a/%62", "/ab",    "/a;%", "*",  ""};
    static const char *const values[] = {"0", "1"};
    static const char *const hosts[] = {"a.example", "b.example"};
    static const char *const said[] = {"allow", "deny"};
    struct netpol_request *request = &q->request;
    *request = (struct netpol_request)NETPOL_REQUEST_INIT;
    request->kind = gen_chance(r, 70) ? NETPOL_REQUEST_HTTP : gen_from(r, 1, 3);
    request->payload = gen_chance(r, 85) ? NETPOL_PAYLOAD_PLAIN : gen_draw(r, 4);
    request->method = text(methods[gen_below(r, 2)]);
    request->path = text(paths[gen_below(r, sizeof paths / sizeof *paths)]);
    for (int i = 0; i < 2; i++) {
        q->headers[i] =
            (struct netpol_pair){text(i ? "X-A" : "x-a"), text(values[gen_below(r, 2)])};
        q->topics[i] = text(values[gen_below(r, 2)]);
        q->names[i] = text(hosts[i]);
    }
    request->n_headers = gen_below(r, 3);
    request->dns_query = text(hosts[gen_below(r, 2)]);
    request->n_kafka_topics = gen_below(r, 3);
    request->sni.presence = gen_from(r, 1, 2);
    request->sni.value = text(hosts[gen_below(r, 2)]);
    request->principals_presence = gen_from(r, 1, 2);
    q->principals[0] = text(hosts[gen_below(r, 2)]);
    request->n_principals = 1;
    request->claims_presence = NETPOL_ABSENT;
    request->authenticated = gen_from(r, 1, 2);
    q->decisions[0] = (struct netpol_pair){text("opa"), text(said[gen_below(r, 2)])};
    request->n_decisions = 1;
    request->src_names_given = request->dst_names_given = 1;
    request->n_src_names = gen_below(r, 3);
    request->n_dst_names = gen_below(r, 3);
}

/* The arrays live beside the request, so the pointers are set where it is used. */
const struct netpol_request *gen_request(struct gen_question *q)
{
    q->request.headers = q->headers;
    q->request.kafka_topics = q->topics;
    q->request.principals = q->principals;
    q->request.decisions = q->decisions;
    q->request.src_names = q->request.dst_names = q->names;
    return q->asked ? &q->request : NULL;
}

/* Often one of the pods that are always there. */
static uint8_t draw_end(struct gen_random *r, unsigned features)
{
    uint32_t ends = features & GEN_SERVICES ? GEN_ENDS : GEN_END_SERVICE;
    return gen_draw(r, gen_chance(r, 50) ? GEN_ENDPOINTS / 2 : ends);
}

void gen_question_make(struct gen_question *q, struct gen_random *r, unsigned features)
{
    static const uint8_t protocols[] = {6, 6, 6, 17, 1, 47, 58, 132};
    static const uint16_t ports[] = {80, 81, 82, 3000, 0, 53};
    static const uint8_t types[] = {8, 8, 0, 3, 128};
    *q = (struct gen_question){.src = draw_end(r, features),
                               .dst = draw_end(r, features),
                               .protocol = gen_pick(r, protocols, features & GEN_WIDE ? 8 : 6),
                               .port = ports[gen_below(r, 6)],
                               .src_port = ports[gen_below(r, 4)],
                               .icmp_type = gen_pick(r, types, sizeof types),
                               .icmp_code = gen_draw(r, 2),
                               .by_address = gen_chance(r, 50)};
    q->six = features & GEN_DUAL && gen_chance(r, 40);
    if (gen_chance(r, 6)) {
        q->flags = NETPOL_TUPLE_LATER_FRAGMENT;
    } else if (features & GEN_MISSING && gen_chance(r, 6)) {
        q->flags = NETPOL_TUPLE_NO_PORTS;
    }
    draw_request(q, r);
    q->asked = gen_chance(r, 60);
    if (!(features & GEN_REQUEST)) {
        q->request.kind = NETPOL_REQUEST_NONE;
        q->request.payload = NETPOL_PAYLOAD_PLAIN;
    }
}

/* Only something outside can still turn out to have names. */
static bool may_have_names(uint8_t end)
{
    return end == GEN_END_OUTSIDE || end == GEN_END_OUTSIDE + 1;
}

void gen_question_complete(struct gen_question *q, struct gen_random *r)
{
    if (!q->asked) {
        draw_request(q, r);
        q->asked = true;
        q->request.n_src_names = may_have_names(q->src) ? q->request.n_src_names : 0;
        q->request.n_dst_names = may_have_names(q->dst) ? q->request.n_dst_names : 0;
    }
    q->flags &= (uint16_t)~NETPOL_TUPLE_NO_PORTS;
}

void gen_ask(const struct np_model *model, const struct gen_question *q,
             const struct gen_tweak *tweak, const struct netpol_point *point,
             const struct np_trace *trace, struct netpol_verdict *out)
{
    struct gen_question here = *q;
    struct netpol_tuple tuple;
    gen_tuple(model, q, tweak, &tuple);
    np_reference_eval(model, &tuple, gen_request(&here), point, trace, out);
}

bool gen_end_is_pod(const struct gen *g, uint8_t end)
{
    return end < g->n_endpoints && !g->endpoints[end].host_network && !g->endpoints[end].shares;
}

/* ---- tuples ---- */

static void map_into_six(uint8_t bytes[16])
{
    uint8_t four[4];
    memcpy(four, bytes, 4);
    memset(bytes, 0, 16);
    bytes[10] = bytes[11] = 0xff;
    memcpy(bytes + 12, four, 4);
}

static bool name_end(const struct np_model *model, const struct gen_question *q, uint8_t end,
                     bool six, uint8_t bytes[16], uint64_t *ref)
{
    const struct np_endpoint *pod =
        end < GEN_ENDPOINTS ? np_inventory_endpoint(&model->inventory, end + 1u) : NULL;
    if (pod && !(q->by_address && pod->n_prefixes)) {
        *ref = pod->ref;
        return false;
    }
    struct np_address address = gen_address(gen_pool[end], six);
    memcpy(bytes, address.bytes, 16);
    if (q->mapped && !six) {
        map_into_six(bytes);
    }
    return true;
}

void gen_tuple(const struct np_model *model, const struct gen_question *q,
               const struct gen_tweak *tweak, struct netpol_tuple *out)
{
    bool six = tweak->six || q->six;
    *out = (struct netpol_tuple){.protocol = q->protocol,
                                 .dst_port = q->port,
                                 .src_port = q->src_port,
                                 .icmp_type = q->icmp_type,
                                 .icmp_code = q->icmp_code,
                                 .flags = q->flags};
    bool src = name_end(model, q, q->src, six, out->src, &out->src_ref);
    bool dst = name_end(model, q, q->dst, six, out->dst, &out->dst_ref);
    if (!src) {
        out->flags |= NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS;
    }
    if (!dst) {
        out->flags |= NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS;
    }
    out->family = six || q->mapped ? NP_IPV6 : NP_IPV4;
    if (!src && !dst) {
        out->family = 0;
    }
}
