/* SPDX-License-Identifier: Apache-2.0 */
/* Who an end of a flow is: identity, labels, pod, workload. */
#include "analyze/hubble.h"
#include "dialect/cilium/identity.h"
#include "image/identity.h"

static const char *text_of(np_str text)
{
    return text ? text->text : "";
}

/* ---- identities ---- */

static np_str node_name(const struct np_end *end)
{
    return end->node ? end->node->name : end->endpoint ? end->endpoint->node_name : NULL;
}

static bool is_node(const struct np_end *end)
{
    return end->domain == NP_DOMAIN_NODES;
}

static uint32_t outside_number(const struct netpol_hubble *hubble, const struct np_end *end)
{
    const struct np_image *image = &hubble->matcher->image;
    bool dual = image->header->flags & NP_IMAGE_DUAL_WORLD;
    uint32_t number = np_identity_longest(image, end->address.family, end->address.bytes);
    uint32_t world = !dual                            ? NETPOL_IDENTITY_WORLD
                     : end->address.family == NP_IPV4 ? NETPOL_IDENTITY_WORLD_IPV4
                                                      : NETPOL_IDENTITY_WORLD_IPV6;
    return number ? number : world;
}

/* Of an end of the cluster that is neither pod nor node, by what CiliumNodes tell. */
static uint32_t inside_number(const struct np_inventory *inventory,
                              const struct np_address *address)
{
    for (uint32_t i = 0; i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        for (uint32_t k = 0; set->inside && k < set->n_prefixes; k++) {
            if (np_prefix_has(&set->prefixes[k], address)) {
                return strcmp(set->name->text, "health") == 0    ? NETPOL_IDENTITY_HEALTH
                       : strcmp(set->name->text, "ingress") == 0 ? NETPOL_IDENTITY_INGRESS
                                                                 : NETPOL_IDENTITY_UNKNOWN;
            }
        }
    }
    return NETPOL_IDENTITY_UNKNOWN;
}

/* 0: it cannot be told. */
static uint32_t number_of(const struct netpol_hubble *hubble, const struct np_end *end,
                          const struct np_end *near)
{
    const struct np_endpoint_record *records = hubble->matcher->image.section[NP_SECTION_ENDPOINTS];
    np_str here = node_name(near), there = node_name(end);
    if (is_node(end)) {
        bool known = end == near || (here && there);
        bool own = end == near || here == there;
        return !known ? NETPOL_IDENTITY_UNKNOWN
               : own  ? NETPOL_IDENTITY_HOST
                      : NETPOL_IDENTITY_REMOTE_NODE;
    }
    if (end->endpoint) {
        return records[end->endpoint->index].identity;
    }
    bool told = !np_is_maybe(end->missing) && end->address.family;
    if (told && end->domain == NP_DOMAIN_PODS) {
        return inside_number(&hubble->model->inventory, &end->address);
    }
    return told ? outside_number(hubble, end) : NETPOL_IDENTITY_UNKNOWN;
}

/* ---- labels ---- */

/* Texts one after the other, each with its NUL. */
static bool keep_labels(struct netpol_hubble *hubble, struct np_slice texts,
                        struct np_hubble_end *out)
{
    char *copy = np_arena_alloc(&hubble->arena, texts.len + 1);
    uint32_t count = 0;
    for (size_t i = 0; i < texts.len; i++) {
        count += texts.ptr[i] == '\0';
    }
    out->labels = np_arena_array(&hubble->arena, count, sizeof *out->labels);
    if (!copy || !out->labels) {
        return false;
    }
    if (texts.len) {
        memcpy(copy, texts.ptr, texts.len);
    }
    for (size_t at = 0; out->n_labels < count; at += strlen(copy + at) + 1) {
        out->labels[out->n_labels++] = copy + at;
    }
    return true;
}

static bool label_end(struct netpol_hubble *hubble, const struct np_end *end, uint32_t number,
                      struct np_hubble_end *out)
{
    const struct np_model *model = hubble->model;
    struct np_text texts np_auto(np_text_free);
    np_text_init(&texts, hubble->ctx);
    if (end->endpoint && !is_node(end)) {
        np_cilium_pod_labels(&model->inventory, end->endpoint, model->options.identity_labels,
                             &texts);
    } else if (number && number <= NETPOL_IDENTITY_WORLD_IPV6) {
        return keep_labels(hubble, np_cilium_reserved_labels(number), out);
    } else if (number) {
        const struct np_prefix prefix = np_prefix_of(&end->address);
        const struct np_image *image = &hubble->matcher->image;
        const struct np_identity_record *record =
            (const struct np_identity_record *)image->section[NP_SECTION_IDENTITIES] +
            np_identity_index(image, number);
        struct np_prefix named = {prefix.address, record->length};
        memcpy(named.address.bytes, record->address, sizeof named.address.bytes);
        np_cilium_cidr_labels(&named, image->header->flags & NP_IMAGE_DUAL_WORLD, &texts);
    }
    return !texts.failed && keep_labels(hubble, (struct np_slice){texts.ptr, texts.len}, out);
}

static bool name_end(struct netpol_hubble *hubble, const struct np_end *end,
                     struct np_hubble_end *out)
{
    struct netpol_string *names = np_arena_array(&hubble->arena, end->n_names, sizeof *names);
    for (uint32_t i = 0; names && i < end->n_names; i++) {
        struct np_slice name = {end->names[i].ptr, end->names[i].len};
        name = np_arena_slice(&hubble->arena, name);
        if (!name.ptr) {
            return false;
        }
        names[i] = (struct netpol_string){name.ptr, name.len};
    }
    out->names = names;
    out->n_names = end->n_names;
    return names != NULL;
}

bool np_hubble_end(struct netpol_hubble *hubble, const struct np_end *end,
                   const struct np_end *near, struct np_hubble_end *out)
{
    uint32_t number = number_of(hubble, end, near);
    const struct np_endpoint *pod = is_node(end) ? NULL : end->endpoint;
    *out = (struct np_hubble_end){.identity = hubble->identities ? number : 0,
                                  .namespace_name = pod ? text_of(pod->namespace_name) : "",
                                  .pod = pod ? text_of(pod->name) : "",
                                  .workload_kind = pod ? text_of(pod->workload_kind) : "",
                                  .workload = pod ? text_of(pod->workload_name) : "",
                                  .address = end->address};
    return label_end(hubble, end, number, out) && name_end(hubble, end, out);
}

/* ---- the request ---- */

static void keep(struct netpol_hubble *hubble, struct netpol_string *text, bool *fine)
{
    struct np_slice copy = np_arena_slice(&hubble->arena, (struct np_slice){text->ptr, text->len});
    *fine = *fine && copy.ptr;
    *text = (struct netpol_string){copy.ptr, copy.len};
}

/* "x-request-id" to "X-Request-Id", where it is made of what names of headers are made of: access
 * logs keep headers so (pkg/envoy/accesslog.go, GetNetHttpHeaders; Go's net/textproto). */
static void capitalise(char *name, size_t len)
{
    bool first = true;
    for (size_t i = 0; i < len; i++) {
        char folded = (char)(name[i] | 0x20);
        bool fine = (name[i] >= '0' && name[i] <= '9') || (folded >= 'a' && folded <= 'z') ||
                    (name[i] && strchr("!#$%&'*+-.^_`|~", name[i]));
        if (!fine) {
            return;
        }
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        name[i] = first && lower    ? (char)(c - 'a' + 'A')
                  : !first && upper ? (char)(c - 'A' + 'a')
                                    : c;
        first = c == '-';
    }
}

/* In order of names; of one name as they came. */
static void place_header(struct netpol_pair *headers, size_t count, struct netpol_pair header)
{
    struct np_slice name = {header.name.ptr, header.name.len};
    while (count > 0 && np_slice_compare((struct np_slice){headers[count - 1].name.ptr,
                                                           headers[count - 1].name.len},
                                         name) > 0) {
        headers[count] = headers[count - 1];
        count--;
    }
    headers[count] = header;
}

static void keep_header(struct netpol_hubble *hubble, struct netpol_pair *headers, size_t count,
                        struct netpol_pair header, bool *fine)
{
    char *name = np_arena_text(&hubble->arena, (struct np_slice){header.name.ptr, header.name.len});
    keep(hubble, &header.value, fine);
    *fine = *fine && name;
    if (*fine) {
        capitalise(name, header.name.len);
        header.name.ptr = name;
        place_header(headers, count, header);
    }
}

/* Copies what flows show; the rest is not looked at any more. */
bool np_hubble_keep_request(struct netpol_hubble *hubble, const struct netpol_request *request)
{
    struct netpol_request *r = &hubble->request;
    *r = (struct netpol_request){.size = sizeof *r, .kafka_api_version = -1};
    if (!request) {
        return true;
    }
    bool fine = true;
    r->kind = request->kind;
    r->method = request->method;
    r->path = request->path;
    r->authority = request->authority;
    r->scheme = request->scheme;
    r->dns_query = request->dns_query;
    r->kafka_api_key = request->kafka_api_key;
    r->kafka_api_version = request->kafka_api_version;
    struct netpol_string *const texts[] = {&r->method, &r->path,      &r->authority,
                                           &r->scheme, &r->dns_query, &r->kafka_api_key};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        keep(hubble, texts[i], &fine);
    }
    struct netpol_pair *headers =
        np_arena_array(&hubble->arena, request->n_headers, sizeof *headers);
    struct netpol_string *topics =
        np_arena_array(&hubble->arena, request->n_kafka_topics, sizeof *topics);
    fine = fine && headers && topics;
    for (size_t i = 0; fine && i < request->n_headers; i++) {
        keep_header(hubble, headers, i, request->headers[i], &fine);
    }
    for (size_t i = 0; fine && i < request->n_kafka_topics; i++) {
        topics[i] = request->kafka_topics[i];
        keep(hubble, &topics[i], &fine);
    }
    r->headers = headers;
    r->n_headers = request->n_headers;
    r->kafka_topics = topics;
    r->n_kafka_topics = request->n_kafka_topics;
    return fine;
}
