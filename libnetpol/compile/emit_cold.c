/* SPDX-License-Identifier: Apache-2.0 */
/* Cold sections: what decisions, options, nodes, endpoints and identities are called. */
#include "compile/emit_cold.h"

struct cold {
    struct np_emit *emit;
    const struct np_whole *whole;
    struct np_texts *texts;
    const struct np_image *before;
    bool failed;
};

/* The offset of a text, there once. */
static uint32_t text(struct cold *c, const char *value)
{
    const struct netpol_ctx *ctx = c->texts->ctx;
    size_t length = value ? strlen(value) : 0;
    if (length == 0) {
        return 0;
    }
    bool added;
    uint64_t *at = np_map_add(&c->texts->offsets, (struct np_slice){value, length}, &added);
    if (at && added) {
        *at = c->texts->strings.count;
        size_t end = c->texts->strings.count + length + 1;
        if (!np_vec_grow(ctx, (void **)&c->texts->strings.items, &c->texts->strings.capacity, end,
                         1)) {
            c->failed = true;
            return 0;
        }
        memcpy(c->texts->strings.items + c->texts->strings.count, value, length + 1);
        c->texts->strings.count = end;
    }
    c->failed = c->failed || !at;
    return at ? (uint32_t)*at : 0;
}

static uint32_t label_text(void *user, struct np_slice label)
{
    return text(user, label.ptr);
}

static void add_rule(struct cold *c, uint32_t number, struct np_rule_record *out)
{
    const struct netpol_rule_info *info = &c->whole->rules[number];
    *out = (struct np_rule_record){.key = info->key,
                                   .policy = text(c, info->policy),
                                   .rule = text(c, info->rule),
                                   .title = text(c, info->title),
                                   .position = text(c, info->position),
                                   .tier = text(c, info->tier),
                                   .option = text(c, info->option),
                                   .log = text(c, info->log),
                                   .action = (int8_t)info->action,
                                   .side = (uint8_t)info->side};
}

static void add_rules(struct cold *c)
{
    uint32_t n = c->whole->n_rules;
    struct np_rule_record *records = np_emit_alloc(c->emit, n, sizeof *records);
    c->failed = c->failed || !records;
    if (records && c->before) {
        memcpy(records, c->before->section[NP_SECTION_RULES],
               c->before->count[NP_SECTION_RULES] * sizeof *records);
    }
    for (uint32_t i = 1; records && !c->before && i < n; i++) {
        add_rule(c, i, &records[i]);
    }
    for (uint32_t i = 0; records && c->before && i < c->whole->n_changed; i++) {
        add_rule(c, c->whole->changed[i], &records[c->whole->changed[i]]);
    }
    c->emit->writer.header.n_rules = n;
    np_emit_section(c->emit, NP_SECTION_RULES, records, n * sizeof *records);
}

static void add_programs(struct cold *c)
{
    const struct np_model *model = c->emit->plan->draft.model;
    uint32_t n = model->n_redirects * NP_AUTH_MODES;
    struct np_program_record *records = np_emit_alloc(c->emit, n, sizeof *records);
    for (uint32_t i = 0; records && i < n; i++) {
        const struct np_redirect *redirect = &model->redirects[i / NP_AUTH_MODES];
        records[i] = (struct np_program_record){
            .listener = text(c, np_str_slice(redirect->listener).ptr),
            .terminating = text(c, np_str_slice(redirect->terminating).ptr),
            .originating = text(c, np_str_slice(redirect->originating).ptr),
            .priority = redirect->priority,
            .parser = redirect->parser,
            .auth = (uint8_t)(i % NP_AUTH_MODES)};
    }
    c->failed = c->failed || !records;
    np_emit_section(c->emit, NP_SECTION_PROGRAMS, records, n * sizeof *records);
}

static void add_options(struct cold *c)
{
    uint32_t n = NP_OPTION_COUNT + 1;
    struct np_pair_record *pairs = np_emit_alloc(c->emit, n, sizeof *pairs);
    for (uint32_t i = 0; pairs && i < n; i++) {
        const struct netpol_option_info *info = i ? np_option_info(i - 1) : NULL;
        pairs[i].name = text(c, info ? info->name : "profile");
        pairs[i].value = text(c, info ? c->whole->option_values[i - 1] : c->whole->profile);
    }
    c->failed = c->failed || !pairs;
    np_emit_section(c->emit, NP_SECTION_OPTIONS, pairs, n * sizeof *pairs);
}

static void add_nodes(struct cold *c)
{
    const struct np_draft *draft = &c->emit->plan->draft;
    uint32_t *names = np_emit_alloc(c->emit, draft->n_nodes, sizeof *names);
    for (uint32_t i = 0; names && i < draft->n_nodes; i++) {
        names[i] = text(c, draft->nodes[i] ? draft->nodes[i]->text : "");
    }
    c->failed = c->failed || !names;
    np_emit_section(c->emit, NP_SECTION_NODES, names, draft->n_nodes * sizeof *names);
}

/* Endpoint number i + 1 is inventory index i, which is sorted by namespace and name. */
static void add_endpoints(struct cold *c)
{
    const struct np_draft *draft = &c->emit->plan->draft;
    const struct np_inventory *inventory = &draft->model->inventory;
    uint32_t n = inventory->n_endpoints;
    struct np_endpoint_record *records = np_emit_alloc(c->emit, n, sizeof *records);
    for (uint32_t i = 0; records && i < n; i++) {
        const struct np_endpoint *e = inventory->endpoints[i];
        records[i] = (struct np_endpoint_record){
            .ref = e->ref,
            .namespace_name = text(c, e->namespace_name ? e->namespace_name->text : ""),
            .name = text(c, e->name ? e->name->text : ""),
            .workload_kind = text(c, e->workload_kind ? e->workload_kind->text : ""),
            .workload_name = text(c, e->workload_name ? e->workload_name->text : ""),
            .identity = np_identity_of_endpoint(&c->whole->identities, i)};
    }
    for (uint32_t i = 0; records && i < draft->n_refs; i++) {
        if (draft->refs[i].endpoint) {
            records[draft->refs[i].endpoint - 1].node = draft->refs[i].node;
        }
    }
    c->failed = c->failed || !records;
    np_emit_section(c->emit, NP_SECTION_ENDPOINTS, records, n * sizeof *records);
}

/* Texts are written once, so policies are as many as their names begin at different offsets. */
static uint32_t count_policies(struct cold *c)
{
    const struct np_emit *emit = c->emit;
    const struct np_rule_record *records = emit->writer.sections[NP_SECTION_RULES].items;
    struct np_bits seen;
    uint32_t count = 0;
    if (!np_bits_init(emit->plan->draft.ctx, &seen, c->texts->strings.count)) {
        c->failed = true;
        return 0;
    }
    for (uint32_t i = 1; records && i < c->whole->n_rules; i++) {
        uint32_t name = records[i].policy;
        count += name != 0 && !np_bits_get(&seen, name);
        np_bits_set(&seen, name);
    }
    np_bits_free(emit->plan->draft.ctx, &seen);
    return count;
}

int np_emit_cold(struct np_emit *emit, const struct np_whole *whole, struct np_texts *texts,
                 const struct np_image *before)
{
    struct cold c = {.emit = emit, .whole = whole, .texts = texts, .before = before};
    if (texts->strings.count == 0) {
        char *empty = np_vec_push(texts->ctx, &texts->strings);
        if (!empty) {
            return NETPOL_ERR_MEMORY;
        }
        *empty = 0;
    }
    add_rules(&c);
    add_programs(&c);
    if (before) {
        np_emit_again(emit, before, NP_SECTION_OPTIONS);
        np_emit_again(emit, before, NP_SECTION_NODES);
        np_emit_again(emit, before, NP_SECTION_ENDPOINTS);
    } else {
        add_options(&c);
        add_nodes(&c);
        add_endpoints(&c);
    }
    int status = np_identities_emit(emit, &whole->identities, before, label_text, &c);
    emit->writer.header.n_policies = c.failed ? 0 : count_policies(&c);
    np_emit_section(emit, NP_SECTION_STRINGS, texts->strings.items, texts->strings.count);
    return c.failed ? NETPOL_ERR_MEMORY : status;
}

void np_texts_init(struct np_texts *texts, const struct netpol_ctx *ctx)
{
    *texts = (struct np_texts){.ctx = ctx};
    np_map_init(&texts->offsets, ctx);
}

void np_texts_free(struct np_texts *texts)
{
    np_map_free(&texts->offsets);
    np_vec_free(texts->ctx, &texts->strings);
}
