/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as Cilium's proxy hands them to its rules. */
#include "np_cmocka.h"

#include "model/proxy_path.h"

struct row {
    const char *text;
    enum np_proxy_path_state state;
    const char *form;
};
static const struct row rows[] = {
#define PATH(text, form) {text, NP_PROXY_PATH_READ, form},
#define REFUSED(text)    {text, NP_PROXY_PATH_REFUSED, NULL},
#define DOUBT(text)      {text, NP_PROXY_PATH_DOUBT, NULL},
#include "proxy_path_rows.def"
};
enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(ROWS >= 140, "the table shrank");

/* The form, NUL-terminated; "(refused)", "(doubt)". */
static const char *form_of(struct np_slice text, bool normalize)
{
    static char out[3 * NP_PROXY_PATH_MAX + 1];
    static struct np_proxy_reader reader;
    struct np_proxy_path path;
    switch (np_proxy_path_read(text, normalize, &path)) {
    case NP_PROXY_PATH_REFUSED:
        return "(refused)";
    case NP_PROXY_PATH_DOUBT:
        return "(doubt)";
    default:
        break;
    }
    size_t len = 0;
    memset(&reader, 0xA5, sizeof reader); /* whatever was there before */
    np_proxy_reader_open(&reader, &path);
    for (int byte = np_proxy_reader_next(&reader); byte >= 0;
         byte = np_proxy_reader_next(&reader)) {
        out[len++] = (char)byte;
    }
    assert_int_equal(np_proxy_reader_next(&reader), -1);
    out[len] = '\0';
    return out;
}

static void every_row(void **state)
{
    static const char *const names[] = {"", "(refused)", "(doubt)"};
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const char *right = rows[i].form ? rows[i].form : names[rows[i].state];
        const char *got = form_of(np_slice_of(rows[i].text), true);
        if (strcmp(got, right) != 0) {
            fail_msg("'%s' became '%s', not '%s'", rows[i].text, got, right);
        }
    }
}

/* A form is its own form. */
static void settled(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].form) {
            assert_string_equal(form_of(np_slice_of(rows[i].form), true), rows[i].form);
        }
    }
}

/* http-normalize-path=false: as sent, but what the proxy refuses in any case. */
static void as_sent(void **state)
{
    static const char *const kept[] = {"/a/../b", "/a%2fb", "//",  "/%61?x",
                                       "/\xff",   "/a\\b",  "/%00"};
    static const char *const refused[] = {"/a#b", "/a?b#", "a", "*", "", "http://h/"};
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_string_equal(form_of(np_slice_of(kept[i]), false), kept[i]);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_string_equal(form_of(np_slice_of(refused[i]), false), "(refused)");
    }
}

static void nul(void **state)
{
    (void)state;
    assert_string_equal(form_of((struct np_slice){"/a\0b", 4}, true), "(refused)");
    assert_string_equal(form_of((struct np_slice){"/a?\0", 4}, true), "/a?");
}

/* As long as may be, and one byte longer. */
static void long_path(void **state)
{
    static char text[NP_PROXY_PATH_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 2 ? 'a' : '/';
    }
    const char *got = form_of((struct np_slice){text, NP_PROXY_PATH_MAX}, true);
    assert_int_equal(strlen(got), NP_PROXY_PATH_MAX);
    assert_memory_equal(got, text, NP_PROXY_PATH_MAX);
    assert_string_equal(form_of((struct np_slice){text, sizeof text}, true), "(refused)");
    for (size_t i = 0; i + 6 <= NP_PROXY_PATH_MAX; i += 6) {
        memcpy(text + i, i == 600 ? "/kept/" : "/aa/..", 6);
    }
    assert_string_equal(form_of((struct np_slice){text, NP_PROXY_PATH_MAX}, true), "/kept/");
    memset(text + 1, ' ', NP_PROXY_PATH_MAX - 1);
    assert_int_equal(strlen(form_of((struct np_slice){text, NP_PROXY_PATH_MAX}, true)),
                     3 * NP_PROXY_PATH_MAX - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row), cmocka_unit_test(settled),   cmocka_unit_test(as_sent),
        cmocka_unit_test(nul),       cmocka_unit_test(long_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
