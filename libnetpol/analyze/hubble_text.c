/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows as the compact line. Sources: hubble/pkg/printer/printer.go (WriteProtoFlow, Hostname,
 * GetFlowType), pkg/hubble/parser (Summary), pkg/monitor/api/drop.go (texts of drops).
 */
#include "analyze/hubble.h"
#include "dialect/cilium/identity.h"
#include <netpol/identity.h>

#include <inttypes.h>

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132 };

const char *np_hubble_protocol(uint8_t protocol)
{
    switch (protocol) {
    case ICMP:
        return "ICMPv4";
    case TCP:
        return "TCP";
    case UDP:
        return "UDP";
    case ICMPV6:
        return "ICMPv6";
    case SCTP:
        return "SCTP";
    default:
        return NULL;
    }
}

bool np_hubble_has_ports(const struct netpol_tuple *tuple)
{
    bool ports = tuple->protocol == TCP || tuple->protocol == UDP || tuple->protocol == SCTP;
    return ports && !(tuple->flags & (NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_LATER_FRAGMENT));
}

bool np_hubble_is_icmp(const struct netpol_tuple *tuple)
{
    bool icmp = tuple->protocol == ICMP || tuple->protocol == ICMPV6;
    return icmp && !(tuple->flags & (NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_LATER_FRAGMENT));
}

bool np_hubble_is_forward(const struct np_hubble_flow *flow)
{
    return flow->told.l7 || (flow->told.verdict != NETPOL_HUBBLE_DROPPED &&
                             flow->told.verdict != NETPOL_HUBBLE_ERROR);
}

const char *np_hubble_side(int side)
{
    return side == NETPOL_SIDE_EGRESS    ? "EGRESS"
           : side == NETPOL_SIDE_INGRESS ? "INGRESS"
                                         : "TRAFFIC_DIRECTION_UNKNOWN";
}

const char *np_hubble_auth(int type)
{
    static const char *const texts[] = {"DISABLED", "SPIRE", "TEST_ALWAYS_FAIL"};
    return texts[type];
}

/* ---- time ---- */

void np_hubble_time(struct np_text *out, const struct netpol_hubble_time *time)
{
    enum { DAY = 86400, ERA = 146097 };
    int64_t days = time->seconds / DAY, rest = time->seconds % DAY;
    days -= rest < 0;
    rest += rest < 0 ? DAY : 0;
    /* years that begin in March, so that the leap day is the last one; from 0000-03-01 */
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - (ERA - 1)) / ERA;
    int64_t doe = shifted - era * ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), month = (5 * doy + 2) / 153;
    int64_t day = doy - (153 * month + 2) / 5 + 1;
    int64_t civil = month < 10 ? month + 3 : month - 9, year = yoe + era * 400 + (civil <= 2);
    np_text_addf(out,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                 year, civil, day, rest / 3600, rest / 60 % 60, rest % 60);
    if (time->nanoseconds) {
        np_text_addf(out, ".%09u", time->nanoseconds);
    }
    np_text_add(out, "Z", 1);
}

/* ---- requests ---- */

static void add(struct np_text *out, struct netpol_string text)
{
    np_text_add(out, text.ptr, text.len);
}

void np_hubble_url(struct np_text *out, const struct netpol_request *request)
{
    static const struct netpol_string http = {"http", 4};
    if (request->authority.len) {
        add(out, request->scheme.len ? request->scheme : http);
        np_text_add(out, "://", 3);
        add(out, request->authority);
    }
    add(out, request->path);
}

/* As the DNS proxy tells it: in lower case, with the dot of the root. */
void np_hubble_query(struct np_text *out, const struct netpol_request *request)
{
    const struct netpol_string *name = &request->dns_query;
    for (size_t i = 0; i < name->len; i++) {
        char c = name->ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        np_text_add(out, &c, 1);
    }
    np_text_add(out, ".", name->len && name->ptr[name->len - 1] != '.' ? 1 : 0);
}

static void summarise_request(struct np_text *out, const struct netpol_request *request)
{
    switch (request->kind) {
    case NETPOL_REQUEST_HTTP:
        np_text_addf(out, "HTTP/1.1 ");
        add(out, request->method);
        np_text_add(out, " ", 1);
        np_hubble_url(out, request);
        break;
    case NETPOL_REQUEST_DNS:
        np_text_addf(out, "DNS Query ");
        np_hubble_query(out, request);
        break;
    default:
        np_text_addf(out, "Kafka request ");
        add(out, request->kafka_api_key);
        for (size_t i = 0; i < request->n_kafka_topics; i++) {
            np_text_addf(out, "%s", i ? "," : " topic ");
            add(out, request->kafka_topics[i]);
        }
        break;
    }
}

static const char *request_type(const struct netpol_request *request)
{
    return request->kind == NETPOL_REQUEST_HTTP  ? "http-request"
           : request->kind == NETPOL_REQUEST_DNS ? "dns-request proxy"
                                                 : "l7-request";
}

/* ---- connections ---- */

void np_hubble_summary(struct np_text *out, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow)
{
    const struct netpol_tuple *tuple = &hubble->tuple;
    const char *protocol = np_hubble_protocol(tuple->protocol);
    if (flow->told.l7) {
        summarise_request(out, &hubble->request);
    } else if (np_hubble_is_icmp(tuple)) {
        np_text_addf(out, "%s ", protocol);
        np_hubble_icmp(out, tuple);
    } else if (tuple->protocol == TCP && np_hubble_has_ports(tuple)) {
        np_text_addf(out, "TCP Flags: SYN"); /* policies judge the first packet */
    } else if (protocol) {
        np_text_addf(out, "%s", protocol);
    } else {
        np_text_addf(out, "protocol %u", tuple->protocol);
    }
}

/* ---- ends ---- */

/* "shop/web", "10.0.0.1", "?"; with its port, if it has one. */
static void say_host(struct np_text *out, const struct np_hubble_end *end,
                     const struct np_service_info *service, uint16_t port)
{
    char address[46];
    bool six = false;
    if (*end->pod) {
        const char *space = service ? service->namespace_name->text : end->namespace_name;
        np_text_addf(out, "%s%s%s", space, *space ? "/" : "", end->pod);
    } else if (service) {
        np_text_addf(out, "%s/%s", service->namespace_name->text, service->name->text);
    } else if (end->n_names) {
        for (uint32_t i = 0; i < end->n_names; i++) {
            np_text_add(out, ",", i ? 1 : 0);
            add(out, end->names[i]);
        }
    } else if (end->address.family) {
        np_address_format(&end->address, address);
        six = port && end->address.family == NP_IPV6;
        np_text_addf(out, six ? "[%s]" : "%s", address);
    } else {
        np_text_add(out, "?", 1);
    }
    if (port) {
        np_text_addf(out, ":%u", port);
    }
}

static void say_identity(struct np_text *out, const struct np_hubble_end *end)
{
    if (end->identity == NETPOL_IDENTITY_UNKNOWN) {
        np_text_addf(out, " (unknown)");
    } else if (end->identity <= NETPOL_IDENTITY_WORLD_IPV6) {
        np_text_addf(out, " (%s)",
                     np_cilium_reserved_labels(end->identity).ptr + sizeof "reserved:" - 1);
    } else {
        np_text_addf(out, " (ID:%u)", end->identity);
    }
}

/* ---- the line ---- */

static const char *verdict_text(const struct np_hubble_flow *flow)
{
    bool l7 = flow->told.l7;
    switch (flow->told.verdict) {
    case NETPOL_HUBBLE_FORWARDED:
        return l7 ? "FORWARDED" : "ALLOWED";
    case NETPOL_HUBBLE_REDIRECTED:
        return l7 ? "REDIRECTED" : "ALLOWED";
    case NETPOL_HUBBLE_AUDIT:
        return l7 ? "AUDIT" : "AUDITED";
    case NETPOL_HUBBLE_DROPPED:
        return l7 ? "DROPPED" : "DENIED";
    default:
        return l7 ? "ERROR" : "DENIED";
    }
}

static void say_type(struct np_text *out, const struct netpol_hubble *hubble,
                     const struct np_hubble_flow *flow)
{
    static const char *const matches[] = {"none", "L3-Only",  "L3-L4",     "L4-Only",
                                          "all",  "L3-Proto", "Proto-Only"};
    if (flow->told.l7) {
        np_text_addf(out, " %s %s", request_type(&hubble->request), verdict_text(flow));
    } else if (flow->told.drop == NETPOL_HUBBLE_DROP_INVALID_PACKET) {
        np_text_addf(out, " Invalid packet DROPPED"); /* no policy was asked */
    } else {
        np_text_addf(out, " policy-verdict:%s %s %s", matches[flow->told.match],
                     np_hubble_side(flow->told.side), verdict_text(flow));
    }
}

void np_hubble_compact(struct np_text *out, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow, const struct netpol_hubble_time *time)
{
    const struct netpol_tuple *tuple = &hubble->tuple;
    bool ports = np_hubble_has_ports(tuple);
    if (time) {
        np_hubble_time(out, time);
    } else {
        np_text_addf(out, "N/A");
    }
    np_text_addf(out, *flow->node ? " [%s]: " : ": ", flow->node);
    say_host(out, &flow->src, NULL, ports ? tuple->src_port : 0);
    say_identity(out, &flow->src);
    np_text_addf(out, np_hubble_is_forward(flow) ? " -> " : " <> ");
    say_host(out, &flow->dst, hubble->service, ports ? tuple->dst_port : 0);
    say_identity(out, &flow->dst);
    say_type(out, hubble, flow);
    np_text_addf(out, " (");
    np_hubble_summary(out, hubble, flow);
    if (flow->told.auth_type) {
        np_text_addf(out, "; Auth: %s", np_hubble_auth(flow->told.auth_type));
    }
    np_text_addf(out, ")\n");
}
