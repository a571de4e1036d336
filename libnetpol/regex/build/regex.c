/* SPDX-License-Identifier: Apache-2.0 */
#include "regex/build/internal.h"

static int parse(struct np_re_parser *p, struct np_arena *arena, const struct np_regex **out)
{
    struct np_regex *made = NULL;
    if (p->text.len > NP_REGEX_TEXT_MAX) {
        np_re_fail(p, NP_REGEX_TOO_LARGE, NP_REGEX_TEXT_MAX, p->text.len,
                   "a pattern has at most 65536 bytes");
        return p->status;
    }
    const struct np_re_node *tree = np_re_parse(p);
    int status = tree ? np_re_emit(arena, tree, &made, p->error) : p->status;
    if (status == NETPOL_OK) {
        made->re2_only = p->re2_only;
    }
    *out = status == NETPOL_OK ? made : NULL;
    return status;
}

int np_regex_parse(struct np_arena *arena, struct np_slice text, const struct np_regex **out,
                   struct np_regex_error *error)
{
    struct np_re_parser p = {
        .text = text, .error = error, .ranges = {.ctx = arena->ctx}, .other = {.ctx = arena->ctx}};
    *out = NULL;
    *error = (struct np_regex_error){0};
    np_arena_init(&p.nodes, arena->ctx, 4096);
    int status = parse(&p, arena, out);
    np_vec_free(arena->ctx, &p.ranges.v);
    np_vec_free(arena->ctx, &p.other.v);
    np_arena_free(&p.nodes);
    return status;
}
