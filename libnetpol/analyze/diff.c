/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diff.h"

static int open_model(struct np_diff *diff, enum np_diff_which which,
                      const struct netpol_matcher *matcher)
{
    struct np_diff_model *side = &diff->models[which];
    *side = (struct np_diff_model){.matcher = matcher, .model = np_whole_of(matcher)->model};
    side->words =
        np_arena_array(&diff->arena, np_strings_count(side->model->strings), sizeof *side->words);
    return side->words ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

static int run(struct np_diff *diff)
{
    static int (*const steps[])(struct np_diff *) = {np_diff_mentions, np_diff_policies,
                                                     np_diff_ends,     np_diff_classes,
                                                     np_diff_touched,  np_diff_rows};
    int status = diff->strings ? NETPOL_OK : NETPOL_ERR_MEMORY;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == NETPOL_OK; i++) {
        status = steps[i](diff);
    }
    return status;
}

int np_diff_run(const struct netpol_matcher *old, const struct netpol_matcher *now,
                const struct netpol_diff_options *options,
                int (*row)(void *user, const struct netpol_change *change), void *user,
                struct netpol_diags *diags)
{
    struct np_diff diff = {.ctx = old->ctx, .options = options, .row = row, .user = user};
    np_arena_init(&diff.arena, diff.ctx, 65536);
    np_map_init(&diff.words.port_names, diff.ctx);
    diff.strings = np_strings_create(diff.ctx);
    int status = open_model(&diff, NP_DIFF_OLD, old);
    if (status == NETPOL_OK) {
        status = open_model(&diff, NP_DIFF_NEW, now);
    }
    if (status == NETPOL_OK) {
        status = run(&diff);
    }
    if (status == NETPOL_OK) {
        np_diff_tell_requests(&diff, diags);
    }
    np_map_free(&diff.words.port_names);
    if (diff.strings) {
        np_strings_destroy(diff.strings);
    }
    np_arena_free(&diff.arena);
    return status;
}
