/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a question that tell of the request in hand and of the connection beyond its
 * tuple. What is not there is ABSENT; "?" says that it was not asked.
 */
#include "analyze/question_read.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct netpol_request *request_of(struct np_asking *a)
{
    return &a->question->request;
}

static bool is_not_asked(const struct np_node *node)
{
    return np_is(node, NP_STRING) && np_slice_is(node->text, "?");
}

static void set_kind(struct np_asking *a, const struct np_node *value, uint8_t kind)
{
    if (request_of(a)->kind != NETPOL_REQUEST_NONE) {
        np_asking_error(a, NP_CODE_5011, value, "only one of http, dns and kafka can be asked");
    }
    request_of(a)->kind = kind;
}

/* ---- http ---- */

static void read_method(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->method);
}

static void read_path(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->path);
}

static void read_host(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->authority);
}

static void read_headers(struct np_asking *a, const struct np_node *value)
{
    if (!np_is(value, NP_LIST)) {
        np_asking_error(a, NP_CODE_5004, value, "a list of [name, value] pairs is expected");
        return;
    }
    struct netpol_pair *pairs = np_asking_array(a, value->list.count, sizeof *pairs);
    for (size_t i = 0; pairs && i < value->list.count; i++) {
        const struct np_node *pair = value->list.items[i];
        if (!np_is(pair, NP_LIST) || pair->list.count != 2) {
            np_asking_error(a, NP_CODE_5004, pair, "a [name, value] pair is expected");
            return;
        }
        if (!np_asking_text(a, pair->list.items[0], &pairs[i].name) ||
            !np_asking_text(a, pair->list.items[1], &pairs[i].value)) {
            return;
        }
    }
    request_of(a)->headers = pairs;
    request_of(a)->n_headers = pairs ? value->list.count : 0;
}

void np_asking_http(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"method",  read_method },
        {"path",    read_path   },
        {"host",    read_host   },
        {"headers", read_headers}
    };
    set_kind(a, value, NETPOL_REQUEST_HTTP);
    np_asking_members(a, value, members, COUNT(members));
}

/* ---- dns, kafka ---- */

static void read_query(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->dns_query);
}

void np_asking_dns(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"query", read_query}
    };
    set_kind(a, value, NETPOL_REQUEST_DNS);
    np_asking_members(a, value, members, COUNT(members));
}

static void read_api_key(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->kafka_api_key);
}

static void read_api_version(struct np_asking *a, const struct np_node *value)
{
    int64_t version;
    if (np_asking_number(a, value, 0, INT16_MAX, &version)) {
        request_of(a)->kafka_api_version = (int32_t)version;
    }
}

static void read_client(struct np_asking *a, const struct np_node *value)
{
    np_asking_text(a, value, &request_of(a)->kafka_client);
}

static void read_topics(struct np_asking *a, const struct np_node *value)
{
    np_asking_texts(a, value, false, &request_of(a)->kafka_topics, &request_of(a)->n_kafka_topics);
}

void np_asking_kafka(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"apiKey",     read_api_key    },
        {"apiVersion", read_api_version},
        {"clientID",   read_client     },
        {"topics",     read_topics     }
    };
    set_kind(a, value, NETPOL_REQUEST_KAFKA);
    np_asking_members(a, value, members, COUNT(members));
}

/* ---- the connection ---- */

void np_asking_sni(struct np_asking *a, const struct np_node *value)
{
    struct netpol_field *sni = &request_of(a)->sni;
    if (is_not_asked(value)) {
        sni->presence = NETPOL_NOT_ASKED;
    } else if (np_asking_text(a, value, &sni->value)) {
        sni->presence = NETPOL_PRESENT;
    }
}

void np_asking_principal(struct np_asking *a, const struct np_node *value)
{
    struct netpol_request *r = request_of(a);
    if (is_not_asked(value)) {
        r->principals_presence = NETPOL_NOT_ASKED;
    } else if (np_is(value, NP_STRING) && np_slice_is(value->text, "auto")) {
        a->question->principal_auto = true;
    } else if (np_asking_texts(a, value, true, &r->principals, &r->n_principals)) {
        r->principals_presence = NETPOL_PRESENT;
    }
}

void np_asking_remote_ip(struct np_asking *a, const struct np_node *value)
{
    struct np_address address;
    if (np_asking_address(a, value, &address)) {
        request_of(a)->remote_family = address.family;
        memcpy(request_of(a)->remote, address.bytes, sizeof address.bytes);
    }
}

static void original_ip(struct np_asking *a, const struct np_node *value)
{
    struct np_address address;
    if (np_asking_address(a, value, &address)) {
        request_of(a)->original_family = address.family;
        memcpy(request_of(a)->original, address.bytes, sizeof address.bytes);
    }
}

static void original_port(struct np_asking *a, const struct np_node *value)
{
    int64_t port;
    if (np_asking_number(a, value, 1, 65535, &port)) {
        request_of(a)->original_port = (uint16_t)port;
    }
}

void np_asking_original(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"ip",   original_ip  },
        {"port", original_port}
    };
    uint32_t errors = a->errors;
    np_asking_members(a, value, members, COUNT(members));
    const struct netpol_request *request = request_of(a);
    if (a->errors == errors && (!request->original_family || !request->original_port)) {
        np_asking_error(a, NP_CODE_5003, value, "original needs an ip and a port");
    }
}

void np_asking_token(struct np_asking *a, const struct np_node *value)
{
    static const char *const tokens[] = {"absent", "valid", "invalid"};
    int token = np_asking_choice(a, value, tokens, COUNT(tokens));
    if (token >= 0) {
        request_of(a)->token = (uint8_t)token;
    }
}

void np_asking_authenticated(struct np_asking *a, const struct np_node *value)
{
    if (!np_is(value, NP_BOOL)) {
        np_asking_error(a, NP_CODE_5004, value, "true or false is expected");
        return;
    }
    request_of(a)->authenticated = value->boolean ? NETPOL_TRI_YES : NETPOL_TRI_NO;
}

void np_asking_payload(struct np_asking *a, const struct np_node *value)
{
    static const char *const payloads[] = {"plain", "tls", "hbone", "opaque"};
    int payload = np_asking_choice(a, value, payloads, COUNT(payloads));
    if (payload >= 0) {
        request_of(a)->payload = (uint8_t)payload;
    }
}

void np_asking_decisions(struct np_asking *a, const struct np_node *value)
{
    static const char *const decisions[] = {"allow", "deny"};
    if (!np_is(value, NP_MAP)) {
        np_asking_error(a, NP_CODE_5004, value, "an object of provider and decision is expected");
        return;
    }
    struct netpol_pair *pairs = np_asking_array(a, value->map.count, sizeof *pairs);
    for (size_t i = 0; pairs && i < value->map.count; i++) {
        const struct np_member *member = &value->map.members[i];
        struct np_slice provider = np_arena_slice(&a->question->arena, member->key);
        a->no_memory = a->no_memory || !provider.ptr;
        pairs[i].name = (struct netpol_string){provider.ptr, provider.len};
        if (np_asking_choice(a, member->value, decisions, COUNT(decisions)) < 0 ||
            !np_asking_text(a, member->value, &pairs[i].value)) {
            return;
        }
    }
    request_of(a)->decisions = pairs;
    request_of(a)->n_decisions = pairs ? value->map.count : 0;
}

/* ---- claims: objects flatten to dotted paths, lists to repeated pairs ---- */

struct claims {
    struct np_asking *asking;
    struct netpol_pair *pairs; /* NULL: only counting */
    size_t count;
};

static void add_claim(struct claims *c, struct np_slice path, const struct np_node *value)
{
    struct np_asking *a = c->asking;
    bool scalar = np_is(value, NP_STRING) || np_is(value, NP_INT) || np_is(value, NP_BOOL);
    if (!scalar) {
        np_asking_error(a, NP_CODE_5004, value,
                        "a claim is a string, number, boolean, list or "
                        "object, not %s",
                        np_kind_name(value->kind));
        return;
    }
    if (c->pairs) {
        struct np_slice name = np_arena_slice(&a->question->arena, path);
        struct np_slice text = np_arena_slice(&a->question->arena, value->text);
        a->no_memory = a->no_memory || !name.ptr || !text.ptr;
        c->pairs[c->count] = (struct netpol_pair){
            {name.ptr, name.len},
            {text.ptr, text.len}
        };
    }
    c->count++;
}

/* The depth is bounded by the source reader. */
static void walk_claims(struct claims *c, struct np_text *path, const struct np_node *node)
{
    size_t before = path->len;
    if (np_is(node, NP_MAP)) {
        for (size_t i = 0; i < node->map.count; i++) {
            np_text_add(path, ".", before ? 1 : 0);
            np_text_add(path, node->map.members[i].key.ptr, node->map.members[i].key.len);
            walk_claims(c, path, node->map.members[i].value);
            path->len = before;
        }
    } else if (np_is(node, NP_LIST)) {
        for (size_t i = 0; i < node->list.count; i++) {
            walk_claims(c, path, node->list.items[i]);
        }
    } else {
        add_claim(c, (struct np_slice){path->ptr, path->len}, node);
    }
}

void np_asking_claims(struct np_asking *a, const struct np_node *value)
{
    if (is_not_asked(value)) {
        request_of(a)->claims_presence = NETPOL_NOT_ASKED;
        return;
    }
    if (!np_is(value, NP_MAP)) {
        np_asking_error(a, NP_CODE_5004, value, "an object of claims, or \"?\", is expected");
        return;
    }
    struct np_text path np_auto(np_text_free);
    np_text_init(&path, a->question->ctx);
    struct claims claims = {.asking = a};
    uint32_t errors = a->errors;
    walk_claims(&claims, &path, value);
    if (a->errors == errors) {
        claims.pairs = np_asking_array(a, claims.count, sizeof *claims.pairs);
        claims.count = 0;
        if (claims.pairs) {
            walk_claims(&claims, &path, value);
        }
    }
    a->no_memory = a->no_memory || path.failed;
    request_of(a)->claims = claims.pairs;
    request_of(a)->n_claims = claims.pairs ? claims.count : 0;
    request_of(a)->claims_presence = NETPOL_PRESENT;
}
