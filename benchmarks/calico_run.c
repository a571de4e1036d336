/* SPDX-License-Identifier: Apache-2.0 */
/* From a workload to a matcher, through public calls; memory is counted by an allocator. */
#include "calico.h"
#include "compile/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *counted(void *user, void *ptr, size_t old_size, size_t new_size)
{
    size_t *held = user;
    if (new_size == 0) {
        free(ptr);
        *held -= old_size;
        return NULL;
    }
    void *more = realloc(ptr, new_size);
    *held += more ? new_size - old_size : 0;
    return more;
}

static bool fine(int status, const char *what, const struct netpol_diags *diags)
{
    if (status == NETPOL_OK) {
        return true;
    }
    fprintf(stderr, "calico: %s: %s\n", what, netpol_status_text(status));
    for (size_t i = 0; diags && i < netpol_diags_count(diags) && i < 10; i++) {
        const struct netpol_diag *d = netpol_diags_at(diags, i);
        fprintf(stderr, "%s:%u: %s\n", d->source, d->line, d->message);
    }
    return false;
}

static bool load(struct calico_run *run)
{
    struct netpol_diags *diags = NULL;
    size_t before = run->held;
    char *yaml = calico_yaml(&run->workload, &run->yaml_bytes);
    bool ok = yaml && fine(netpol_store_create(run->ctx, &run->store), "store", NULL) &&
              fine(netpol_diags_create(run->ctx, &diags), "diagnostics", NULL);
    double start = calico_seconds();
    ok = ok && fine(netpol_store_load_buffer(run->store, yaml, run->yaml_bytes, "calico.yaml", NULL,
                                             diags),
                    "load", diags);
    run->load_s = calico_seconds() - start;
    netpol_diags_destroy(diags);
    free(yaml);
    run->store_bytes = run->held - before;
    return ok;
}

/* One compile more; *bytes: what it keeps. */
static bool compile(struct calico_run *run, bool lean, size_t *bytes, double *seconds)
{
    const struct netpol_compile_options options = {
        .size = sizeof options, .profile = "calico", .without_model = lean};
    struct netpol_diags *diags = NULL;
    if (!fine(netpol_diags_create(run->ctx, &diags), "diagnostics", NULL)) {
        return false;
    }
    netpol_matcher_unref(run->matcher);
    run->matcher = NULL;
    size_t before = run->held;
    double start = calico_seconds();
    bool ok = fine(netpol_compile(run->store, &options, diags, &run->matcher), "compile", diags);
    *seconds = calico_seconds() - start;
    *bytes = run->held - before;
    netpol_diags_destroy(diags);
    return ok;
}

/* Policies are named default.p000 and so on. */
static bool number_rules(struct calico_run *run)
{
    const struct np_model *model = np_whole_of(run->matcher)->model;
    run->rules = calloc(model->n_decisions, sizeof *run->rules);
    for (uint32_t i = 0; run->rules && i < model->n_decisions; i++) {
        const struct np_decision *d = &model->decisions[i];
        const char *dot = i && d->kind == NP_DECIDED_RULE
                              ? strstr(np_str_slice(d->policy->name).ptr, ".p")
                              : NULL;
        run->rules[i] =
            dot ? (uint32_t)strtoul(dot + 2, NULL, 10) * run->workload.rules_each + d->rule->index
                : run->workload.n_rules;
    }
    return run->rules != NULL;
}

bool calico_run_make(const char *name, uint32_t scale, int rounds, struct calico_run *run)
{
    *run = (struct calico_run){.compile_s = 1e9};
    const struct netpol_allocator allocator = {&run->held, counted};
    const struct netpol_ctx_options options = {.size = sizeof options, .allocator = &allocator};
    double seconds = 0;
    bool ok = calico_workload_make(name, scale, &run->workload) &&
              fine(netpol_ctx_create(&options, &run->ctx), "context", NULL) && load(run) &&
              compile(run, true, &run->lean_bytes, &seconds);
    for (int i = 0; i < rounds && ok; i++) {
        ok = compile(run, false, &run->matcher_bytes, &seconds);
        run->compile_s = seconds < run->compile_s ? seconds : run->compile_s;
    }
    size_t count = run->workload.n_trace;
    run->tuples = ok ? aligned_alloc(64, count * sizeof *run->tuples) : NULL;
    ok = ok && run->tuples && number_rules(run) &&
         fine(netpol_view_create(run->matcher, NULL, &run->view), "view", NULL);
    for (size_t i = 0; ok && i < count; i++) {
        run->tuples[i] = bench_tuple(&run->workload.trace[i]);
    }
    if (ok) {
        run->image_bytes = run->matcher->image.header->bytes;
    }
    return ok;
}

void calico_run_destroy(struct calico_run *run)
{
    netpol_view_destroy(run->view);
    netpol_matcher_unref(run->matcher);
    netpol_store_destroy(run->store);
    netpol_ctx_destroy(run->ctx);
    calico_workload_free(&run->workload);
    free(run->tuples);
    free(run->rules);
}
