/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing what rules say of requests, and requests. */
#include "differential/cilium_set.h"

#define SIZE(array)       ((uint32_t)(sizeof(array) / sizeof *(array)))
#define PICK(r, array)    ((array)[gen_below(r, SIZE(array))])
#define STRING(text)      ((struct netpol_string){text, strlen(text)})
#define PAIR(name, value) ((struct netpol_pair){STRING(name), STRING(value)})

/* ---- rules ---- */

const char *cil_draw_fqdn(struct gen_random *r, bool *pattern)
{
    static const char *const names[] = {"a.io", "www.a.io", "A.io", "a.io.", "b.io"};
    static const char *const patterns[] = {"*.a.io", "*a.io",  "**.a.io", "*",  "w*.a.io",
                                           "a.io",   "*.*.io", "w*w.*.*", "**", "A.*"};
    *pattern = gen_chance(r, 60);
    return *pattern ? PICK(r, patterns) : PICK(r, names);
}

static struct cil_http draw_http(struct gen_random *r)
{
    static const char *const methods[] = {"GET", "POST", "GET|POST", "P.*", "ET"};
    static const char *const paths[] = {"/a",    "/a/.*",       "/a/[0-9]+", "/(a|b)", ".*",
                                        "/a?/b", "^/a$",        "/a/b?q=.*", "/b.",    "/a(/.*)?",
                                        "/A",    "/[a-c]{1,2}", "a"};
    static const char *const hosts[] = {"web", "web(:80)?", ".*[.]a[.]io", "WEB"};
    static const char *const headers[] = {"X-A: 1", "X-A", "x-b", "X-B: 2", "X-A 1"};
    struct cil_http h = {0};
    h.method = gen_chance(r, 50) ? PICK(r, methods) : NULL;
    h.path = gen_chance(r, 70) ? PICK(r, paths) : NULL;
    h.host = gen_chance(r, 15) ? PICK(r, hosts) : NULL;
    h.header = gen_chance(r, 20) ? PICK(r, headers) : NULL;
    h.match = gen_chance(r, 20) ? gen_draw(r, CIL_HEADER_MATCHES) : 0;
    return h;
}

static const char *draw_server_name(struct gen_random *r)
{
    static const char *const names[] = {"a.io",    "*.a.io", "**.a.io", "*",
                                        "w*.a.io", "A.io",   "b.io",    "a.**"};
    return PICK(r, names);
}

static void draw_http_ports(struct gen_random *r, struct cil_ports *p)
{
    static const struct cil_port ports[] = {
        {NULL,  80,   0,    2},
        {NULL,  80,   0,    2},
        {NULL,  443,  0,    2},
        {NULL,  80,   90,   2},
        {"web", 0,    0,    2},
        {NULL,  8000, 8191, 2}
    };
    p->n_ports = gen_from(r, 1, CIL_FEW);
    for (unsigned i = 0; i < p->n_ports; i++) {
        p->ports[i] = PICK(r, ports);
    }
}

static void draw_dns(struct gen_random *r, struct cil_ports *p)
{
    static const uint8_t protocols[] = {0, 1, 2, 3};
    p->l7 = CIL_DNS;
    p->n_l7 = gen_from(r, 1, CIL_FEW);
    p->n_ports = 1;
    p->ports[0] = (struct cil_port){NULL, 53, 0, gen_pick(r, protocols, 4)};
    for (unsigned i = 0; i < p->n_l7; i++) {
        p->dns[i] = cil_draw_fqdn(r, &p->dns_pattern[i]);
    }
}

static struct cil_kafka draw_kafka(struct gen_random *r)
{
    static const char *const roles[] = {"produce", "consume", "Consume"};
    static const char *const keys[] = {"produce", "fetch", "metadata", "heartbeat", "createTopics"};
    static const char *const versions[] = {"0", "2", "07"}, *const clients[] = {"c1", "c2"},
                             *const topics[] = {"t1", "t2"};
    struct cil_kafka k = {0};
    uint32_t kind = gen_below(r, 100);
    k.role = kind < 40 ? PICK(r, roles) : NULL;
    k.key = kind >= 40 && kind < 75 ? PICK(r, keys) : NULL;
    k.version = gen_chance(r, 20) ? PICK(r, versions) : NULL;
    k.client = gen_chance(r, 25) ? PICK(r, clients) : NULL;
    k.topic = gen_chance(r, 60) ? PICK(r, topics) : NULL;
    return k;
}

/*
 * Two parsers of one selector and one port cannot stand together. So ports here are written other
 * than those of HTTP rules, and are about the same numbers.
 */
static void draw_parser(struct gen_random *r, struct cil_ports *p)
{
    static const struct cil_port kafka[] =
        {
            {NULL, 9092, 0,    2},
            {NULL, 9092, 0,    2},
            {NULL, 9000, 9215, 2},
            {NULL, 79,   81,   2}
    },
                                 other[] = {{NULL, 9088, 9095, 2}, {NULL, 80, 95, 2}};
    p->l7 = gen_chance(r, 75) ? CIL_KAFKA : CIL_PARSER;
    p->n_l7 = gen_from(r, 1, CIL_FEW);
    p->n_ports = 1;
    p->ports[0] = p->l7 == CIL_KAFKA ? PICK(r, kafka) : PICK(r, other);
    for (unsigned i = 0; i < p->n_l7; i++) {
        p->kafka[i] = draw_kafka(r);
    }
}

static void draw_listener(struct gen_random *r, struct cil_ports *p)
{
    static const struct cil_port ports[] = {
        {NULL, 80,   81,   2},
        {NULL, 79,   90,   2},
        {NULL, 443,  444,  2},
        {NULL, 8080, 0,    2},
        {NULL, 9080, 9099, 2}
    };
    p->n_ports = 1;
    p->ports[0] = PICK(r, ports);
    p->listener = gen_from(r, 1, CIL_LISTENERS - 1);
}

/* Contexts of two secrets for one port cannot stand together, so most are of one. */
static void draw_contexts(struct gen_random *r, struct cil_ports *p)
{
    if (p->l7 == CIL_L7_NONE && p->n_names == 0) {
        draw_http_ports(r, p);
    }
    p->terminating = gen_chance(r, 70) ? 1 : p->terminating;
    p->originating = !p->terminating || gen_chance(r, 40) ? (gen_chance(r, 98) ? 1 : 2) : 0;
}

void cil_draw_layer7(const struct cil *c, struct gen_random *r, struct cil_ports *p,
                     unsigned direction)
{
    if (c->features & CIL_PROXIED && direction == CIL_EGRESS && gen_chance(r, 10)) {
        draw_listener(r, p);
        return;
    }
    if (c->features & CIL_PARSERS && gen_chance(r, 15)) {
        draw_parser(r, p);
        return;
    }
    if (c->features & CIL_LAYER_7 && direction == CIL_EGRESS && gen_chance(r, 12)) {
        draw_dns(r, p);
        return;
    }
    if (c->features & CIL_LAYER_7 && gen_chance(r, 40)) {
        draw_http_ports(r, p);
        p->l7 = CIL_HTTP;
        p->n_l7 = gen_from(r, 1, CIL_FEW);
        for (unsigned i = 0; i < p->n_l7; i++) {
            p->http[i] = draw_http(r);
        }
    }
    if (c->features & CIL_SNI && p->l7 != CIL_DNS && gen_chance(r, p->l7 ? 25 : 12)) {
        if (p->l7 == CIL_L7_NONE) {
            draw_http_ports(r, p);
        }
        p->n_names = gen_from(r, 1, CIL_FEW);
        for (unsigned i = 0; i < p->n_names; i++) {
            p->names[i] = draw_server_name(r);
        }
        p->terminating = p->l7 != CIL_L7_NONE;
    }
    if (c->features & CIL_PROXIED && p->l7 != CIL_DNS && gen_chance(r, 12)) {
        draw_contexts(r, p);
    }
}

/* ---- requests ---- */

static const char *draw_name(struct gen_random *r)
{
    static const char *const names[] = {"a.io",  "www.a.io", "x.www.a.io", "b.io",
                                        "ba.io", "ww.a.io",  "A.IO",       "w.b.io"};
    return PICK(r, names);
}

static void draw_http_request(struct gen_random *r, struct cil_asked *out)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "ET"};
    static const char *const paths[] = {"/a",     "/a/1",     "/a/b", "/b",   "/ab",
                                        "/a/",    "/a/b?q=1", "/",    "/A",   "/bc",
                                        "/a/12x", "/c",       "//a",  "/./a", "/a/../b"};
    static const char *const authorities[] = {"web", "web:80", "x.a.io", "WEB"};
    static const char *const names[] = {"x-a", "X-A", "x-b", "X-M"}, *const values[] = {"1", "2"};
    out->method = PICK(r, methods);
    out->path = PICK(r, paths);
    out->authority = PICK(r, authorities);
    for (out->n_headers = 0; out->n_headers < 2 && gen_chance(r, 45); out->n_headers++) {
        const char *name = PICK(r, names), *value = PICK(r, values);
        out->headers[out->n_headers] = PAIR(name, value);
    }
}

static void draw_kafka_request(struct gen_random *r, struct cil_asked *out)
{
    static const char *const numbers[] = {"0", "1", "12"}, *const clients[] = {"c1", "c2", "c3"},
                             *const topics[] = {"t1", "t2", "t3"};
    out->kind = gen_chance(r, 5) ? CIL_OPAQUE : CIL_KAFKA_REQUEST;
    out->api_key =
        gen_chance(r, 75) ? cil_kafka_kinds[gen_below(r, CIL_KAFKA_KINDS)].name : PICK(r, numbers);
    out->client = gen_chance(r, 80) ? PICK(r, clients) : NULL;
    out->api_version = gen_chance(r, 80) ? (int)gen_below(r, 8) : -1;
    for (out->n_topics = 0; out->n_topics < 2 && gen_chance(r, 60); out->n_topics++) {
        const char *topic = PICK(r, topics);
        out->topics[out->n_topics] = STRING(topic);
    }
}

void cil_draw_request(const struct cil *c, struct gen_random *r, struct cil_asked *out)
{
    static const char *const queries[] = {"a.io.",      "www.a.io", "A.io",    "b.io",
                                          "x.www.a.io", "ba.io",    "ww.a.io."};
    static const char *const server_names[] = {"a.io", "www.a.io", "x.www.a.io", "A.IO",
                                               "b.io", "ww.a.io",  "a.io."};
    const struct netpol_tuple *t = &out->tuple;
    bool dns = t->dst_port == 53 && (t->protocol == 6 || t->protocol == 17);
    bool stream = t->protocol == 6 && t->dst_port != 53;
    bool kafka = c->features & CIL_PARSERS && stream && t->dst_port / 1000 == 9;
    if (kafka && gen_chance(r, 90)) {
        draw_kafka_request(r, out);
    } else if (dns && c->features & CIL_LAYER_7) {
        out->kind = CIL_DNS_REQUEST;
        out->query = PICK(r, queries);
    } else if (stream && c->features & CIL_LAYER_7) {
        out->kind = CIL_HTTP_REQUEST;
        draw_http_request(r, out);
        out->kind = gen_chance(r, 5) ? CIL_OPAQUE : CIL_HTTP_REQUEST;
    }
    if (stream && out->kind != CIL_KAFKA_REQUEST && c->features & CIL_SNI && gen_chance(r, 60)) {
        out->sni_presence = NETPOL_PRESENT;
        out->sni = PICK(r, server_names);
        out->kind = out->kind == CIL_HTTP_REQUEST && gen_chance(r, 60) ? CIL_HTTP_REQUEST : CIL_TLS;
    }
    if (c->features & CIL_AUTH) {
        out->authenticated = gen_draw(r, 3);
    }
    out->named = gen_chance(r, 85);
    for (out->n_names = 0; out->n_names < 2 && gen_chance(r, 60); out->n_names++) {
        const char *name = draw_name(r);
        out->names[out->n_names] = STRING(name);
    }
}
