/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_REGEX_BUILD_INTERNAL_H
#define NP_REGEX_BUILD_INTERNAL_H
/* The parser from inside: ranges of code points, the tree, what its files share. */
#include "regex/build/regex.h"

enum { NP_RE_LAST = 0x10FFFF };
enum { NP_RE_FOLD = 1, NP_RE_DOT_LINE = 2, NP_RE_LINES = 4 }; /* the flags i, s, m */

/* ---- ranges.c: a set of code points that is being put together ---- */
struct np_re_range {
    uint32_t low, high;
};
struct np_re_ranges {
    const struct netpol_ctx *ctx;
    np_vec(struct np_re_range) v;
    size_t work; /* ranges added so far, ever */
    bool failed; /* no memory */
};
void np_re_add(struct np_re_ranges *set, uint32_t low, uint32_t high); /* low > high: nothing */
/* The same with all that is equal when case is ignored. */
void np_re_add_folded(struct np_re_ranges *set, uint32_t low, uint32_t high);
void np_re_sort(struct np_re_ranges *set);   /* and join what touches */
void np_re_negate(struct np_re_ranges *set); /* of a sorted one; sorted again */

/* ---- unicode.c ---- */
/* Adds a class by its name ("Lu", "L", "Greek", "Any"); false: there is none. */
bool np_re_unicode_add(struct np_re_ranges *set, struct np_slice name, bool fold);
/* May it stand in the name of a group? Letters, digits, marks and what joins them. */
bool np_re_in_name(uint32_t rune);
/* The table of case folding: circles of code points that are equal. */
struct np_re_fold {
    uint32_t first, last;
    int32_t step; /* 0: pairs */
};
extern const struct np_re_fold np_re_folds[];
extern const size_t np_re_n_folds;

/* ---- the tree ---- */
enum np_re_op {
    NP_RE_EMPTY,
    NP_RE_CLASS, /* one code point of the ranges; none: never matches */
    NP_RE_BYTE,  /* any byte */
    NP_RE_ASSERT,
    NP_RE_ALL, /* kids, the last first */
    NP_RE_ANY, /* one of the kids */
    NP_RE_REPEAT,
    NP_RE_OPEN, /* on the stack only: "(" and "|" */
    NP_RE_BAR
};
struct np_re_node {
    uint8_t op;
    uint8_t flags; /* ASSERT: needs; OPEN: the flags before it */
    uint16_t height;
    int16_t least, most; /* REPEAT; most -1: any number */
    uint32_t product;    /* the most copies that nested {n,m} ask for */
    uint32_t n_ranges;
    const struct np_re_range *ranges; /* sorted */
    struct np_re_node *kids, *next;   /* next: sibling, or below on the stack */
};

/* ---- parse.c ---- */
struct np_re_parser {
    struct np_arena nodes; /* of the tree */
    struct np_slice text;
    size_t at;
    uint8_t flags;
    struct np_re_node *top; /* the stack */
    struct np_re_ranges ranges, other;
    size_t name_end; /* the next ":]" that was looked for; SIZE_MAX: there is none; 0: not yet */
    bool re2_only;
    struct np_re_name {
        struct np_slice text;
        struct np_re_name *next;
    } * names;
    struct np_regex_error *error;
    int status;
};
/* The tree of the whole pattern; NULL: p->status, *p->error. */
struct np_re_node *np_re_parse(struct np_re_parser *p);
/* false always. The part that is wrong is text[from..to). */
bool np_re_fail(struct np_re_parser *p, enum np_regex_wrong kind, size_t from, size_t to,
                const char *why);
bool np_re_no_memory(struct np_re_parser *p);                     /* false always */
bool np_re_more(const struct np_re_parser *p, char c);            /* does c stand at p->at? */
bool np_re_push(struct np_re_parser *p, struct np_re_node *node); /* NULL: no memory */
struct np_re_node *np_re_node(struct np_re_parser *p, enum np_re_op op);
/* Pushes what p->ranges has, which is empty afterwards. sorted: it is so already. */
bool np_re_push_class(struct np_re_parser *p);
bool np_re_ranges_fit(struct np_re_parser *p); /* within the limit? false: failed */

/* ---- escape.c ---- */
/* The code point at p->at, which moves behind it; false: no UTF-8, failed. */
bool np_re_rune(struct np_re_parser *p, uint32_t *rune);
/* An escape that stands for one code point, in a class or outside. */
bool np_re_escape(struct np_re_parser *p, uint32_t *rune);

/* ---- class.c ---- */
bool np_re_bracket(struct np_re_parser *p); /* "[...]", pushed */
/* \d \D \s \S \w \W \pN \p{..} \P{..}, added to p->ranges. */
enum np_re_found { NP_RE_NOTHING, NP_RE_FOUND, NP_RE_FAILED };
enum np_re_found np_re_group(struct np_re_parser *p);

/* ---- group.c ---- */
bool np_re_open(struct np_re_parser *p); /* at "(" */

/* ---- emit.c ---- */
int np_re_emit(struct np_arena *arena, const struct np_re_node *tree, struct np_regex **out,
               struct np_regex_error *error);
#endif
