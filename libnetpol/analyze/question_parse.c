/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a question: the table of its members, its ends, and what excludes what. The JSON source
 * reader gives the positions, so every error has a column.
 */
#include "analyze/question_read.h"
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- ends ---- */

static void end_kind(struct np_asking *a, const struct np_node *value, uint8_t kind)
{
    struct np_question_end *end = a->end;
    bool labels = kind == NP_END_LABELS && end->kind == NP_END_LABELS;
    if (end->kind != NP_END_NONE && !labels) {
        np_asking_error(a, NP_CODE_5005, value, "this end is told in two ways");
    }
    if (!labels) {
        end->line = value->line;
        end->column = value->column;
        end->length = value->length;
    }
    end->kind = kind;
}

/* "namespace/name" into its halves. */
static void read_name(struct np_asking *a, const struct np_node *value, uint8_t kind)
{
    struct netpol_string text;
    end_kind(a, value, kind);
    if (!np_asking_text(a, value, &text)) {
        return;
    }
    const char *slash = memchr(text.ptr, '/', text.len);
    size_t before = slash ? (size_t)(slash - text.ptr) : 0;
    size_t after = slash ? text.len - before - 1 : 0;
    if (before == 0 || after == 0 || memchr(slash + 1, '/', after)) {
        np_asking_error(a, NP_CODE_5004, value, "namespace/name is expected");
        return;
    }
    struct np_arena *arena = &a->question->arena;
    a->end->text = text.ptr;
    a->end->namespace_name = np_arena_text(arena, (struct np_slice){text.ptr, before});
    a->end->name = np_arena_text(arena, (struct np_slice){slash + 1, after});
    a->no_memory = a->no_memory || !a->end->namespace_name || !a->end->name;
}

static void read_pod(struct np_asking *a, const struct np_node *value)
{
    read_name(a, value, NP_END_POD);
}

static void read_service(struct np_asking *a, const struct np_node *value)
{
    read_name(a, value, NP_END_SERVICE);
}

static void read_ip(struct np_asking *a, const struct np_node *value)
{
    char text[46];
    end_kind(a, value, NP_END_IP);
    if (np_asking_address(a, value, &a->end->address)) {
        size_t len = np_address_format(&a->end->address, text);
        a->end->text = np_arena_text(&a->question->arena, (struct np_slice){text, len});
        a->no_memory = a->no_memory || !a->end->text;
    }
}

static void read_namespace(struct np_asking *a, const struct np_node *value)
{
    struct netpol_string text;
    end_kind(a, value, NP_END_LABELS);
    if (np_asking_text(a, value, &text)) {
        a->end->namespace_name = text.ptr;
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct netpol_label *)a)->key, ((const struct netpol_label *)b)->key);
}

static void read_labels(struct np_asking *a, const struct np_node *value)
{
    end_kind(a, value, NP_END_LABELS);
    if (!np_is(value, NP_MAP)) {
        np_asking_error(a, NP_CODE_5004, value, "an object of labels is expected");
        return;
    }
    struct netpol_label *labels = np_asking_array(a, value->map.count, sizeof *labels);
    for (size_t i = 0; labels && i < value->map.count; i++) {
        struct netpol_string text;
        labels[i].key = np_arena_text(&a->question->arena, value->map.members[i].key);
        a->no_memory = a->no_memory || !labels[i].key;
        if (!labels[i].key || !np_asking_text(a, value->map.members[i].value, &text)) {
            return;
        }
        labels[i].value = text.ptr;
    }
    if (labels) {
        qsort(labels, value->map.count, sizeof *labels, by_key);
        a->end->labels = labels;
        a->end->n_labels = value->map.count;
    }
}

static void read_names(struct np_asking *a, const struct np_node *value)
{
    *a->names_given = true;
    np_asking_texts(a, value, false, a->names, a->n_names);
    if (a->end->line == 0) {
        a->end->line = value->line;
        a->end->column = value->column;
        a->end->length = value->length;
    }
}

/* "ns{app=x,tier=y}", the text of an end that is told by labels. */
static void name_labelled_end(struct np_asking *a)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, a->question->ctx);
    np_text_addf(&text, "%s{", a->end->namespace_name);
    for (size_t i = 0; i < a->end->n_labels; i++) {
        np_text_addf(&text, "%s%s=%s", i ? "," : "", a->end->labels[i].key,
                     a->end->labels[i].value);
    }
    np_text_add(&text, "}", 1);
    a->end->text = text.failed ? NULL : np_arena_text(&a->question->arena, np_slice_of(text.ptr));
    a->no_memory = a->no_memory || !a->end->text;
}

static void read_end(struct np_asking *a, const struct np_node *value, struct np_question_end *end)
{
    static const struct np_question_member members[] = {
        {"pod",       read_pod      },
        {"ip",        read_ip       },
        {"service",   read_service  },
        {"namespace", read_namespace},
        {"labels",    read_labels   },
        {"names",     read_names    }
    };
    uint32_t errors = a->errors;
    a->end = end;
    np_asking_members(a, value, members, COUNT(members));
    if (a->errors > errors || a->no_memory) {
        return;
    }
    if (end->kind == NP_END_LABELS && !end->namespace_name) {
        np_asking_error(a, NP_CODE_5005, value, "labels need a namespace beside them");
    } else if (end->kind == NP_END_LABELS) {
        name_labelled_end(a);
    } else if (end->kind == NP_END_NONE && *a->n_names == 0) {
        np_asking_error(a, NP_CODE_5005, value, "nothing tells which end this is");
    } else if (end->kind == NP_END_NONE) {
        end->kind = NP_END_NAMES;
        end->text = (*a->names)[0].ptr;
    }
}

static void read_src(struct np_asking *a, const struct np_node *value)
{
    bool given = false;
    a->names_given = &given;
    a->names = &a->question->request.src_names;
    a->n_names = &a->question->request.n_src_names;
    read_end(a, value, &a->question->src);
    a->question->request.src_names_given = given;
}

static void read_dst(struct np_asking *a, const struct np_node *value)
{
    bool given = false;
    a->names_given = &given;
    a->names = &a->question->request.dst_names;
    a->n_names = &a->question->request.n_dst_names;
    read_end(a, value, &a->question->dst);
    a->question->request.dst_names_given = given;
}

/* ---- protocol and ports ---- */

static void read_protocol(struct np_asking *a, const struct np_node *value)
{
    static const struct {
        const char *name;
        uint8_t number;
    } protocols[] = {
#define NP_PROTOCOL(name, number) {name, number},
#include "analyze/protocols.def"
#undef NP_PROTOCOL
    };
    if (np_is(value, NP_INT)) {
        int64_t number;
        if (np_asking_number(a, value, 0, 255, &number)) {
            a->question->protocol = (int16_t)number;
        }
        return;
    }
    const char *names[COUNT(protocols)];
    for (size_t i = 0; i < COUNT(protocols); i++) {
        names[i] = protocols[i].name;
    }
    int i = np_asking_choice(a, value, names, COUNT(names));
    if (i >= 0) {
        a->question->protocol = protocols[i].number;
    }
}

static void read_port(struct np_asking *a, const struct np_node *value)
{
    int64_t port;
    if (np_asking_number(a, value, 1, 65535, &port)) {
        a->question->port = (int32_t)port;
    }
}

static void read_src_port(struct np_asking *a, const struct np_node *value)
{
    int64_t port;
    if (np_asking_number(a, value, 1, 65535, &port)) {
        a->question->src_port = (int32_t)port;
    }
}

static void read_icmp_type(struct np_asking *a, const struct np_node *value)
{
    int64_t type;
    if (np_asking_number(a, value, 0, 255, &type)) {
        a->question->icmp_type = (int32_t)type;
    }
}

static void read_icmp_code(struct np_asking *a, const struct np_node *value)
{
    int64_t code;
    if (np_asking_number(a, value, 0, 255, &code)) {
        a->question->icmp_code = (int32_t)code;
    }
}

static void read_icmp(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"type", read_icmp_type},
        {"code", read_icmp_code}
    };
    uint32_t errors = a->errors;
    np_asking_members(a, value, members, COUNT(members));
    if (a->errors == errors && a->question->icmp_type < 0) {
        np_asking_error(a, NP_CODE_5003, value, "icmp needs a type");
    }
    if (a->question->icmp_code < 0) {
        a->question->icmp_code = 0;
    }
}

static void read_fragment(struct np_asking *a, const struct np_node *value)
{
    if (!np_is(value, NP_BOOL)) {
        np_asking_error(a, NP_CODE_5004, value, "true or false is expected");
        return;
    }
    a->question->fragment = value->boolean;
}

/* ---- at, expect ---- */

static void read_choice(struct np_asking *a, const struct np_node *value,
                        const char *const *choices, size_t count, uint8_t *out)
{
    int choice = np_asking_choice(a, value, choices, count);
    if (choice >= 0) {
        *out = (uint8_t)(choice + 1);
    }
}

static void read_at_plane(struct np_asking *a, const struct np_node *value)
{
    static const char *const planes[] = {"network", "mesh"};
    read_choice(a, value, planes, COUNT(planes), &a->question->point.plane);
}

static void read_at_side(struct np_asking *a, const struct np_node *value)
{
    static const char *const sides[] = {"egress", "ingress"};
    read_choice(a, value, sides, COUNT(sides), &a->question->point.side);
}

static void read_at_hook(struct np_asking *a, const struct np_node *value)
{
    static const char *const hooks[] = {"untracked", "preDNAT", "forward", "normal"};
    read_choice(a, value, hooks, COUNT(hooks), &a->question->point.hook);
}

static void read_at_mode(struct np_asking *a, const struct np_node *value)
{
    static const char *const modes[] = {"sidecar-http", "sidecar-tcp", "waypoint", "ztunnel",
                                        "strict-safe"};
    read_choice(a, value, modes, COUNT(modes), &a->question->point.mode);
}

static void read_at(struct np_asking *a, const struct np_node *value)
{
    static const struct np_question_member members[] = {
        {"plane", read_at_plane},
        {"side",  read_at_side },
        {"hook",  read_at_hook },
        {"mode",  read_at_mode }
    };
    a->question->has_point = true;
    np_asking_members(a, value, members, COUNT(members));
}

static void read_expect(struct np_asking *a, const struct np_node *value)
{
    static const char *const actions[] = {"allow", "inspect", "unknown", "deny"};
    a->question->expects = np_asking_choice(a, value, actions, COUNT(actions));
}

static void ignore(struct np_asking *a, const struct np_node *value)
{
    (void)a;
    (void)value;
}

/* ---- the whole question ---- */

static const struct np_question_member question_members[] = {
    {"src",           read_src               },
    {"dst",           read_dst               },
    {"protocol",      read_protocol          },
    {"port",          read_port              },
    {"srcPort",       read_src_port          },
    {"icmp",          read_icmp              },
    {"sni",           np_asking_sni          },
    {"principal",     np_asking_principal    },
    {"remoteIp",      np_asking_remote_ip    },
    {"original",      np_asking_original     },
    {"claims",        np_asking_claims       },
    {"http",          np_asking_http         },
    {"dns",           np_asking_dns          },
    {"kafka",         np_asking_kafka        },
    {"token",         np_asking_token        },
    {"authenticated", np_asking_authenticated},
    {"decisions",     np_asking_decisions    },
    {"payload",       np_asking_payload      },
    {"fragment",      read_fragment          },
    {"at",            read_at                },
    {"expect",        read_expect            },
    {"why",           ignore                 },
    {"name",          ignore                 },
};

static bool has_ports(int protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136;
}

/* What a single member cannot know. Fills in the protocol when it was not said. */
static void check_whole(struct np_asking *a, const struct np_node *root)
{
    struct netpol_question *q = a->question;
    if (!np_get(root, "src") || !np_get(root, "dst")) {
        np_asking_error(a, NP_CODE_5003, root, "src and dst are both needed");
        return;
    }
    if (q->icmp_type >= 0 && q->protocol >= 0 && q->protocol != 1 && q->protocol != 58) {
        np_asking_error(a, NP_CODE_5011, np_get(root, "icmp"),
                        "icmp goes with ICMP and ICMPv6 only");
    }
    if (q->icmp_type >= 0 && (q->port >= 0 || q->src_port >= 0)) {
        np_asking_error(a, NP_CODE_5011, np_get(root, "icmp"), "icmp has no ports");
    }
    bool ports = q->port >= 0 || q->src_port >= 0;
    if (ports && q->protocol >= 0 && !has_ports(q->protocol)) {
        np_asking_error(a, NP_CODE_5011, np_get(root, q->port >= 0 ? "port" : "srcPort"),
                        "this protocol has no ports");
    }
    bool by_service = q->dst.kind == NP_END_SERVICE;
    if (by_service && q->port < 0) {
        np_asking_error(a, NP_CODE_5003, np_get(root, "dst"), "a service is asked with a port");
    }
}

static int read_document(void *user, const struct np_document *document)
{
    struct np_asking *a = user;
    const struct np_node *root = document->root;
    a->document = document;
    if (!np_is(root, NP_MAP) || a->documents++ > 0) {
        np_asking_error(a, NP_CODE_5001, root, "one JSON object is expected, not %s",
                        a->documents > 1 ? "several" : np_kind_name(root->kind));
        return NETPOL_OK;
    }
    np_asking_members(a, root, question_members, COUNT(question_members));
    if (a->errors == 0 && !a->no_memory) {
        check_whole(a, root);
    }
    return a->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

/* The source reader counts lines from 1; a question is one line of a file. */
static void retell(const struct netpol_question *q, const struct netpol_diags *from,
                   struct netpol_diags *to)
{
    for (size_t i = 0; i < netpol_diags_count(from); i++) {
        const struct netpol_diag *d = netpol_diags_at(from, i);
        struct np_place place = {.source = q->source,
                                 .text = q->json,
                                 .size = q->json_size,
                                 .line = d->line ? d->line - 1 + q->line : q->line,
                                 .first_line = q->line,
                                 .column = d->column,
                                 .length = d->length};
        for (size_t code = 0; code < NP_CODE_COUNT; code++) {
            if (strcmp(netpol_code_at(code)->code, d->code) == 0) {
                np_diag_full(to, (enum np_code)code, d->severity, d->hint, &place, "%s",
                             d->message);
            }
        }
    }
}

static int read_question(struct netpol_question *q, struct netpol_diags *diags)
{
    struct netpol_diags *syntax = NULL;
    int status = netpol_diags_create(q->ctx, &syntax);
    if (status != NETPOL_OK) {
        return status;
    }
    struct np_asking asking = {.question = q, .diags = diags};
    np_text_init(&asking.path, q->ctx);
    np_text_add(&asking.path, "", 0);
    status = asking.path.failed ? NETPOL_ERR_MEMORY
                                : np_json_read(q->ctx, q->json, q->json_size, q->source, syntax,
                                               read_document, &asking);
    retell(q, syntax, diags);
    netpol_diags_destroy(syntax);
    np_text_free(&asking.path);
    if (status == NETPOL_OK && asking.documents == 0 && asking.errors == 0) {
        struct np_place place = {.source = q->source, .line = q->line};
        np_diag(diags, NP_CODE_5001, &place, "there is no question");
        asking.errors++;
    }
    if (status == NETPOL_ERR_LIMIT) {
        status = NETPOL_ERR_INPUT;
    }
    return status == NETPOL_OK && asking.errors ? NETPOL_ERR_INPUT : status;
}

int np_question_parse(struct netpol_ctx *ctx, struct np_slice json, const char *name, uint32_t line,
                      struct netpol_diags *diags, struct netpol_question **out)
{
    struct netpol_question *q = np_zalloc(ctx, sizeof *q);
    if (!q) {
        return NETPOL_ERR_MEMORY;
    }
    q->ctx = ctx;
    np_arena_init(&q->arena, ctx, 1024);
    q->protocol = -1;
    q->port = q->src_port = q->icmp_type = q->icmp_code = -1;
    q->expects = -1;
    q->request = (struct netpol_request)NETPOL_REQUEST_INIT;
    q->request.sni.presence = NETPOL_ABSENT;
    q->request.principals_presence = NETPOL_ABSENT;
    q->request.claims_presence = NETPOL_ABSENT;
    q->line = line ? line : 1;
    q->source = np_arena_text(&q->arena, np_slice_of(name));
    q->json = np_arena_text(&q->arena, json);
    q->json_size = json.len;
    int status = q->source && q->json ? read_question(q, diags) : NETPOL_ERR_MEMORY;
    if (status != NETPOL_OK) {
        np_question_destroy(q);
        return status;
    }
    *out = q;
    return NETPOL_OK;
}

void np_question_destroy(struct netpol_question *question)
{
    if (question) {
        np_arena_free(&question->arena);
        np_free(question->ctx, question, sizeof *question);
    }
}
