/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of sets, and sets loaded, compiled and asked. */
#include "differential/random_set.h"

#include <stdarg.h>

/* ---- text ---- */

void random_put(struct random_text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out->bytes + out->len, RANDOM_BYTES - out->len, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= RANDOM_BYTES - out->len) {
        out->overflow = true;
        return;
    }
    out->len += (size_t)length;
}

void random_begin(struct random_text *out)
{
    if (out->count >= RANDOM_DOCUMENTS) {
        out->overflow = true;
        return;
    }
    out->starts[out->count++] = out->len;
    out->starts[out->count] = out->len;
    random_put(out, "---\n");
}

/* ---- errors ---- */

static int print(void *user, const char *bytes, size_t size)
{
    (void)user;
    return fwrite(bytes, 1, size, stdout) == size ? 0 : 1;
}

void random_print_errors(const struct random_world *w)
{
    for (size_t i = 0; i < netpol_diags_count(w->diags) && i < 20; i++) {
        const struct netpol_diag *diag = netpol_diags_at(w->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            (void)netpol_diag_format(diag, NETPOL_DIAG_TEXT, print, NULL);
        }
    }
}

const char *random_error(const struct random_world *w)
{
    static char text[64];
    for (size_t i = 0; i < netpol_diags_count(w->diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(w->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            snprintf(text, sizeof text, "cannot be loaded: %s", diag->code);
            return text;
        }
    }
    return "cannot be loaded";
}

/* ---- loading ---- */

bool random_open(struct random_world *w, struct netpol_ctx *ctx)
{
    memset(w, 0, sizeof *w);
    return netpol_store_create(ctx, &w->store) == NETPOL_OK &&
           netpol_diags_create(ctx, &w->diags) == NETPOL_OK;
}

/* The objects in another order, in up to ten files of one transaction. */
static int load_shuffled(struct random_world *w, const struct random_text *text,
                         struct gen_random *r)
{
    static struct random_text file;
    unsigned order[RANDOM_DOCUMENTS];
    for (unsigned i = 0; i < text->count; i++) {
        unsigned at = gen_below(r, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    int status = netpol_store_begin(w->store);
    file.len = 0;
    for (unsigned i = 0; i < text->count && status == NETPOL_OK; i++) {
        size_t length = text->starts[order[i] + 1] - text->starts[order[i]];
        memcpy(file.bytes + file.len, text->bytes + text->starts[order[i]], length);
        file.len += length;
        if (i + 1 == text->count || gen_chance(r, 10)) {
            char name[16];
            snprintf(name, sizeof name, "%u.yaml", i);
            status = netpol_store_load_buffer(w->store, file.bytes, file.len, name, NULL, w->diags);
            file.len = 0;
        }
    }
    int committed = netpol_store_commit(w->store, w->diags);
    return status == NETPOL_OK ? committed : status;
}

int random_load(struct random_world *w, const struct random_text *text, uint64_t shuffle)
{
    struct gen_random random = {shuffle};
    if (text->overflow) {
        return NETPOL_ERR_LIMIT;
    }
    return shuffle ? load_shuffled(w, text, &random)
                   : netpol_store_load_buffer(w->store, text->bytes, text->len, "set.yaml", NULL,
                                              w->diags);
}

int random_compile(struct random_world *w, struct netpol_ctx *ctx, const char *profile,
                   const char *const *settings, size_t n_settings)
{
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = profile, .settings = settings, .n_settings = n_settings};
    struct netpol_matcher *compiled = NULL;
    int status = netpol_compile(w->store, &options, w->diags, &compiled);
    if (status == NETPOL_OK && world_of(&w->world, ctx, compiled)) {
        status = NETPOL_ERR_STATE;
    }
    w->ready = status == NETPOL_OK;
    return status;
}

void random_close(struct random_world *w)
{
    if (w->world.compiled) {
        world_close(&w->world);
    }
    netpol_diags_destroy(w->diags);
    netpol_store_destroy(w->store);
}

/* ---- asking ---- */

bool random_describe(const struct random_world *w, uint32_t reference,
                     struct netpol_rule_info *info)
{
    const struct netpol_matcher *matcher = w->world.compiled;
    return netpol_rule_describe(matcher, reference, netpol_matcher_generation(matcher), info) ==
           NETPOL_OK;
}

void random_ask_reference(const struct random_world *w, const struct netpol_tuple *tuple,
                          const struct netpol_request *request, struct netpol_verdict *out)
{
    np_reference_eval(w->world.model, tuple, request, NULL, NULL, out);
    out->generation = 0;
}

void random_ask_matcher(const struct random_world *w, const struct netpol_tuple *tuple,
                        const struct netpol_request *request, struct netpol_verdict *out)
{
    if (request) {
        (void)netpol_eval_request(w->world.view, tuple, request, w->world.scratch, out);
    } else {
        (void)netpol_eval(w->world.view, tuple, out);
    }
    out->generation = 0;
}

static bool same_part(const struct random_world *a, const struct netpol_part *x,
                      const struct random_world *b, const struct netpol_part *y)
{
    struct netpol_rule_info one = {0}, other = {0};
    bool described = random_describe(a, x->rule, &one);
    if (x->action != y->action || x->reason != y->reason || x->flags != y->flags ||
        described != random_describe(b, y->rule, &other)) {
        return false;
    }
    return !described ||
           (one.key == other.key && one.action == other.action &&
            strcmp(one.policy, other.policy) == 0 && strcmp(one.rule, other.rule) == 0 &&
            strcmp(one.tier, other.tier) == 0 && strcmp(one.option, other.option) == 0);
}

bool random_same(const struct random_world *a, const struct netpol_verdict *x,
                 const struct random_world *b, const struct netpol_verdict *y)
{
    return x->action == y->action && same_part(a, &x->egress, b, &y->egress) &&
           same_part(a, &x->ingress, b, &y->ingress);
}

/* ---- addresses ---- */

void random_edge(struct gen_random *r, const uint8_t bytes[16], unsigned bits, int family,
                 uint8_t out[16])
{
    unsigned width = family == 4 ? 32 : 128;
    memcpy(out, bytes, 16);
    bool last = gen_chance(r, 50);
    for (unsigned i = bits; last && i < width; i++) {
        out[i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
    int step = gen_chance(r, 40) ? (last ? 1 : -1) : 0; /* outside */
    for (unsigned i = width / 8; step && i-- > 0;) {
        out[i] = (uint8_t)(out[i] + step);
        if (out[i] != (step > 0 ? 0 : UINT8_MAX)) {
            break;
        }
    }
}
