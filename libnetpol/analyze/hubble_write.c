/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows as the JSON of protobuf's third version: names as in the .proto files, values of
 * enumerations by name, 64-bit numbers as strings, what has its zero value left out. Members stand
 * in the order of api/v1/flow/flow.proto; `netpol` is ours.
 */
#include "analyze/explain.h"
#include "analyze/hubble.h"
#include "dialect/cilium/identity.h"

struct writing {
    struct np_text *out;
    bool any; /* of the object at hand: is something in it? */
};

static void name(struct writing *w, const char *member)
{
    np_text_addf(w->out, "%s\"%s\":", w->any ? "," : "", member);
    w->any = true;
}

static struct writing open_object(struct writing *w, const char *member)
{
    name(w, member);
    np_text_add(w->out, "{", 1);
    return (struct writing){.out = w->out};
}

static void close_object(struct writing *inner)
{
    np_text_add(inner->out, "}", 1);
}

static void text(struct writing *w, const char *member, struct np_slice value)
{
    if (value.len) {
        name(w, member);
        np_text_json(w->out, value);
    }
}

static void word(struct writing *w, const char *member, const char *value)
{
    text(w, member, np_slice_of(value));
}

static void view(struct writing *w, const char *member, struct netpol_string value)
{
    text(w, member, (struct np_slice){value.ptr, value.len});
}

static void number(struct writing *w, const char *member, uint32_t value)
{
    if (value) {
        name(w, member);
        np_text_addf(w->out, "%u", value);
    }
}

static void made(struct writing *w, const char *member, const struct np_text *value)
{
    w->out->failed = w->out->failed || value->failed;
    text(w, member, (struct np_slice){value->ptr, value->len});
}

/* ---- parts of a flow ---- */

static void write_time(struct writing *w, const struct netpol_hubble_time *time)
{
    struct np_text value np_auto(np_text_free);
    np_text_init(&value, w->out->ctx);
    if (time) {
        np_hubble_time(&value, time);
        made(w, "time", &value);
    }
}

/* Of the question and the side, so that the same decision has the same one (RFC 9562, version 8).
 */
static void write_uuid(struct writing *w, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow, const struct netpol_hubble_time *time)
{
    struct np_text seed np_auto(np_text_free), line np_auto(np_text_free);
    np_text_init(&seed, w->out->ctx);
    np_text_init(&line, w->out->ctx);
    np_hubble_compact(&seed, hubble, flow, time);
    np_text_add(&seed, (const char *)&hubble->tuple, sizeof hubble->tuple);
    np_text_add(&seed, (const char *)&flow->told.rule, sizeof flow->told.rule);
    uint64_t high = seed.failed ? 0 : np_hash_stable(seed.ptr, seed.len);
    np_text_add(&seed, "2", 1);
    uint64_t low = seed.failed ? 0 : np_hash_stable(seed.ptr, seed.len);
    np_text_addf(&line, "%08x-%04x-8%03x-%04x-%012llx", (uint32_t)(high >> 32),
                 (uint32_t)(high >> 16 & 0xffff), (uint32_t)(high & 0xfff),
                 (uint32_t)(0x8000 | (low >> 48 & 0x3fff)),
                 (unsigned long long)(low & 0xffffffffffff));
    w->out->failed = w->out->failed || seed.failed;
    made(w, "uuid", &line);
}

static void write_ip(struct writing *w, const struct np_hubble_flow *flow)
{
    char address[46];
    uint8_t family = flow->src.address.family ? flow->src.address.family : flow->dst.address.family;
    if (!family) {
        return;
    }
    struct writing ip = open_object(w, "IP");
    if (flow->src.address.family) {
        np_address_format(&flow->src.address, address);
        word(&ip, "source", address);
    }
    if (flow->dst.address.family) {
        np_address_format(&flow->dst.address, address);
        word(&ip, "destination", address);
    }
    word(&ip, "ipVersion", family == NP_IPV4 ? "IPv4" : "IPv6");
    close_object(&ip);
}

static void write_l4(struct writing *w, const struct netpol_tuple *tuple, bool l7)
{
    enum { ICMP = 1, TCP = 6, ICMPV6 = 58 };
    const char *protocol = np_hubble_protocol(tuple->protocol);
    if (!protocol) {
        return;
    }
    struct writing l4 = open_object(w, "l4"), inner = open_object(&l4, protocol);
    if (tuple->protocol == ICMP || tuple->protocol == ICMPV6) {
        number(&inner, "type", tuple->icmp_type);
        number(&inner, "code", tuple->icmp_code);
    } else if (np_hubble_has_ports(tuple)) {
        number(&inner, "source_port", tuple->src_port);
        number(&inner, "destination_port", tuple->dst_port);
        if (tuple->protocol == TCP && !l7) {
            name(&inner, "flags");
            np_text_addf(inner.out, "{\"SYN\":true}");
        }
    }
    close_object(&inner);
    close_object(&l4);
}

static void write_texts(struct writing *w, const char *member, const char *const *texts,
                        size_t count)
{
    if (count == 0) {
        return;
    }
    name(w, member);
    for (size_t i = 0; i < count; i++) {
        np_text_add(w->out, i ? "," : "[", 1);
        np_text_json(w->out, np_slice_of(texts[i]));
    }
    np_text_add(w->out, "]", 1);
}

static void write_end(struct writing *w, const char *member, const struct netpol_hubble *hubble,
                      const struct np_hubble_end *end)
{
    struct writing e = open_object(w, member);
    number(&e, "identity", end->identity);
    if (hubble->identities && *end->pod) {
        text(&e, "cluster_name", np_cilium_cluster_of(&hubble->model->inventory));
    }
    word(&e, "namespace", end->namespace_name);
    write_texts(&e, "labels", end->labels, end->n_labels);
    word(&e, "pod_name", end->pod);
    if (*end->workload) {
        name(&e, "workloads");
        np_text_add(e.out, "[", 1);
        struct writing workload = {.out = e.out};
        np_text_add(e.out, "{", 1);
        word(&workload, "name", end->workload);
        word(&workload, "kind", end->workload_kind);
        np_text_addf(e.out, "}]");
    }
    close_object(&e);
}

static void write_names(struct writing *w, const char *member, const struct np_hubble_end *end)
{
    if (end->n_names == 0) {
        return;
    }
    name(w, member);
    for (uint32_t i = 0; i < end->n_names; i++) {
        np_text_add(w->out, i ? "," : "[", 1);
        np_text_json(w->out, (struct np_slice){end->names[i].ptr, end->names[i].len});
    }
    np_text_add(w->out, "]", 1);
}

/* ---- requests ---- */

static void write_http(struct writing *w, const struct netpol_request *request)
{
    struct np_text url np_auto(np_text_free);
    np_text_init(&url, w->out->ctx);
    np_hubble_url(&url, request);
    struct writing http = open_object(w, "http");
    view(&http, "method", request->method);
    made(&http, "url", &url);
    word(&http, "protocol", "HTTP/1.1");
    for (size_t i = 0; i < request->n_headers; i++) {
        if (i == 0) {
            name(&http, "headers");
        }
        np_text_add(http.out, i ? "," : "[", 1);
        struct writing header = {.out = http.out};
        np_text_add(http.out, "{", 1);
        view(&header, "key", request->headers[i].name);
        view(&header, "value", request->headers[i].value);
        np_text_addf(http.out, i + 1 == request->n_headers ? "}]" : "}");
    }
    close_object(&http);
}

static void write_kafka(struct writing *w, const struct netpol_request *request)
{
    struct np_text topics np_auto(np_text_free);
    np_text_init(&topics, w->out->ctx);
    for (size_t i = 0; i < request->n_kafka_topics; i++) {
        np_text_add(&topics, ",", i ? 1 : 0);
        np_text_add(&topics, request->kafka_topics[i].ptr, request->kafka_topics[i].len);
    }
    struct writing kafka = open_object(w, "kafka");
    number(&kafka, "api_version",
           request->kafka_api_version > 0 ? (uint32_t)request->kafka_api_version : 0);
    view(&kafka, "api_key", request->kafka_api_key);
    made(&kafka, "topic", &topics);
    close_object(&kafka);
}

static void write_query(struct writing *w, const struct netpol_request *request)
{
    struct np_text query np_auto(np_text_free);
    np_text_init(&query, w->out->ctx);
    np_hubble_query(&query, request);
    made(w, "query", &query);
}

static void write_l7(struct writing *w, const struct netpol_request *request)
{
    struct writing l7 = open_object(w, "l7");
    word(&l7, "type", "REQUEST");
    if (request->kind == NETPOL_REQUEST_HTTP) {
        write_http(&l7, request);
    } else if (request->kind == NETPOL_REQUEST_DNS) {
        struct writing dns = open_object(&l7, "dns");
        write_query(&dns, request);
        word(&dns, "observation_source", "proxy");
        close_object(&dns);
    } else {
        write_kafka(&l7, request);
    }
    close_object(&l7);
}

/* ---- policies ---- */

static void write_policy(struct np_text *out, const struct netpol_hubble_policy *policy)
{
    struct writing p = {.out = out};
    np_text_add(out, "{", 1);
    word(&p, "name", policy->name);
    word(&p, "namespace", policy->namespace_name);
    name(&p, "labels");
    np_text_add(out, "[", 1);
    if (policy->derived) {
        np_text_addf(out, "\"reserved:io.cilium.policy.derived-from=%s\"", policy->derived);
    } else {
        np_text_addf(out, "\"k8s:io.cilium.k8s.policy.derived-from=%s\"", policy->kind);
        np_text_addf(out, ",\"k8s:io.cilium.k8s.policy.name=%s\"", policy->name);
        if (*policy->namespace_name) {
            np_text_addf(out, ",\"k8s:io.cilium.k8s.policy.namespace=%s\"", policy->namespace_name);
        }
    }
    np_text_add(out, "]", 1);
    word(&p, "kind", policy->kind);
    np_text_add(out, "}", 1);
}

static void write_policies(struct writing *w, const struct netpol_hubble_flow *flow)
{
    static const char *const members[2][2] = {
        {"ingress_allowed_by", "ingress_denied_by"},
        {"egress_allowed_by",  "egress_denied_by" }
    };
    if (flow->n_policies == 0) {
        return;
    }
    name(w, members[flow->side == NETPOL_SIDE_EGRESS][flow->denied != 0]);
    for (size_t i = 0; i < flow->n_policies; i++) {
        np_text_add(w->out, i ? "," : "[", 1);
        write_policy(w->out, &flow->policies[i]);
    }
    np_text_add(w->out, "]", 1);
}

/* ---- a flow ---- */

static const char *drop_text(int drop)
{
    switch (drop) {
    case NETPOL_HUBBLE_DROP_POLICY_DENIED:
        return "POLICY_DENIED";
    case NETPOL_HUBBLE_DROP_INVALID_PACKET:
        return "INVALID_PACKET_DROPPED";
    case NETPOL_HUBBLE_DROP_POLICY_DENY:
        return "POLICY_DENY";
    case NETPOL_HUBBLE_DROP_AUTH_REQUIRED:
        return "AUTH_REQUIRED";
    default:
        return "";
    }
}

static void write_ends(struct writing *w, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow)
{
    write_ip(w, flow);
    write_l4(w, &hubble->tuple, flow->told.l7);
    write_end(w, "source", hubble, &flow->src);
    write_end(w, "destination", hubble, &flow->dst);
    word(w, "Type", flow->told.l7 ? "L7" : "L3_L4");
    word(w, "node_name", flow->node);
    write_names(w, "source_names", &flow->src);
    write_names(w, "destination_names", &flow->dst);
}

/* Of pkg/monitor/api: a drop that no policy had a say in, a policy's verdict, an access log. */
static void write_event_type(struct writing *w, const struct np_hubble_flow *flow)
{
    enum { DROP = 1, POLICY_VERDICT = 5, ACCESS_LOG = 129 };
    bool invalid = flow->told.drop == NETPOL_HUBBLE_DROP_INVALID_PACKET;
    struct writing type = open_object(w, "event_type");
    number(&type, "type", flow->told.l7 ? ACCESS_LOG : invalid ? DROP : POLICY_VERDICT);
    number(&type, "sub_type", invalid ? NETPOL_HUBBLE_DROP_INVALID_PACKET : 0);
    close_object(&type);
}

static void write_events(struct writing *w, const struct netpol_hubble *hubble,
                         const struct np_hubble_flow *flow)
{
    if (flow->told.l7) {
        write_l7(w, &hubble->request);
    }
    write_event_type(w, flow);
    if (hubble->service) {
        struct writing service = open_object(w, "destination_service");
        text(&service, "name", np_str_slice(hubble->service->name));
        text(&service, "namespace", np_str_slice(hubble->service->namespace_name));
        close_object(&service);
    }
    if (flow->told.side != NETPOL_SIDE_NONE) {
        word(w, "traffic_direction", np_hubble_side(flow->told.side));
    }
    number(w, "policy_match_type", (uint32_t)flow->told.match);
    word(w, "drop_reason_desc", drop_text(flow->told.drop));
    if (np_hubble_is_forward(flow)) {
        name(w, "is_reply");
        np_text_addf(w->out, "false");
    }
    write_policies(w, &flow->told);
    write_texts(w, "policy_log", flow->logs, flow->n_logs);
}

static void write_flow(struct writing *w, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow, const struct netpol_hubble_time *time)
{
    static const char *const verdicts[] = {"",      "FORWARDED", "DROPPED",
                                           "ERROR", "AUDIT",     "REDIRECTED"};
    struct np_text summary np_auto(np_text_free);
    np_text_init(&summary, w->out->ctx);
    struct writing f = open_object(w, "flow");
    write_time(&f, time);
    write_uuid(&f, hubble, flow, time);
    word(&f, "verdict", verdicts[flow->told.verdict]);
    number(&f, "drop_reason", (uint32_t)flow->told.drop);
    word(&f, "auth_type", flow->told.auth_type ? np_hubble_auth(flow->told.auth_type) : "");
    write_ends(&f, hubble, flow);
    write_events(&f, hubble, flow);
    np_hubble_summary(&summary, hubble, flow);
    made(&f, "Summary", &summary);
    close_object(&f);
}

/* What Hubble has no place for: the decision as this library names it. */
static void write_own(struct writing *w, const struct netpol_hubble *hubble,
                      const struct np_hubble_flow *flow)
{
    const struct netpol_rule_info *info = np_matcher_rule(hubble->matcher, flow->told.rule);
    struct writing own = open_object(w, "netpol");
    word(&own, "verdict", netpol_action_text(flow->action));
    word(&own, "reason", netpol_reason_text(flow->reason));
    if (flow->answer != flow->action) {
        word(&own, "answer", netpol_action_text(flow->answer));
    }
    if (info) {
        word(&own, "policy", info->policy);
        word(&own, "rule", info->rule);
        word(&own, "position", info->position);
        word(&own, "tier", info->tier);
        word(&own, "option", info->option);
    }
    np_missing_json(own.out, flow->missing);
    close_object(&own);
}

static void write_line(struct np_text *out, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow, const struct netpol_hubble_time *time)
{
    struct writing w = {.out = out};
    np_text_add(out, "{", 1);
    write_flow(&w, hubble, flow, time);
    word(&w, "node_name", flow->node);
    write_time(&w, time);
    write_own(&w, hubble, flow);
    np_text_add(out, "}\n", 2);
}

int np_hubble_write(const struct netpol_hubble *hubble, int format,
                    const struct netpol_hubble_time *time, netpol_sink_fn sink, void *user)
{
    struct np_text out np_auto(np_text_free);
    np_text_init(&out, hubble->ctx);
    for (uint32_t i = 0; i < hubble->n_flows; i++) {
        if (format == NETPOL_HUBBLE_COMPACT) {
            np_hubble_compact(&out, hubble, &hubble->flows[i], time);
        } else {
            write_line(&out, hubble, &hubble->flows[i], time);
        }
    }
    if (out.failed) {
        return NETPOL_ERR_MEMORY;
    }
    return out.len && sink(user, out.ptr, out.len) ? NETPOL_ERR_IO : NETPOL_OK;
}
