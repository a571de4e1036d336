/* SPDX-License-Identifier: Apache-2.0 */
#include "regex/build/internal.h"

struct group {
    const char *name;
    const uint32_t *numbers; /* gap, length, ... */
    size_t count;
};
static const struct group groups[] = {
#define NP_UNICODE_GROUP(name, ...) \
    {#name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4},
#include "regex/build/unicode_groups.def"
#undef NP_UNICODE_GROUP
};
enum { GROUPS = sizeof groups / sizeof *groups };

const struct np_re_fold np_re_folds[] = {
#define NP_UNICODE_FOLD(first, last, step) {first, last, step},
#include "regex/build/unicode_fold.def"
#undef NP_UNICODE_FOLD
};
const size_t np_re_n_folds = sizeof np_re_folds / sizeof *np_re_folds;

static void add(struct np_re_ranges *set, uint32_t low, uint32_t high, bool fold)
{
    if (fold) {
        np_re_add_folded(set, low, high);
    } else {
        np_re_add(set, low, high);
    }
}

static void add_group(struct np_re_ranges *set, const struct group *group, bool fold)
{
    uint32_t at = 0;
    for (size_t i = 0; i + 1 < group->count; i += 2) {
        at += group->numbers[i];
        add(set, at, at + group->numbers[i + 1] - 1, fold);
        at += group->numbers[i + 1];
    }
}

bool np_re_unicode_add(struct np_re_ranges *set, struct np_slice name, bool fold)
{
    bool found = false;
    bool letter = name.len == 1 && memchr("CLMNPSZ", name.ptr[0], 7); /* "Yi" is a script */
    if (np_slice_is(name, "Any")) {
        add(set, 0, NP_RE_LAST, false);
        return true;
    }
    for (size_t i = 0; i < GROUPS; i++) {
        const char *known = groups[i].name;
        bool part = letter && known[0] == name.ptr[0] && strlen(known) == 2;
        if (part || np_slice_is(name, known)) {
            add_group(set, &groups[i], fold);
            found = true;
        }
    }
    return found;
}

static bool has(const struct group *group, uint32_t rune)
{
    uint32_t at = 0;
    for (size_t i = 0; i + 1 < group->count; i += 2) {
        at += group->numbers[i];
        if (rune < at) {
            return false;
        }
        at += group->numbers[i + 1];
        if (rune < at) {
            return true;
        }
    }
    return false;
}

bool np_re_in_name(uint32_t rune)
{
    static const char categories[] = "Lu Ll Lt Lm Lo Nl Mn Mc Nd Pc";
    for (size_t i = 0; i < GROUPS; i++) {
        bool category = strlen(groups[i].name) == 2 && strstr(categories, groups[i].name);
        if (category && has(&groups[i], rune)) {
            return true;
        }
    }
    return false;
}
