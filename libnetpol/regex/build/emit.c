/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree as a program. Each node is written for what follows it, from the end of the pattern to
 * its beginning, so that all but loops lead to steps that exist already.
 */
#include "regex/build/internal.h"

struct emit {
    const struct netpol_ctx *ctx;
    np_vec(struct np_regex_step) steps;
    np_vec(struct np_regex_arm) arms;
    struct np_regex_error *error;
    int status;
};

static int give_up(struct emit *e, int status)
{
    if (e->status == NETPOL_OK) {
        e->status = status;
        if (status == NETPOL_ERR_LIMIT) {
            *e->error = (struct np_regex_error){NP_REGEX_TOO_LARGE, 0, 0,
                                                "the program of the pattern is too large"};
        }
    }
    return 0;
}

/* The number of a new step; 0 and a status: none. */
static int add_step(struct emit *e, const struct np_regex_step *step)
{
    if (e->status != NETPOL_OK || e->steps.count >= NP_REGEX_STEPS_MAX) {
        return give_up(e, NETPOL_ERR_LIMIT);
    }
    struct np_regex_step *kept = np_vec_push(e->ctx, &e->steps);
    if (!kept) {
        return give_up(e, NETPOL_ERR_MEMORY);
    }
    *kept = *step;
    return (int)e->steps.count - 1;
}

static int add_split(struct emit *e, int to, int other)
{
    const struct np_regex_step step = {
        .op = NP_REGEX_SPLIT, .to = (uint16_t)to, .other = (uint16_t)other};
    return add_step(e, &step);
}

/* ---- classes as tables of bytes ---- */

enum { NONE = -1 };
struct spread {
    struct emit *e;
    const struct np_re_range *ranges;
    size_t count, at; /* at: of the ranges, how far the class is written */
    int next;         /* behind the class */
    size_t since;     /* the first step made for it: what is equal is made once */
    int full[4];      /* any 1, 2, 3 bytes 80..BF; 0: not made */
};
struct arms {
    struct np_regex_arm items[256];
    size_t count;
};

static void put(struct arms *arms, int low, int high, int to)
{
    struct np_regex_arm *last = arms->count ? &arms->items[arms->count - 1] : NULL;
    if (to == NONE) {
        return;
    }
    if (last && last->high + 1 == low && last->to == to) {
        last->high = (uint8_t)high;
    } else {
        arms->items[arms->count++] =
            (struct np_regex_arm){(uint8_t)low, (uint8_t)high, (uint16_t)to};
    }
}

static bool is_step(const struct emit *e, size_t number, const struct arms *arms)
{
    const struct np_regex_step *step = &e->steps.items[number];
    const struct np_regex_arm *own = e->arms.items + step->arms;
    if (step->op != NP_REGEX_BYTES || step->n_arms != arms->count) {
        return false;
    }
    for (size_t i = 0; i < arms->count; i++) {
        const struct np_regex_arm *arm = &arms->items[i];
        if (own[i].low != arm->low || own[i].high != arm->high || own[i].to != arm->to) {
            return false;
        }
    }
    return true;
}

static int add_bytes(struct spread *s, const struct arms *arms)
{
    struct emit *e = s->e;
    for (size_t i = e->steps.count; i-- > s->since;) {
        if (is_step(e, i, arms)) {
            return (int)i;
        }
    }
    if (e->arms.count + arms->count > NP_REGEX_ARMS_MAX) {
        return give_up(e, NETPOL_ERR_LIMIT);
    }
    const struct np_regex_step step = {
        .op = NP_REGEX_BYTES, .n_arms = (uint16_t)arms->count, .arms = (uint32_t)e->arms.count};
    for (size_t i = 0; i < arms->count; i++) {
        struct np_regex_arm *kept = np_vec_push(e->ctx, &e->arms);
        if (!kept) {
            return give_up(e, NETPOL_ERR_MEMORY);
        }
        *kept = arms->items[i];
    }
    return add_step(e, &step);
}

static int full(struct spread *s, int bytes)
{
    if (bytes == 0) {
        return s->next;
    }
    if (s->full[bytes] == 0) {
        struct arms arms = {.count = 0};
        put(&arms, 0x80, 0xBF, full(s, bytes - 1));
        s->full[bytes] = add_bytes(s, &arms);
    }
    return s->full[bytes];
}

/* The first range that ends at or behind a code point; asked for in their order. */
static const struct np_re_range *range_at(struct spread *s, uint32_t rune)
{
    while (s->at < s->count && s->ranges[s->at].high < rune) {
        s->at++;
    }
    return s->at < s->count ? &s->ranges[s->at] : NULL;
}

static int tail(struct spread *s, uint32_t first, int bytes, uint32_t least);

/* The bytes 80..BF behind each other, as far as the class goes; those of one byte by ranges. */
static void put_tails(struct spread *s, uint32_t first, int bytes, uint32_t least,
                      struct arms *arms)
{
    uint32_t each = 1u << (6 * (bytes - 1));
    for (uint32_t i = 0; i < 64; i++) {
        const struct np_re_range *range = range_at(s, first + i * each);
        uint32_t skip = range && range->low > first ? (range->low - first) / each : 0;
        i = skip > i ? skip : i;
        if (!range || i > 63) {
            return;
        }
        uint32_t last = i;
        if (bytes == 1) {
            last = range->high - first < 63 ? range->high - first : 63;
        }
        put(arms, 0x80 + (int)i, 0x80 + (int)last, tail(s, first + i * each, bytes - 1, least));
        i = last;
    }
}

/*
 * What reads the last `bytes` bytes of the code points from `first` on; NONE: the class has none of
 * them. Below `least` they would be written with fewer bytes.
 */
static int tail(struct spread *s, uint32_t first, int bytes, uint32_t least)
{
    uint32_t last = first + (1u << (6 * bytes)) - 1;
    const struct np_re_range *range = range_at(s, first);
    if (!range || range->low > last || last < least) {
        return NONE;
    }
    if (range->low <= first && last <= range->high && first >= least) {
        return full(s, bytes);
    }
    struct arms arms = {.count = 0};
    put_tails(s, first, bytes, least, &arms);
    return arms.count ? add_bytes(s, &arms) : NONE;
}

/*
 * RE2 reads all above U+007F in a short way that lets some bytes pass that are not UTF-8 (E0 80 80,
 * F4 BF BF BF); every other class is read strictly. So does this.
 */
static bool is_wide(const struct spread *s)
{
    const struct np_re_range *last = s->count ? &s->ranges[s->count - 1] : NULL;
    return last && last->low <= 0x80 && last->high == NP_RE_LAST;
}

static int emit_class(struct emit *e, const struct np_re_node *node, int next)
{
    struct spread s = {.e = e,
                       .ranges = node->ranges,
                       .count = node->n_ranges,
                       .next = next,
                       .since = e->steps.count};
    struct arms arms = {.count = 0};
    for (size_t i = 0; i < s.count && s.ranges[i].low < 0x80; i++) {
        uint32_t high = s.ranges[i].high;
        put(&arms, (int)s.ranges[i].low, high < 0x80 ? (int)high : 0x7F, next);
    }
    bool wide = is_wide(&s);
    for (int b = 0xC2; b <= 0xF4; b++) {
        uint32_t byte = (uint32_t)b;
        int bytes = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
        uint32_t least = b < 0xE0 ? 0x80 : b < 0xF0 ? 0x800 : 0x10000;
        uint32_t lead = b < 0xE0 ? byte & 0x1F : b < 0xF0 ? byte & 0x0F : byte & 0x07;
        put(&arms, b, b, wide ? full(&s, bytes) : tail(&s, lead << (6 * bytes), bytes, least));
    }
    return add_bytes(&s, &arms);
}

static int emit_byte(struct emit *e, int next)
{
    struct spread s = {.e = e, .next = next, .since = e->steps.count};
    struct arms arms = {.count = 0};
    put(&arms, 0, 0xFF, next);
    return add_bytes(&s, &arms);
}

/* ---- the tree ---- */

static int emit_node(struct emit *e, const struct np_re_node *node, int next);

static int emit_any(struct emit *e, const struct np_re_node *node, int next)
{
    int entry = emit_node(e, node->kids, next);
    for (const struct np_re_node *kid = node->kids->next; kid; kid = kid->next) {
        entry = add_split(e, emit_node(e, kid, next), entry);
    }
    return entry;
}

/* x* before `next`; a loop leads back to its own split. */
static int emit_loop(struct emit *e, const struct np_re_node *kid, int next)
{
    int loop = add_split(e, 0, next);
    int body = emit_node(e, kid, loop);
    if (e->status == NETPOL_OK) {
        e->steps.items[loop].to = (uint16_t)body;
    }
    return loop;
}

/* x{2,4} is xx(x(x)?)?, x{2,} is xxx*. */
static int emit_repeat(struct emit *e, const struct np_re_node *node, int next)
{
    int entry = node->most < 0 ? emit_loop(e, node->kids, next) : next;
    for (int i = node->least; i < node->most && e->status == NETPOL_OK; i++) {
        entry = add_split(e, emit_node(e, node->kids, entry), next);
    }
    for (int i = 0; i < node->least && e->status == NETPOL_OK; i++) {
        entry = emit_node(e, node->kids, entry);
    }
    return entry;
}

static int emit_node(struct emit *e, const struct np_re_node *node, int next)
{
    const struct np_regex_step need = {
        .op = NP_REGEX_ASSERT, .needs = node->flags, .to = (uint16_t)next};
    switch (node->op) {
    case NP_RE_CLASS:
        return emit_class(e, node, next);
    case NP_RE_BYTE:
        return emit_byte(e, next);
    case NP_RE_ASSERT:
        return add_step(e, &need);
    case NP_RE_ALL:
        for (const struct np_re_node *kid = node->kids; kid; kid = kid->next) {
            next = emit_node(e, kid, next);
        }
        return next;
    case NP_RE_ANY:
        return emit_any(e, node, next);
    case NP_RE_REPEAT:
        return emit_repeat(e, node, next);
    default:
        return next;
    }
}

static int keep(const struct emit *e, struct np_arena *arena, struct np_regex *regex)
{
    struct np_regex_step *steps = np_arena_array(arena, e->steps.count, sizeof *steps);
    struct np_regex_arm *arms = np_arena_array(arena, e->arms.count, sizeof *arms);
    if (!steps || !arms) {
        return NETPOL_ERR_MEMORY;
    }
    memcpy(steps, e->steps.items, e->steps.count * sizeof *steps);
    if (e->arms.count) {
        memcpy(arms, e->arms.items, e->arms.count * sizeof *arms);
    }
    regex->steps = steps;
    regex->arms = arms;
    regex->n_steps = (uint32_t)e->steps.count;
    regex->n_arms = (uint32_t)e->arms.count;
    return NETPOL_OK;
}

int np_re_emit(struct np_arena *arena, const struct np_re_node *tree, struct np_regex **out,
               struct np_regex_error *error)
{
    struct emit e = {.ctx = arena->ctx, .error = error};
    const struct np_regex_step match = {.op = NP_REGEX_MATCH};
    struct np_regex *regex = np_arena_alloc(arena, sizeof *regex);
    int end = add_step(&e, &match);
    int begin = emit_node(&e, tree, end);
    int status = !regex                  ? NETPOL_ERR_MEMORY
                 : e.status == NETPOL_OK ? keep(&e, arena, regex)
                                         : e.status;
    if (status == NETPOL_OK) {
        regex->begin = (uint16_t)begin;
        *out = regex;
    }
    np_vec_free(e.ctx, &e.steps);
    np_vec_free(e.ctx, &e.arms);
    return status;
}
