/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the ends of a question to endpoints: pods and workloads by name, services to their backends
 * and target ports, ends that only the question knows through the store.
 */
#include "analyze/question.h"
#include <stdarg.h>
#include <stdio.h>

void np_question_complain(const struct netpol_question *question, struct netpol_diags *diags,
                          enum np_code code, const char *hint, const struct np_question_end *end,
                          const char *path, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct np_place place = {.source = question->source,
                             .text = question->json,
                             .size = question->json_size,
                             .line = question->line + (end->line ? end->line - 1 : 0),
                             .first_line = question->line,
                             .column = end->column,
                             .length = end->length,
                             .path = path};
    np_diag_full(diags, code, -1, hint, &place, "%s", message);
}

/* ---- ends that only exist in the question ---- */

/* The same namespace and labels give the same name, so a thousand questions add one pod. */
static bool made_up_name(const struct netpol_ctx *ctx, const struct np_question_end *end,
                         char out[32])
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, ctx);
    np_text_add(&text, end->namespace_name, strlen(end->namespace_name) + 1);
    for (size_t i = 0; i < end->n_labels; i++) {
        np_text_add(&text, end->labels[i].key, strlen(end->labels[i].key) + 1);
        np_text_add(&text, end->labels[i].value, strlen(end->labels[i].value) + 1);
    }
    if (!text.failed) {
        snprintf(out, 32, "question-%016llx",
                 (unsigned long long)np_hash_stable(text.ptr, text.len));
    }
    return !text.failed;
}

static int prepare_end(struct netpol_question *question, struct np_question_end *end,
                       const char *path, struct netpol_store *store, struct netpol_diags *diags)
{
    char name[32];
    if (end->kind != NP_END_LABELS) {
        return NETPOL_OK;
    }
    if (!made_up_name(question->ctx, end, name)) {
        return NETPOL_ERR_MEMORY;
    }
    struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                        .namespace_name = end->namespace_name,
                                        .name = name,
                                        .labels = end->labels,
                                        .n_labels = end->n_labels};
    struct np_object *object = NULL;
    int status = np_decode_endpoint(question->ctx, &spec, diags, &object);
    if (status == NETPOL_ERR_INPUT) {
        np_question_complain(question, diags, NP_CODE_5004, NULL, end, path,
                             "no pod could have this namespace and these labels");
    }
    return status == NETPOL_OK ? np_store_upsert(store, object, &end->ref) : status;
}

int np_question_prepare(struct netpol_question *question, struct netpol_store *store,
                        struct netpol_diags *diags)
{
    int status = prepare_end(question, &question->src, "src", store, diags);
    return status == NETPOL_OK ? prepare_end(question, &question->dst, "dst", store, diags)
                               : status;
}

/* ---- suggestions ---- */

/* Is a the better one of two with the same name part? Only used to say "did you mean". */
static const char *suggest_workload(struct np_resolve *r, const struct np_question_end *end)
{
    const struct np_inventory *inv = &np_whole_of(r->matcher)->model->inventory;
    const char **names = np_arena_array(r->arena, inv->n_endpoints, sizeof *names);
    size_t count = 0;
    for (uint32_t i = 0; names && i < inv->n_endpoints; i++) {
        const struct np_endpoint *e = inv->endpoints[i];
        np_str name = e->workload_name ? e->workload_name : e->name;
        if (!e->namespace_name || !name || e->sibling) {
            continue;
        }
        size_t size = e->namespace_name->len + name->len + 2;
        char *text = np_arena_alloc(r->arena, size);
        if (!text) {
            return NULL;
        }
        snprintf(text, size, "%s/%s", e->namespace_name->text, name->text);
        if (strcmp(name->text, end->name) == 0) {
            return text;
        }
        names[count++] = text;
    }
    return names ? np_suggest(np_slice_of(end->text), names, count) : NULL;
}

static const char *suggest_service(struct np_resolve *r, const struct np_question_end *end)
{
    const struct np_inventory *inv = &np_whole_of(r->matcher)->model->inventory;
    const char **names = np_arena_array(r->arena, inv->n_services, sizeof *names);
    for (uint32_t i = 0; names && i < inv->n_services; i++) {
        const struct np_service_info *s = inv->services[i];
        size_t size = s->namespace_name->len + s->name->len + 2;
        char *text = np_arena_alloc(r->arena, size);
        if (!text) {
            return NULL;
        }
        snprintf(text, size, "%s/%s", s->namespace_name->text, s->name->text);
        if (strcmp(s->name->text, end->name) == 0) {
            return text;
        }
        names[i] = text;
    }
    return names ? np_suggest(np_slice_of(end->text), names, inv->n_services) : NULL;
}

static int not_found(struct np_resolve *r, const struct np_question_end *end, bool destination)
{
    bool service = end->kind == NP_END_SERVICE;
    const char *near = service ? suggest_service(r, end) : suggest_workload(r, end);
    char hint[600];
    if (near) {
        snprintf(hint, sizeof hint, "Did you mean '%s'?", near);
    }
    np_question_complain(r->question, r->diags, service ? NP_CODE_5007 : NP_CODE_5006,
                         near ? hint : NULL, end, destination ? "dst" : "src",
                         service ? "there is no service %s" : "there is no pod or workload %s",
                         end->text);
    return NETPOL_ERR_INPUT;
}

/* ---- candidates ---- */

static int one(struct np_resolve *r, struct np_candidates *out, struct np_candidate candidate)
{
    out->items = np_arena_alloc(r->arena, sizeof *out->items);
    if (!out->items) {
        return NETPOL_ERR_MEMORY;
    }
    out->items[0] = candidate;
    out->count = 1;
    return NETPOL_OK;
}

static const char *backend_text(struct np_resolve *r, const struct np_backend *backend)
{
    char address[46];
    if (!backend->endpoint) {
        size_t len = np_address_format(&backend->address, address);
        return np_arena_text(r->arena, (struct np_slice){address, len});
    }
    const struct np_endpoint *e = backend->endpoint;
    size_t size = np_str_slice(e->namespace_name).len + e->name->len + 2;
    char *text = np_arena_alloc(r->arena, size);
    if (text) {
        snprintf(text, size, "%s/%s", e->namespace_name ? e->namespace_name->text : "",
                 e->name->text);
    }
    return text;
}

static int add_backends(struct np_resolve *r, const struct np_service_info *service,
                        const struct np_service_port *port, int32_t asked,
                        struct np_candidates *out)
{
    out->items = np_arena_array(r->arena, service->n_backends, sizeof *out->items);
    if (!out->items) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < service->n_backends; i++) {
        const struct np_backend *backend = &service->backends[i];
        uint16_t target = (uint16_t)asked;
        /* A headless name resolves to the pods themselves: nothing translates the port. */
        if (port && !service->headless && !np_inventory_target(service, port, backend, &target)) {
            continue;
        }
        struct np_candidate *c = &out->items[out->count];
        *c = (struct np_candidate){.endpoint = backend->endpoint,
                                   .address = backend->address,
                                   .port = port ? target : -1,
                                   .text = backend_text(r, backend)};
        /* Slices name a pod once per port; without a port to tell them apart once is enough. */
        bool again = false;
        for (uint32_t k = 0; k < out->count && !again; k++) {
            again = out->items[k].endpoint == c->endpoint && out->items[k].port == c->port &&
                    np_address_equal(&out->items[k].address, &c->address);
        }
        if (!c->text) {
            return NETPOL_ERR_MEMORY;
        }
        out->count += !again;
    }
    return NETPOL_OK;
}

static int no_such_port(struct np_resolve *r, const struct np_question_end *end,
                        const struct np_service_info *service)
{
    char list[200] = "none";
    for (uint32_t i = 0, len = 0; i < service->n_ports; i++) {
        int more = snprintf(list + len, sizeof list - len, "%s%u", i ? ", " : "",
                            (unsigned)service->ports[i].port);
        len += more > 0 && (size_t)more < sizeof list - len ? (uint32_t)more : 0;
    }
    char hint[256];
    snprintf(hint, sizeof hint, "It has these ports: %s.", list);
    np_question_complain(r->question, r->diags, NP_CODE_5008, hint, end, "port",
                         "service %s has no port %d of this protocol", end->text,
                         r->question->port);
    return NETPOL_ERR_INPUT;
}

static int resolve_service(struct np_resolve *r, const struct np_question_end *end,
                           bool destination, struct np_candidates *out)
{
    const struct np_service_info *service =
        np_inventory_service(&np_whole_of(r->matcher)->model->inventory,
                             np_slice_of(end->namespace_name), np_slice_of(end->name));
    int32_t asked = r->question->port;
    if (!service) {
        return not_found(r, end, destination);
    }
    out->service = service;
    if (service->external_name) {
        struct np_candidate outside = {.name = np_str_slice(service->external),
                                       .port = asked,
                                       .text = service->external ? service->external->text : ""};
        return one(r, out, outside);
    }
    if (!destination) {
        return add_backends(r, service, NULL, -1, out);
    }
    int protocol = r->question->protocol < 0 ? 6 : r->question->protocol;
    for (uint32_t i = 0; i < service->n_ports; i++) {
        if (service->ports[i].protocol == protocol && service->ports[i].port == asked) {
            return add_backends(r, service, &service->ports[i], asked, out);
        }
    }
    static const struct np_service_port any = {0};
    return service->headless ? add_backends(r, service, &any, asked, out)
                             : no_such_port(r, end, service);
}

static int resolve_pod(struct np_resolve *r, const struct np_question_end *end, bool destination,
                       struct np_candidates *out)
{
    const struct np_endpoint *endpoint =
        np_inventory_pod(&np_whole_of(r->matcher)->model->inventory,
                         np_slice_of(end->namespace_name), np_slice_of(end->name));
    if (!endpoint) {
        return not_found(r, end, destination);
    }
    bool itself = !endpoint->representative && strcmp(endpoint->name->text, end->name) == 0;
    return one(r, out,
               (struct np_candidate){.endpoint = endpoint,
                                     .port = r->question->port,
                                     .text = end->text,
                                     .by_workload = !itself});
}

static int resolve_labels(struct np_resolve *r, const struct np_question_end *end, bool destination,
                          struct np_candidates *out)
{
    const struct np_endpoint *endpoint =
        end->ref ? np_inventory_endpoint(&np_whole_of(r->matcher)->model->inventory, end->ref)
                 : NULL;
    if (!endpoint) {
        np_question_complain(r->question, r->diags, NP_CODE_5010, NULL, end,
                             destination ? "dst" : "src", "%s was not known to the compile",
                             end->text);
        return NETPOL_ERR_INPUT;
    }
    return one(
        r, out,
        (struct np_candidate){.endpoint = endpoint, .port = r->question->port, .text = end->text});
}

int np_resolve_end(struct np_resolve *r, const struct np_question_end *end, bool destination,
                   struct np_candidates *out)
{
    *out = (struct np_candidates){0};
    switch (end->kind) {
    case NP_END_POD:
        return resolve_pod(r, end, destination, out);
    case NP_END_SERVICE:
        return resolve_service(r, end, destination, out);
    case NP_END_LABELS:
        return resolve_labels(r, end, destination, out);
    case NP_END_IP:
        return one(r, out,
                   (struct np_candidate){
                       .address = end->address, .port = r->question->port, .text = end->text});
    default:
        return one(r, out, (struct np_candidate){.port = r->question->port, .text = end->text});
    }
}
