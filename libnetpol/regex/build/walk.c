/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All steps at which the pattern may stand, byte by byte. Steps that take no byte are followed
 * until nothing is new; each is followed once between two bytes, so a byte costs what the program
 * is long and no more.
 */
#include "regex/build/regex.h"

/* ---- sets of steps ---- */

static void clear(struct np_regex_set *set, const struct np_regex *regex)
{
    memset(set->words, 0, (regex->n_steps + 63) / 64 * sizeof *set->words);
    memset(set->used, 0, sizeof set->used);
}

static bool has(const struct np_regex_set *set, uint32_t step)
{
    return set->words[step / 64] >> (step % 64) & 1;
}

static void add(struct np_regex_set *set, uint32_t step)
{
    set->words[step / 64] |= 1ull << (step % 64);
    set->used[step / 4096] |= 1ull << (step / 64 % 64);
}

static uint32_t lowest(uint64_t word)
{
    return (uint32_t)__builtin_ctzll(word);
}

static bool is_empty(const struct np_regex_set *set)
{
    uint64_t any = 0;
    for (size_t i = 0; i < sizeof set->used / sizeof *set->used; i++) {
        any |= set->used[i];
    }
    return any == 0;
}

/* Takes one out; false: there is none. */
static bool take(struct np_regex_set *set, uint32_t *step)
{
    for (uint32_t i = 0; i < sizeof set->used / sizeof *set->used; i++) {
        if (set->used[i]) {
            uint32_t word = i * 64 + lowest(set->used[i]);
            *step = word * 64 + lowest(set->words[word]);
            set->words[word] &= set->words[word] - 1;
            if (!set->words[word]) {
                set->used[i] &= set->used[i] - 1;
            }
            return true;
        }
    }
    return false;
}

/* ---- between two bytes ---- */

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* -1: the text begins or ends there. */
static unsigned holds(int before, int after)
{
    unsigned what = is_word(before) != is_word(after) ? NP_REGEX_WORD_EDGE : NP_REGEX_NO_WORD_EDGE;
    what |= before < 0 ? NP_REGEX_TEXT_BEGIN | NP_REGEX_LINE_BEGIN : 0u;
    what |= before == '\n' ? NP_REGEX_LINE_BEGIN : 0u;
    what |= after < 0 ? NP_REGEX_TEXT_END | NP_REGEX_LINE_END : 0u;
    what |= after == '\n' ? NP_REGEX_LINE_END : 0u;
    return what;
}

static void take_byte(struct np_regex_walk *walk, const struct np_regex_step *step, int byte)
{
    const struct np_regex_arm *arms = walk->regex->arms + step->arms;
    uint32_t low = 0;
    uint32_t high = step->n_arms;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (arms[middle].high < byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < step->n_arms && arms[low].low <= byte) {
        add(walk->next, arms[low].to);
    }
}

static void reach(struct np_regex_walk *walk, uint32_t step)
{
    if (!has(&walk->seen, step)) {
        add(walk->now, step);
    }
}

/* From all of `now` over the byte `after` into `next`; true: a match ends here. */
static bool advance(struct np_regex_walk *walk, int after)
{
    unsigned what = holds(walk->before, after);
    bool matched = false;
    uint32_t number;
    clear(&walk->seen, walk->regex);
    while (take(walk->now, &number)) {
        const struct np_regex_step *step = &walk->regex->steps[number];
        add(&walk->seen, number);
        switch (step->op) {
        case NP_REGEX_BYTES:
            take_byte(walk, step, after);
            break;
        case NP_REGEX_SPLIT:
            reach(walk, step->to);
            reach(walk, step->other);
            break;
        case NP_REGEX_ASSERT:
            if ((step->needs & what) == step->needs) {
                reach(walk, step->to);
            }
            break;
        default:
            matched = true;
            break;
        }
    }
    return matched;
}

void np_regex_begin(struct np_regex_walk *walk, const struct np_regex *regex)
{
    walk->regex = regex;
    walk->before = -1;
    walk->now = &walk->sets[0];
    walk->next = &walk->sets[1];
    clear(walk->now, regex);
    clear(walk->next, regex);
    add(walk->now, regex->begin);
}

bool np_regex_feed(struct np_regex_walk *walk, unsigned char byte)
{
    struct np_regex_set *next = walk->next;
    (void)advance(walk, byte);
    walk->next = walk->now; /* empty by now */
    walk->now = next;
    walk->before = byte;
    return !is_empty(next);
}

bool np_regex_end(struct np_regex_walk *walk)
{
    return advance(walk, -1);
}

bool np_regex_full_match(const struct np_regex *regex, struct np_slice text)
{
    struct np_regex_walk walk;
    np_regex_begin(&walk, regex);
    for (size_t i = 0; i < text.len; i++) {
        if (!np_regex_feed(&walk, (unsigned char)text.ptr[i])) {
            return false;
        }
    }
    return np_regex_end(&walk);
}
