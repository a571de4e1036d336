/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_REGEX_RE2_ORACLE_H
#define TESTS_REGEX_RE2_ORACLE_H
/* libre2 itself, with its default options, as C sees it. */
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct re2_oracle;
enum re2_answer {
    RE2_FINE,
    RE2_BAD_ESCAPE,
    RE2_BAD_CLASS, /* character class or its range */
    RE2_MISSING_BRACKET,
    RE2_MISSING_PAREN,
    RE2_UNEXPECTED_PAREN,
    RE2_TRAILING_BACKSLASH,
    RE2_NOTHING_TO_REPEAT,
    RE2_BAD_REPEAT_SIZE,
    RE2_REPEATED_REPEAT,
    RE2_BAD_UTF8,
    RE2_BAD_NAME,
    RE2_BAD_GROUP,
    RE2_TOO_LARGE
};
/* *out NULL unless the answer is RE2_FINE. */
enum re2_answer re2_oracle_create(const char *pattern, size_t size, struct re2_oracle **out);
bool re2_oracle_full_match(const struct re2_oracle *oracle, const char *text, size_t size);
void re2_oracle_destroy(struct re2_oracle *oracle);

#ifdef __cplusplus
}
#endif
#endif
