/* SPDX-License-Identifier: Apache-2.0 */
/* Hits as text, flows as JSON. Source: goldmane/proto (methods.go, api.proto), Whisker's flows. */
#include "analyze/explain.h"
#include "analyze/flow.h"

static const char *const action_texts[] = {
    [NETPOL_HIT_ALLOW] = "allow", [NETPOL_HIT_DENY] = "deny", [NETPOL_HIT_PASS] = "pass"};
static const char *const action_names[] = {
    [NETPOL_HIT_ALLOW] = "Allow", [NETPOL_HIT_DENY] = "Deny", [NETPOL_HIT_PASS] = "Pass"};
static const char *const kind_names[] = {
#define KIND_NAME(name, text, json) json,
    NETPOL_HIT_KIND_MAP(KIND_NAME)
#undef KIND_NAME
};

const char *np_hit_text(struct np_arena *arena, const struct netpol_hit *hit)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, arena->ctx);
    np_text_addf(&text, "%d|%s|%s:%s%s%s|%s|%d", hit->policy_index, hit->tier,
                 netpol_hit_kind_text(hit->kind), hit->namespace_name,
                 *hit->namespace_name ? "/" : "", hit->name, action_texts[hit->action],
                 hit->rule_index);
    return text.failed ? NULL : np_arena_text(arena, (struct np_slice){text.ptr, text.len});
}

static void member(struct np_text *out, const char *name, const char *value)
{
    np_text_addf(out, "\"%s\":", name);
    np_text_json(out, np_slice_of(value));
    np_text_add(out, ",", 1);
}

/* Who it is. An end of a tier is nobody: the policy that triggered it stands in `trigger`. */
static void policy_members(struct np_text *out, const char *kind, const char *name,
                           const char *namespace_name, const char *tier)
{
    member(out, "kind", kind);
    member(out, "name", name);
    member(out, "namespace", namespace_name);
    member(out, "tier", tier);
}

static void json_hit(struct np_text *out, const struct netpol_hit *hit)
{
    bool end = hit->rule_index < 0 && hit->kind != NETPOL_HIT_PROFILE;
    np_text_add(out, "{", 1);
    policy_members(out, end ? "EndOfTier" : kind_names[hit->kind], end ? "" : hit->name,
                   end ? "" : hit->namespace_name, hit->tier);
    np_text_addf(out, "\"action\":\"%s\",\"policy_index\":%d,\"rule_index\":%d,\"trigger\":",
                 action_names[hit->action], hit->policy_index, hit->rule_index);
    if (!end) {
        np_text_addf(out, "null}");
        return;
    }
    np_text_add(out, "{", 1);
    policy_members(out, kind_names[hit->kind], hit->name, hit->namespace_name, hit->tier);
    out->len -= !out->failed; /* the comma behind the last member */
    np_text_addf(out, "}}");
}

static void json_hits(struct np_text *out, const char *name, const struct np_flow_hits *hits)
{
    np_text_addf(out, "\"%s\":[", name);
    for (size_t i = 0; i < hits->list.count; i++) {
        np_text_add(out, ",", i ? 1 : 0);
        json_hit(out, &hits->list.items[i]);
    }
    np_text_add(out, "]", 1);
}

static void json_end(struct np_text *out, const char *which, const struct np_flow_end *end)
{
    np_text_addf(out, "\"%s_name\":", which);
    np_text_json(out, np_slice_of(end->name));
    np_text_addf(out, ",\"%s_namespace\":", which);
    np_text_json(out, np_slice_of(end->namespace_name));
    struct np_text labels np_auto(np_text_free);
    np_text_init(&labels, out->ctx);
    for (uint32_t i = 0; i < end->labels.count; i++) {
        np_text_addf(&labels, "%s%s=%s", i ? " | " : "", end->labels.items[i].key->text,
                     np_str_slice(end->labels.items[i].value).ptr);
    }
    out->failed = out->failed || labels.failed;
    np_text_addf(out, ",\"%s_labels\":", which);
    np_text_json(out, (struct np_slice){labels.ptr ? labels.ptr : "", labels.len});
    np_text_add(out, ",", 1);
}

/* In lower case, as flow logs have it; a number where there is no name. */
static void json_protocol(struct np_text *out, uint8_t protocol)
{
    size_t begin = out->len;
    np_text_addf(out, "\"protocol\":\"");
    size_t first = out->len;
    np_say_protocol(out, protocol);
    if (out->failed) {
        return;
    }
    if (out->len - first > 9 && memcmp(out->ptr + first, "protocol ", 9) == 0) {
        out->len = begin;
        np_text_addf(out, "\"protocol\":\"%u", protocol);
    }
    for (size_t i = first; i < out->len; i++) {
        char c = out->ptr[i];
        out->ptr[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    np_text_add(out, "\",", 2);
}

static void json_times(struct np_text *out, const struct netpol_flow_times *times)
{
    if (times && times->start) {
        np_text_addf(out, "\"start_time\":%lld,", (long long)times->start);
    }
    if (times && times->end) {
        np_text_addf(out, "\"end_time\":%lld,", (long long)times->end);
    }
}

static void json_record(struct np_text *out, const struct netpol_flow *flow,
                        enum np_direction direction, const struct netpol_flow_times *times)
{
    const struct np_flow_hits *enforced = &flow->hits[0][direction];
    const struct np_flow_hits *pending = &flow->hits[1][direction];
    np_text_add(out, "{", 1);
    json_times(out, times);
    np_text_addf(out, "\"action\":\"%s\",",
                 enforced->action == NETPOL_ALLOW  ? "Allow"
                 : enforced->action == NETPOL_DENY ? "Deny"
                                                   : "ActionUnspecified");
    json_end(out, "source", &flow->src);
    json_end(out, "dest", &flow->dst);
    json_protocol(out, flow->protocol);
    if (flow->has_port) {
        np_text_addf(out, "\"dest_port\":%u,", flow->port);
    }
    np_text_addf(out, "\"reporter\":\"%s\",\"policies\":{", direction == NP_EGRESS ? "Src" : "Dst");
    json_hits(out, "enforced", enforced);
    np_text_add(out, ",", 1);
    json_hits(out, "pending", pending);
    np_text_addf(out, "}}\n");
}

int np_flow_write(const struct netpol_flow *flow, const struct netpol_flow_times *times,
                  netpol_sink_fn sink, void *user)
{
    static const enum np_direction order[] = {NP_EGRESS, NP_INGRESS};
    struct np_text out np_auto(np_text_free);
    np_text_init(&out, flow->ctx);
    for (size_t i = 0; i < NP_DIRECTIONS; i++) {
        if (flow->hits[0][order[i]].judged) {
            json_record(&out, flow, order[i], times);
        }
    }
    if (out.failed) {
        return NETPOL_ERR_MEMORY;
    }
    return out.len && sink(user, out.ptr, out.len) ? NETPOL_ERR_IO : NETPOL_OK;
}
