/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in Calico's strict normal form. */
#include "np_cmocka.h"

#include "model/http_path.h"

struct row {
    const char *text;
    enum np_http_path_state state;
    const char *normal;
};
static const struct row rows[] = {
#define NORMAL(text, normal) {text, NP_HTTP_PATH_NORMAL, normal},
#define REJECTED(text)       {text, NP_HTTP_PATH_REJECTED, NULL},
#define NO_SLASH(text)       {text, NP_HTTP_PATH_NO_SLASH, NULL},
#include "http_path_rows.def"
};
enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(ROWS >= 140, "the table shrank");

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct np_http_path path;
        char out[64];
        enum np_http_path_state got = np_http_path_read(np_slice_of(rows[i].text), &path);
        if (got != rows[i].state) {
            fail_msg("'%s': state %d, not %d", rows[i].text, (int)got, (int)rows[i].state);
        }
        if (got == NP_HTTP_PATH_NORMAL) {
            np_http_path_write(&path, out);
            struct np_slice normal = {out, path.length};
            if (!np_slice_is(normal, rows[i].normal)) {
                fail_msg("'%s' became '%.*s', not '%s'", rows[i].text, (int)path.length, out,
                         rows[i].normal);
            }
        }
    }
}

/* A NUL has no normal form wherever it is looked at; behind the query nothing is. */
static void bare_nul(void **state)
{
    (void)state;
    struct np_http_path path;
    assert_int_equal(np_http_path_read((struct np_slice){"/a\0b", 4}, &path),
                     NP_HTTP_PATH_REJECTED);
    assert_int_equal(np_http_path_read((struct np_slice){"/a?\0b", 5}, &path), NP_HTTP_PATH_NORMAL);
}

/* Every part of the form is found where it is and nowhere else, without the form being written. */
static void parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct np_http_path path;
        if (np_http_path_read(np_slice_of(rows[i].text), &path) != NP_HTTP_PATH_NORMAL) {
            continue;
        }
        struct np_slice normal = np_slice_of(rows[i].normal);
        for (size_t at = 0; at <= normal.len; at++) {
            for (size_t len = 0; at + len <= normal.len; len++) {
                char other[64];
                memcpy(other, normal.ptr + at, len);
                assert_true(np_http_path_has(&path, at, (struct np_slice){other, len}, false));
                for (size_t k = 0; k < len; k++) {
                    other[k] ^= 0x10;
                    assert_false(np_http_path_has(&path, at, (struct np_slice){other, len}, false));
                    other[k] ^= 0x10;
                }
            }
        }
        assert_false(np_http_path_has(&path, normal.len, (struct np_slice){"/", 1}, false));
        assert_false(np_http_path_has(&path, normal.len + 1, (struct np_slice){"", 0}, false));
    }
}

static void folded(void **state)
{
    (void)state;
    struct np_http_path path;
    assert_int_equal(np_http_path_read(np_slice_of("/%41b/C"), &path), NP_HTTP_PATH_NORMAL);
    assert_true(np_http_path_has(&path, 0, np_slice_of("/aB/c"), true));
    assert_false(np_http_path_has(&path, 0, np_slice_of("/aB/c"), false));
}

/* Longer than any buffer would be: 2 MiB of "/a/.." with one segment that stays. */
static void long_path(void **state)
{
    (void)state;
    enum { TIMES = 400000 };
    static char text[TIMES * 5 + 5];
    size_t len = 0;
    for (int i = 0; i < TIMES; i++) {
        memcpy(text + len, i == TIMES / 2 ? "/kept" : "/a/..", 5);
        len += 5;
    }
    struct np_http_path path;
    assert_int_equal(np_http_path_read((struct np_slice){text, len}, &path), NP_HTTP_PATH_NORMAL);
    assert_int_equal(path.length, 5);
    assert_true(np_http_path_has(&path, 0, np_slice_of("/kept"), false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row), cmocka_unit_test(bare_nul),  cmocka_unit_test(parts),
        cmocka_unit_test(folded),    cmocka_unit_test(long_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
