/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The projection as sections of the image, so that an endpoint which comes after the compile goes
 * the same way to the same kind. The numbers here are compile's own; there it is texts and sorted
 * words. Where the two cannot say the same (something counts that labels do not tell), the section
 * says nothing, and what comes later waits for the next compile.
 */
#include "compile/ends_internal.h"

struct writer {
    struct np_draft *draft;
    struct np_ends_state *state;
    struct np_project_build *build;
    struct np_projection projection;
    np_vec(uint64_t) words;
    int status;
    bool opaque;
};

static void check(struct writer *w, int status)
{
    w->status = w->status == NETPOL_OK ? status : w->status;
}

static bool is_pod(const struct np_ends_state *state, uint32_t kind)
{
    return state->kind_first.items[kind - 1]->kind & (NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD);
}

/* ---- what counts ---- */

/* false: the key is one of namespaces, accounts or nodes. */
static bool scope_of(const struct np_mentions *m, uint32_t number, enum np_project_scope *scope,
                     struct np_slice *text)
{
    const struct np_mention_key *key = &m->keys.items[number - 1];
    *text = np_slice_of("");
    if (key->scope == NP_SCOPE_OBJECT) {
        *scope = NP_PROJECT_LABEL;
        *text = np_str_slice(key->key);
        return true;
    }
    *scope = number == m->fields[NP_FIELD_NAME] ? NP_PROJECT_NAME : NP_PROJECT_ACCOUNT;
    return number == m->fields[NP_FIELD_NAME] || number == m->fields[NP_FIELD_ACCOUNT];
}

static void add_keys(struct writer *w)
{
    static const enum np_project_op ops[] = {NP_PROJECT_PREFIX, NP_PROJECT_SUFFIX,
                                             NP_PROJECT_CONTAINS};
    const struct np_mentions *m = &w->state->mentions;
    enum np_project_scope scope;
    struct np_slice text;
    for (uint32_t n = 1; n <= m->keys.count; n++) {
        if (!scope_of(m, n, &scope, &text)) {
            continue;
        }
        check(w, np_project_build_key(w->build, scope, text));
        for (uint32_t t = m->keys.items[n - 1].first_test; t; t = m->tests.items[t - 1].next) {
            const struct np_mention_test *test = &m->tests.items[t - 1];
            check(w, np_project_build_test(w->build, scope, text, ops[test->op - NP_OP_PREFIX],
                                           np_str_slice(test->text)));
        }
    }
    for (size_t i = 0; i < m->value_list.count; i++) {
        if (scope_of(m, m->value_list.items[i].key, &scope, &text)) {
            check(w, np_project_build_test(w->build, scope, text, NP_PROJECT_IS,
                                           np_str_slice(m->value_list.items[i].value)));
        }
    }
    for (size_t i = 0; i < m->port_list.count; i++) {
        check(w, np_project_build_port(w->build, np_str_slice(m->port_list.items[i])));
    }
}

/* Namespaces that no selector tells apart are one class. */
static void add_spaces(struct writer *w)
{
    struct np_ends_state *state = w->state;
    const struct np_inventory *inventory = &w->draft->model->inventory;
    for (uint32_t i = 0; i < inventory->n_namespaces; i++) {
        const struct np_namespace *space = inventory->namespaces[i];
        state->scratch.count = 0;
        bool fine =
            np_project_put_labels(state, NP_SCOPE_NAMESPACE, &space->labels) &&
            np_project_put_value(state, state->mentions.fields[NP_FIELD_NAMESPACE], space->name);
        uint32_t class = fine ? np_words_add(&state->projections, state->scratch.items,
                                             (uint32_t)state->scratch.count)
                              : 0;
        check(w, class ? np_project_build_space(w->build, np_str_slice(space->name), class)
                       : NETPOL_ERR_MEMORY);
    }
}

/* Those that some endpoint has; of others the labels are not at hand. */
static void add_accounts(struct writer *w)
{
    struct np_ends_state *state = w->state;
    const struct np_inventory *inventory = &w->draft->model->inventory;
    struct np_pairs seen = {.ctx = state->ctx};
    for (uint32_t i = 0; i < inventory->n_endpoints && w->status == NETPOL_OK; i++) {
        const struct np_endpoint *e = inventory->endpoints[i];
        if (!e->namespace_name) {
            continue;
        }
        uint64_t key = (e->namespace_name->id + 1ull) << 32 |
                       (e->service_account ? e->service_account->id + 1u : 0);
        if (np_pairs_find(&seen, key)) {
            continue;
        }
        uint32_t class =
            e->account_labels ? np_pairs_find(&state->accounts, (uintptr_t)e->account_labels) : 0;
        check(w, np_pairs_add(&seen, key, 1) ? NETPOL_OK : NETPOL_ERR_MEMORY);
        check(w, np_project_build_account(w->build, np_str_slice(e->namespace_name),
                                          np_str_slice(e->service_account), class));
    }
    np_pairs_free(&seen);
}

static void add_all(struct writer *w)
{
    const struct np_mentions *m = &w->state->mentions;
    bool spaces = m->scopes[NP_SCOPE_NAMESPACE] || m->fields[NP_FIELD_NAMESPACE];
    bool accounts = m->scopes[NP_SCOPE_SERVICE_ACCOUNT];
    np_project_build_flags(w->build, (spaces ? NP_PROJECT_SPACES : 0u) |
                                         (accounts ? NP_PROJECT_ACCOUNTS : 0u) |
                                         NP_PROJECT_HOST_NETWORK);
    add_keys(w);
    if (spaces) {
        add_spaces(w);
    }
    if (accounts) {
        add_accounts(w);
    }
    struct np_draft *draft = w->draft;
    if (w->status == NETPOL_OK) {
        check(w, np_project_build_write(w->build, &draft->projection, &draft->n_projection));
    }
    if (w->status == NETPOL_OK) {
        w->opaque |= !np_projection_open(draft->projection, draft->n_projection, &w->projection);
    }
}

/* ---- kinds ---- */

static bool project(struct writer *w, const struct np_endpoint *e, struct np_projector *p)
{
    uint32_t room = np_project_room(&w->projection, e->labels.count, e->n_ports);
    if (!np_vec_grow(w->state->ctx, (void **)&w->words.items, &w->words.capacity, room,
                     sizeof *w->words.items)) {
        w->status = NETPOL_ERR_MEMORY;
        return false;
    }
    struct np_slice account = np_str_slice(e->service_account);
    account.ptr = e->service_account ? account.ptr : NULL;
    np_project_begin(p, &w->projection, w->words.items, room, np_str_slice(e->namespace_name),
                     np_str_slice(e->name), account, e->host_network);
    for (uint32_t i = 0; i < e->labels.count; i++) {
        np_project_label(p, np_str_slice(e->labels.items[i].key),
                         np_str_slice(e->labels.items[i].value));
    }
    for (uint32_t i = 0; i < e->n_ports; i++) {
        np_project_port(p, np_str_slice(e->ports[i].name), e->ports[i].protocol, e->ports[i].port);
    }
    np_project_end(p);
    return !p->full && !p->unseen;
}

/* Two kinds must not have one description. */
static void add_kinds(struct writer *w)
{
    struct np_ends_state *state = w->state;
    uint32_t known = 0;
    for (uint32_t kind = 1; kind <= state->kind_first.count && w->status == NETPOL_OK; kind++) {
        const struct np_endpoint *e = state->kind_first.items[kind - 1];
        struct np_projector p;
        if (!is_pod(state, kind) || !project(w, e, &p)) {
            continue;
        }
        /* whose orchestrator counts must not lend its number to a pod of Kubernetes */
        w->opaque |= e->orchestrator && state->mentions.fields[NP_FIELD_ORCHESTRATOR];
        uint32_t number;
        check(w,
              np_kinds_build_add(state->kinds_build, p.words, p.count,
                                 e->kind == NP_OBJ_HOST_NET_WORKLOAD ? NP_KIND_NODE : 0, &number));
        if (w->status == NETPOL_OK) {
            w->opaque |= number <= known;
            known = number;
            state->pod_kind[kind] = number;
        }
    }
    if (w->status == NETPOL_OK) {
        check(w,
              np_kinds_build_write(state->kinds_build, &w->draft->kinds, &w->draft->kinds_bytes));
    }
}

int np_project_write(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    struct writer w = {.draft = draft, .state = state};
    state->project_build = w.build = np_project_build(draft->ctx);
    state->kinds_build = np_kinds_build(draft->ctx);
    size_t kinds = state->kind_first.count + 1;
    state->pod_kind = np_arena_array(&draft->arena, kinds, sizeof *state->pod_kind);
    w.opaque = state->mentions.refs.count != 0; /* a reference is not told by labels */
    if (!w.build || !state->kinds_build || !state->pod_kind) {
        return NETPOL_ERR_MEMORY;
    }
    add_all(&w);
    if (w.status == NETPOL_OK && !w.opaque) {
        add_kinds(&w);
    }
    np_vec_free(state->ctx, &w.words);
    if (w.opaque && w.status == NETPOL_OK) {
        draft->projection = NULL;
        draft->kinds = NULL;
        draft->n_projection = draft->kinds_bytes = 0;
        memset(state->pod_kind, 0, kinds * sizeof *state->pod_kind);
    }
    return w.status;
}
