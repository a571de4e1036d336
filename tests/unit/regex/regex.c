/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions: what matches, what is refused and where, the limits. */
#include "np_cmocka.h"

#include "regex/build/regex.h"

struct stage {
    struct netpol_ctx *ctx;
    struct np_arena arena;
};

static int open_stage(void **state)
{
    static struct stage stage;
    if (netpol_ctx_create(NULL, &stage.ctx) != NETPOL_OK) {
        return -1;
    }
    np_arena_init(&stage.arena, stage.ctx, 1024);
    *state = &stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;
    np_arena_free(&stage->arena);
    netpol_ctx_destroy(stage->ctx);
    return 0;
}

static const struct np_regex *made(struct stage *stage, struct np_slice text)
{
    const struct np_regex *regex;
    struct np_regex_error error;
    int status = np_regex_parse(&stage->arena, text, &regex, &error);
    if (status != NETPOL_OK) {
        fail_msg("'%.*s': %s at %zu", (int)text.len, text.ptr, error.why ? error.why : "memory",
                 error.offset);
    }
    return regex;
}

static void matches(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
  /* the whole text */
        {"",                      "",               true },
        {"",                      "a",              false},
        {"/api",                  "/api",           true },
        {"/api",                  "/api/",          false},
        {"/api",                  "x/api",          false},
        {"/api/.*",               "/api/",          true },
        {"/api(/.*)?",            "/api/v1?x=/y",   true },
        {"^/api$",                "/api",           true },
        {"GET|POST",              "POST",           true },
        {"GET|POST",              "GETPOST",        false},
        {"a|ab",                  "ab",             true },
        {"(a|ab)(c|bcd)",         "abcd",           true },
 /* repetition */
        {"a{2,3}",                "a",              false},
        {"a{2,3}",                "aaa",            true },
        {"a{2,3}",                "aaaa",           false},
        {"a{2,}?b",               "aaab",           true },
        {"a{,2}",                 "a{,2}",          true },
        {"(|a)*b",                "aab",            true },
        {"(a*)*",                 "aaaa",           true },
        {"(?<n>a|b)*(?P<n>c)",    "abc",            true },
        {"[[:]+",                 ":[",             true },
        {"x*?",                   "",               true },
 /* what no text of lines matches */
        {".*",                    "a\nb",           false},
        {"(?s).*",                "a\nb",           true },
        {"a$b",                   "ab",             false},
        {"(?m)a$\n^b",            "a\nb",           true },
        {"a$\n^b",                "a\nb",           false},
        {"\\bab\\b",              "ab",             true },
        {"a\\bb",                 "ab",             false},
        {"a\\Bb",                 "ab",             true },
 /* case */
        {"(?i)straSse",           "STRA\xc5\xbfSE", true },
        {"(?i:a)b",               "Ab",             true },
        {"(?i:a)b",               "AB",             false},
        {"(?i)\xce\xa3",          "\xcf\x82",       true },
        {"(?i)[k]",               "\xe2\x84\xaa",   true },
        {"(?i)[^k]",              "K",              false},
 /* classes */
        {"[[:alpha:]_]+",         "ab_C",           true },
        {"[^[:alpha:]]",          "1",              true },
        {"\\pL\\p{Greek}\\P{Lu}",
         "\xc3\xa9\xce\xb1"
         "x",                                       true },
        {"[\\d\\-x]+",            "1-x",            true },
        {"\\s",                   "\v",             false},
        {"[[:space:]]",           "\v",             true },
 /* bytes that are not UTF-8 */
        {".",                     "\xff",           false},
        {"\\C",                   "\xff",           true },
        {"\\C\\C",                "\xc3\xa9",       true },
        {".",                     "\xc3\xa9",       true },
        {"..",                    "\xc3\xa9",       false},
        {"[^a]",                  "\xed\xa0\x80",   true },
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct np_regex *regex = made(stage, np_slice_of(rows[i].pattern));
        if (np_regex_full_match(regex, np_slice_of(rows[i].text)) != rows[i].matches) {
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
        }
    }
}

/* What RE2 reads and Go's regexp refuses (regexp/syntax). */
static void re2_only(void **state)
{
    struct stage *stage = *state;
    assert_true(made(stage, np_slice_of("a\\C"))->re2_only);
    assert_true(made(stage, np_slice_of("(?P<n\xc3\xa9>a)"))->re2_only);
    assert_true(made(stage, np_slice_of("(?<n\xc3\xa9>a)"))->re2_only);
    assert_false(made(stage, np_slice_of("(?P<n>a)(?<n>\xc3\xa9)\\\\C"))->re2_only);
}

/* A NUL is a byte like others, in pattern and text. */
static void nul(void **state)
{
    struct stage *stage = *state;
    const struct np_regex *regex = made(stage, (struct np_slice){"a\0b", 3});
    assert_true(np_regex_full_match(regex, (struct np_slice){"a\0b", 3}));
    assert_false(np_regex_full_match(regex, (struct np_slice){"a", 1}));
    regex = made(stage, np_slice_of("a.b"));
    assert_true(np_regex_full_match(regex, (struct np_slice){"a\0b", 3}));
}

static void refused(void **state)
{
    static const struct {
        const char *pattern;
        enum np_regex_wrong kind;
        size_t offset, length;
    } rows[] = {
        {"a(?=b)",       NP_REGEX_BAD_GROUP,          1, 3 },
        {"(?<!b)",       NP_REGEX_BAD_GROUP,          0, 3 },
        {"(?>a)",        NP_REGEX_BAD_GROUP,          0, 3 },
        {"(?i-)a",       NP_REGEX_BAD_GROUP,          0, 5 },
        {"(a)\\1",       NP_REGEX_BAD_ESCAPE,         3, 2 },
        {"\\k<a>",       NP_REGEX_BAD_ESCAPE,         0, 2 },
        {"a\\q",         NP_REGEX_BAD_ESCAPE,         1, 2 },
        {"\\Z",          NP_REGEX_BAD_ESCAPE,         0, 2 },
        {"\\x{110000}",  NP_REGEX_BAD_ESCAPE,         0, 9 },
        {"\\xg",         NP_REGEX_BAD_ESCAPE,         0, 3 },
        {"\\",           NP_REGEX_TRAILING_BACKSLASH, 0, 1 },
        {"[b-a]",        NP_REGEX_BAD_CLASS_RANGE,    1, 3 },
        {"[[:word",      NP_REGEX_MISSING_BRACKET,    0, 7 },
        {"[[:words:]]",  NP_REGEX_BAD_CLASS_RANGE,    1, 9 },
        {"\\p{Klingon}", NP_REGEX_BAD_CLASS_RANGE,    0, 11},
        {"[]",           NP_REGEX_MISSING_BRACKET,    0, 2 },
        {"(a",           NP_REGEX_MISSING_PAREN,      0, 2 },
        {"a)",           NP_REGEX_UNEXPECTED_PAREN,   1, 1 },
        {"*",            NP_REGEX_NOTHING_TO_REPEAT,  0, 1 },
        {"a|*",          NP_REGEX_NOTHING_TO_REPEAT,  2, 1 },
        {"(*)",          NP_REGEX_NOTHING_TO_REPEAT,  1, 1 },
        {"a**",          NP_REGEX_REPEATED_REPEAT,    1, 2 },
        {"a*{2}",        NP_REGEX_REPEATED_REPEAT,    1, 4 },
        {"a{1001}",      NP_REGEX_BAD_REPEAT_SIZE,    1, 6 },
        {"a{2,1}",       NP_REGEX_BAD_REPEAT_SIZE,    1, 5 },
        {"(a{10}){101}", NP_REGEX_BAD_REPEAT_SIZE,    7, 5 },
        {"a\xff",        NP_REGEX_BAD_UTF8,           1, 1 },
        {"(?P<a b>x)",   NP_REGEX_BAD_NAME,           0, 8 },
        {"(?P<a",        NP_REGEX_BAD_NAME,           0, 5 },
        {"(?<a b>x)",    NP_REGEX_BAD_NAME,           0, 7 },
        {"(?<>x)",       NP_REGEX_BAD_NAME,           0, 4 },
        {"(?<a",         NP_REGEX_BAD_NAME,           0, 4 },
        {"(?<",          NP_REGEX_BAD_GROUP,          0, 3 },
        {"[[:[:a",       NP_REGEX_MISSING_BRACKET,    0, 6 },
        {"[[:[:a:]",     NP_REGEX_BAD_CLASS_RANGE,    1, 7 },
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct np_regex *regex;
        struct np_regex_error error;
        int status = np_regex_parse(&stage->arena, np_slice_of(rows[i].pattern), &regex, &error);
        assert_null(regex);
        assert_int_equal(status, NETPOL_ERR_INPUT);
        assert_non_null(error.why);
        if (error.kind != rows[i].kind || error.offset != rows[i].offset ||
            error.length != rows[i].length) {
            fail_msg("'%s': %d (%s) at %zu+%zu", rows[i].pattern, error.kind, error.why,
                     error.offset, error.length);
        }
    }
}

static void too_large(struct stage *stage, struct np_slice text)
{
    const struct np_regex *regex;
    struct np_regex_error error;
    assert_int_equal(np_regex_parse(&stage->arena, text, &regex, &error), NETPOL_ERR_LIMIT);
    assert_int_equal(error.kind, NP_REGEX_TOO_LARGE);
    assert_null(regex);
}

static void limits(void **state)
{
    struct stage *stage = *state;
    static char text[NP_REGEX_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    too_large(stage, (struct np_slice){text, sizeof text});
    /* more steps than a program has */
    too_large(stage, (struct np_slice){text, NP_REGEX_STEPS_MAX});
    made(stage, (struct np_slice){text, NP_REGEX_STEPS_MAX - 1});
    too_large(stage, np_slice_of("(?:\\pL{30}){30}"));
    /* more ranges */
    for (size_t i = 0; i < NP_REGEX_TEXT_MAX; i += 4) {
        memcpy(text + i, "\\PL|", 4);
    }
    too_large(stage, (struct np_slice){text, NP_REGEX_TEXT_MAX - 1});
    /* nested: parentheses alone cost nothing */
    memset(text, '(', 20000);
    text[20000] = 'a';
    memset(text + 20001, ')', 20000);
    made(stage, (struct np_slice){text, 40001});
    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + 3 * i, "(a|", 3);
        text[3000 + i] = ')';
    }
    too_large(stage, (struct np_slice){text, 4000});
}

/* Time is linear also where backtracking would take for ever. */
static void hostile(void **state)
{
    struct stage *stage = *state;
    static char text[200000];
    memset(text, 'a', sizeof text);
    const struct np_slice as = {text, sizeof text};
    assert_false(np_regex_full_match(made(stage, np_slice_of("(a+)+b")), as));
    assert_false(np_regex_full_match(made(stage, np_slice_of("(a|a)*b")), as));
    assert_false(np_regex_full_match(made(stage, np_slice_of("(.*)(.*)(.*)(.*)(.*)b")), as));
    assert_true(np_regex_full_match(made(stage, np_slice_of("(((a?)*)*)*")), as));
    const struct np_slice few = {text, 25};
    assert_true(np_regex_full_match(made(stage, np_slice_of("(a?){25}a{25}")), few));
}

/* Fed byte by byte, a walk says as early as it can that nothing can match any more. */
static void fed(void **state)
{
    struct stage *stage = *state;
    struct np_regex_walk walk;
    np_regex_begin(&walk, made(stage, np_slice_of("ab*c")));
    assert_true(np_regex_feed(&walk, 'a'));
    assert_true(np_regex_feed(&walk, 'b'));
    assert_true(np_regex_feed(&walk, 'c'));
    assert_true(np_regex_end(&walk));
    np_regex_begin(&walk, made(stage, np_slice_of("ab*c")));
    assert_true(np_regex_feed(&walk, 'a'));
    assert_false(np_regex_feed(&walk, 'x'));
    assert_false(np_regex_feed(&walk, 'c'));
    assert_false(np_regex_end(&walk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),  cmocka_unit_test(nul),     cmocka_unit_test(refused),
        cmocka_unit_test(limits),   cmocka_unit_test(hostile), cmocka_unit_test(fed),
        cmocka_unit_test(re2_only),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
