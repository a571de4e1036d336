/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_REGEX_COMPARE_H
#define TESTS_REGEX_COMPARE_H
/* One pattern, read by us and by libre2, and what both say of texts. */
#include "re2_oracle.h"
#include "regex/build/regex.h"

struct both {
    struct np_slice pattern;
    const struct np_regex *own;
    struct np_regex_error error; /* when own is NULL */
    struct re2_oracle *re2;
    enum re2_answer answer;
};
enum compared {
    SAME_REFUSED,
    SAME_ACCEPTED,
    ONE_LIMIT, /* too large for one of the two, or too new for libre2: nothing to compare */
    DIFFERENT
};
/* ERR_MEMORY aside. The caller frees with both_free whatever it returns. */
enum compared both_read(struct np_arena *arena, struct np_slice pattern, struct both *out);
enum match { SAME_MATCH, FACTORED, OTHER_MATCH };
/*
 * Both accepted: do they say the same? *matches: what RE2 says. RE2 joins alternatives that begin
 * alike or are single characters, and makes mistakes there: "z|(?i:z)" does not match "Z", and
 * "\\pL|\\PL" some bytes that are not UTF-8. FACTORED: they differ, and no longer when each
 * alternative is written so that RE2 leaves it alone.
 */
enum match both_match(const struct both *both, struct np_slice text, bool *matches);
void both_free(struct both *both);
#endif
