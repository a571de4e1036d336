/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_REGEX_BUILD_REGEX_H
#define NP_REGEX_BUILD_REGEX_H
/*
 * Regular expressions as the proxies run them: the syntax of RE2 (libre2 2022-06-01, its default
 * options), the whole text must match, time linear in the text whatever the pattern.
 *
 * A pattern becomes a tree (parse.c, escape.c, class.c), the tree a program of steps over BYTES
 * (emit.c), and a walk over a text keeps the set of steps at which it may stand (walk.c). Classes
 * are ranges of code points; in the program they are small tables of byte ranges, so a class costs
 * a walk one look-up a byte. There is no backtracking and nothing is captured.
 *
 * What is accepted, refused and matched is what RE2 accepts, refuses and matches, also over bytes
 * that are not UTF-8; tests and a fuzz target compare the two. The limits are ours:
 */
#include "base/base.h"
#include "regex/build/wildcard.h"

enum {
    NP_REGEX_TEXT_MAX = 65536,     /* bytes of a pattern */
    NP_REGEX_STEPS_MAX = 32767,    /* of a program */
    NP_REGEX_ARMS_MAX = 262144,    /* byte ranges in all its steps */
    NP_REGEX_RANGES_MAX = 1 << 18, /* of code points in all its classes */
    NP_REGEX_HEIGHT_MAX = 1000,    /* of the tree */
    NP_REGEX_REPEAT_MAX = 1000     /* as RE2: of {n,m}, also multiplied where they are nested */
};

enum np_regex_wrong {
    NP_REGEX_FINE,
    NP_REGEX_BAD_ESCAPE,
    NP_REGEX_BAD_CLASS_RANGE, /* also a class that does not exist */
    NP_REGEX_MISSING_BRACKET,
    NP_REGEX_MISSING_PAREN,
    NP_REGEX_UNEXPECTED_PAREN,
    NP_REGEX_TRAILING_BACKSLASH,
    NP_REGEX_NOTHING_TO_REPEAT,
    NP_REGEX_BAD_REPEAT_SIZE,
    NP_REGEX_REPEATED_REPEAT,
    NP_REGEX_BAD_UTF8,
    NP_REGEX_BAD_NAME,
    NP_REGEX_BAD_GROUP, /* "(?" and what RE2 does not know */
    NP_REGEX_TOO_LARGE  /* one of the limits above */
};
struct np_regex_error {
    uint8_t kind;          /* enum np_regex_wrong */
    size_t offset, length; /* of the part that is wrong, in bytes of the pattern */
    const char *why;       /* static, without the part itself */
};

/* ---- the program ---- */
enum np_regex_op {
    NP_REGEX_MATCH,
    NP_REGEX_BYTES, /* takes a byte: by the arm that has it, if any, to that arm's step */
    NP_REGEX_SPLIT, /* to both: `to` and `other` */
    NP_REGEX_ASSERT /* to `to` where all of `needs` hold, taking nothing */
};
enum { /* what holds between two bytes */
       NP_REGEX_TEXT_BEGIN = 1,
       NP_REGEX_TEXT_END = 2,
       NP_REGEX_LINE_BEGIN = 4,
       NP_REGEX_LINE_END = 8,
       NP_REGEX_WORD_EDGE = 16,
       NP_REGEX_NO_WORD_EDGE = 32
};
struct np_regex_arm {
    uint8_t low, high;
    uint16_t to;
};
struct np_regex_step {
    uint8_t op;    /* enum np_regex_op */
    uint8_t needs; /* ASSERT */
    uint16_t to;
    uint16_t other;
    uint16_t n_arms; /* sorted, not overlapping */
    uint32_t arms;   /* the first */
};
struct np_regex { /* immutable once made */
    const struct np_regex_step *steps;
    const struct np_regex_arm *arms;
    uint32_t n_steps, n_arms;
    uint16_t begin;
    bool re2_only; /* it has \C, or a group whose name is not ASCII: Go's regexp refuses both */
};

/*
 * Makes *out in the arena, which it lives as long as; nothing of the text is kept. OK; ERR_INPUT:
 * RE2 refuses it, *error says why; ERR_LIMIT: too large for us, *error says in what; ERR_MEMORY.
 * Linear in the text, times what repetitions ask for.
 */
int np_regex_parse(struct np_arena *arena, struct np_slice text, const struct np_regex **out,
                   struct np_regex_error *error);

/* ---- walking ---- */
/* A set of steps: one bit each, and one bit for each word that is not empty. */
enum { NP_REGEX_WORDS = (NP_REGEX_STEPS_MAX + 64) / 64 };
struct np_regex_set {
    uint64_t words[NP_REGEX_WORDS];
    uint64_t used[(NP_REGEX_WORDS + 63) / 64];
};
/*
 * The state of a walk, some 12 KiB, of which a small program touches little. Nothing is allocated.
 * begin, then feed byte by byte, then end once. feed gives false when no continuation can match.
 */
struct np_regex_walk {
    const struct np_regex *regex;
    int before; /* the last byte; -1: none yet */
    struct np_regex_set *now, *next;
    struct np_regex_set sets[2], seen;
};
void np_regex_begin(struct np_regex_walk *walk, const struct np_regex *regex);
bool np_regex_feed(struct np_regex_walk *walk, unsigned char byte);
bool np_regex_end(struct np_regex_walk *walk); /* does all that was fed match? */
/* The whole text in one call; thread-safe. */
bool np_regex_full_match(const struct np_regex *regex, struct np_slice text);
#endif
