/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_fuzz.h"

#include "dialect/calico/calico.h"
#include "dialect/calico/rule.h"
#include "dialect/cilium/cilium.h"
#include "dialect/dialect.h"
#include "reference/reference.h"

#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS_MAX = 64, TEXT_MAX = 1 << 16, FLAG_ADMITTED = 1, FLAG_LENIENT = 2, FLAG_CLOSED = 4 };

/* What one reading of the input came to. */
struct reading {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    uint32_t load_flags;
    uint8_t engine;
    struct np_object *objects[OBJECTS_MAX];
    size_t count;
    uint64_t decoded, refused, skipped;
    int status;
    bool compare_json;
};

#define CHECK(condition)                                       \
    do {                                                       \
        if (!(condition)) {                                    \
            fprintf(stderr, "%d: %s\n", __LINE__, #condition); \
            abort();                                           \
        }                                                      \
    } while (0)

/* ---- the same document as JSON ---- */

/* Some values of YAML have no like in JSON: octal, past 64 bits, not a number. */
static bool write_json(struct np_text *out, const struct np_node *node)
{
    bool good = true;
    switch (node->kind) {
    case NP_NULL:
        np_text_addf(out, "null");
        break;
    case NP_BOOL:
        np_text_addf(out, node->boolean ? "true" : "false");
        break;
    case NP_INT:
        np_text_addf(out, "%lld", (long long)node->integer);
        return !(node->flags & (NP_NODE_BIG | NP_NODE_OCTAL));
    case NP_FLOAT:
        np_text_addf(out, "%.17g", node->real);
        return node->real > -1e300 && node->real < 1e300;
    case NP_STRING:
        np_text_json(out, node->text);
        break;
    case NP_LIST:
        for (size_t i = 0; i < node->list.count; i++) {
            np_text_addf(out, i ? "," : "[");
            good = write_json(out, node->list.items[i]) && good;
        }
        np_text_addf(out, node->list.count ? "]" : "[]");
        break;
    default:
        for (size_t i = 0; i < node->map.count; i++) {
            np_text_addf(out, i ? "," : "{");
            np_text_json(out, node->map.members[i].key);
            np_text_addf(out, ":");
            good = write_json(out, node->map.members[i].value) && good;
        }
        np_text_addf(out, node->map.count ? "}" : "{}");
    }
    return good;
}

static int judge_json(void *user, const struct np_document *document)
{
    struct reading *r = user;
    struct np_object *object = NULL;
    int status = np_decode_object(r->ctx, document, r->load_flags, NULL, &object);
    r->decoded += object != NULL;
    r->refused += status != NETPOL_OK;
    np_object_unref(object);
    return NETPOL_OK;
}

static void compare_json(const struct reading *from, const struct np_document *document,
                         const struct np_object *object, int status)
{
    struct reading r = {.ctx = from->ctx, .load_flags = from->load_flags};
    struct np_text text;
    np_text_init(&text, from->ctx);
    if (np_is(document->root, NP_MAP) && write_json(&text, document->root) && !text.failed &&
        netpol_diags_create(from->ctx, &r.diags) == NETPOL_OK) {
        int read = np_json_read(from->ctx, text.ptr, text.len, "json", r.diags, judge_json, &r);
        if (read == NETPOL_OK && r.decoded + r.refused + r.skipped < 2) {
            CHECK((r.refused != 0) == (status != NETPOL_OK));
            CHECK((r.decoded != 0) == (object != NULL));
        }
    }
    netpol_diags_destroy(r.diags);
    np_text_free(&text);
}

/* ---- reading ---- */

static int take(void *user, const struct np_document *document)
{
    struct reading *r = user;
    struct np_object *object = NULL;
    int status = np_decode_object(r->ctx, document, r->load_flags, NULL, &object);
    CHECK(status == NETPOL_OK || status == NETPOL_ERR_INPUT);
    CHECK(!object || object->state == (status == NETPOL_OK ? NP_OBJECT_OK : NP_OBJECT_UNREADABLE));
    r->decoded += object != NULL;
    r->refused += status != NETPOL_OK;
    r->skipped += status == NETPOL_OK && !object;
    /* A List that holds this document would give it a kind; JSON of it alone would not. */
    if (r->compare_json && document->list_kind.len == 0) {
        compare_json(r, document, object, status);
    }
    if (object && r->count < OBJECTS_MAX) {
        r->objects[r->count++] = object;
        return NETPOL_OK;
    }
    np_object_unref(object);
    return NETPOL_OK;
}

static void read_input(struct reading *r, const char *text, size_t size)
{
    CHECK(netpol_diags_create(r->ctx, &r->diags) == NETPOL_OK);
    r->status = np_source_read(r->ctx, text, size, "fuzz", NP_FORMAT_AUTO, r->diags, take, r);
    if (r->refused) {
        CHECK(np_diags_has_errors(r->diags));
    }
}

static void drop(struct reading *r)
{
    for (size_t i = 0; i < r->count; i++) {
        np_object_unref(r->objects[i]);
    }
    netpol_diags_destroy(r->diags);
}

static void same_reading(const struct reading *a, const struct reading *b)
{
    CHECK(a->status == b->status);
    CHECK(a->decoded == b->decoded && a->refused == b->refused && a->skipped == b->skipped);
    CHECK(netpol_diags_count(a->diags) == netpol_diags_count(b->diags));
    for (size_t i = 0; i < netpol_diags_count(a->diags); i++) {
        const struct netpol_diag *x = netpol_diags_at(a->diags, i);
        const struct netpol_diag *y = netpol_diags_at(b->diags, i);
        CHECK(strcmp(x->code, y->code) == 0 && strcmp(x->path, y->path) == 0);
        CHECK(x->line == y->line && x->column == y->column);
    }
}

/* ---- lowering and questions ---- */

static void add_pod(struct np_build *b, const char *space, const char *name, uint8_t last)
{
    struct np_endpoint *e = np_build_endpoint(b, np_build_text(b, space), np_build_text(b, name));
    struct np_label labels[] = {
        {np_build_text(b, "app"), np_build_text(b, name)},
        {np_build_text(b, "pod"), np_build_text(b, name)}
    };
    struct np_address address = {
        .family = NP_IPV4, .bytes = {10, 0, 0, last}
    };
    struct np_prefix prefix = np_prefix_of(&address);
    struct np_named_port *port = np_build_alloc(b, 1, sizeof *port);
    CHECK(e && port);
    *port = (struct np_named_port){np_build_text(b, "http"), 6, 80};
    e->labels = np_build_labels(b, labels, 2);
    e->node_name = np_build_text(b, "n1");
    e->prefixes = np_build_prefixes(b, &prefix, 1);
    e->n_prefixes = 1;
    e->ports = port;
    e->n_ports = 1;
    (void)np_build_namespace(b, np_build_text(b, space));
}

static struct np_options default_options(void)
{
    return (struct np_options){
#define NP_OPTION(name, values, fallback, doc) .name = (fallback),
#include "model/options.def"
#undef NP_OPTION
    };
}

static struct np_model *lower(const struct reading *r, unsigned flags, struct np_build **build)
{
    struct np_options options = default_options();
    options.engine = r->engine;
    struct np_model *model = NULL;
    struct np_build *b = *build = np_build_create(r->ctx);
    CHECK(b);
    if (flags & FLAG_CLOSED) {
        options.unreadable = options.unknown_peer = options.host_network = 1;
        options.other_proto = 2;
        options.extended_protocols = options.host_firewall = options.node_labels = 1;
        options.non_default_deny = options.plain_allow = 1;
    }
    *np_build_options(b) = options;
    add_pod(b, "x", "a", 1);
    add_pod(b, "x", "b", 2);
    add_pod(b, "default", "a", 3);
    struct np_lower l = {.ctx = r->ctx, .build = b, .options = &options, .diags = r->diags};
    CHECK(np_lower_objects(&l, r->objects, r->count) == NETPOL_OK);
    CHECK(np_build_seal(b, &model) == NETPOL_OK);
    CHECK(np_lower_check(&l, model) == NETPOL_OK);
    if (r->engine == NP_ENGINE_CALICO) {
        np_calico_check(&l, model);
        np_calico_check_services(&l, model);
    }
    if (r->engine == NP_ENGINE_CILIUM) {
        CHECK(np_cilium_check(&l, model) == NETPOL_OK);
    }
    return model;
}

static void ask(const struct np_model *a, const struct np_model *b)
{
    static const uint8_t ends[][4] = {
        {10,  0, 0, 1},
        {10,  0, 0, 2},
        {10,  0, 0, 3},
        {192, 0, 2, 1},
        {10,  1, 2, 3}
    };
    static const struct {
        uint8_t protocol;
        uint16_t port;
    } ports[] = {
        {6,   80 },
        {6,   443},
        {17,  53 },
        {132, 80 },
        {1,   0  }
    };
    enum { ENDS = sizeof ends / sizeof *ends, PORTS = sizeof ports / sizeof *ports };
    /* Every sixth of all combinations: each end and each port comes up on both sides. */
    for (size_t i = 0; i < ENDS * ENDS * PORTS; i += 6) {
        struct netpol_tuple tuple = {.family = 4, .src_port = 40000};
        struct netpol_verdict x, y;
        memcpy(tuple.src, ends[i % ENDS], 4);
        memcpy(tuple.dst, ends[i / ENDS % ENDS], 4);
        tuple.protocol = ports[i / ENDS / ENDS].protocol;
        tuple.dst_port = ports[i / ENDS / ENDS].port;
        memset(&x, 0, sizeof x);
        memset(&y, 0, sizeof y);
        np_reference_eval(a, &tuple, NULL, NULL, NULL, &x);
        np_reference_eval(b, &tuple, NULL, NULL, NULL, &y);
        CHECK(x.action < NETPOL_ACTION_COUNT);
        CHECK(x.action != NETPOL_INSPECT || a->options.engine != NP_ENGINE_KUBERNETES);
        CHECK(memcmp(&x, &y, sizeof x) == 0);
        CHECK((x.action == NETPOL_UNKNOWN) == (x.missing != 0));
        if (x.action == NETPOL_DENY) {
            const struct netpol_part *part = x.side == NETPOL_SIDE_EGRESS ? &x.egress : &x.ingress;
            CHECK(part->rule != 0 && part->rule < a->n_decisions);
        }
    }
}

static int fuzz(const uint8_t *data, size_t size, uint8_t engine)
{
    static struct netpol_ctx *ctx;
    if (size == 0 || size > TEXT_MAX) {
        return 0;
    }
    if (!ctx) {
        struct netpol_ctx_options options = {.size = sizeof options, .hash_seed = 1};
        CHECK(netpol_ctx_create(&options, &ctx) == NETPOL_OK);
    }
    unsigned flags = data[0] & 7;
    uint32_t load_flags = 0;
    load_flags |= flags & FLAG_ADMITTED ? NETPOL_LOAD_ADMITTED : 0;
    load_flags |= flags & FLAG_LENIENT ? NETPOL_LOAD_LENIENT : 0;
    struct reading first = {.ctx = ctx,
                            .load_flags = load_flags,
                            .engine = engine,
                            .compare_json = !(flags & FLAG_LENIENT)};
    struct reading second = {.ctx = ctx, .load_flags = load_flags, .engine = engine};
    struct np_build *builds[2];
    read_input(&first, (const char *)data + 1, size - 1);
    read_input(&second, (const char *)data + 1, size - 1);
    same_reading(&first, &second);
    if (first.count) {
        struct np_model *a = lower(&first, flags, &builds[0]);
        struct np_model *b = lower(&second, flags, &builds[1]);
        CHECK(a->n_decisions == b->n_decisions);
        ask(a, b);
        np_model_destroy(a);
        np_model_destroy(b);
        np_build_destroy(builds[0]);
        np_build_destroy(builds[1]);
    }
    drop(&first);
    drop(&second);
    return 0;
}

int fuzz_dialect(const uint8_t *data, size_t size)
{
    return fuzz(data, size, NP_ENGINE_KUBERNETES);
}

int fuzz_calico_dialect(const uint8_t *data, size_t size)
{
    return fuzz(data, size, NP_ENGINE_CALICO);
}

int fuzz_cilium_dialect(const uint8_t *data, size_t size)
{
    return fuzz(data, size, NP_ENGINE_CILIUM);
}
