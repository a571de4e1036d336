/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics: bounds, excerpts, the three styles, and the catalogue of codes. */
#include "np_cmocka.h"

#include "base/base.h"

struct fixture {
    struct counting c;
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct np_text out;
};

static void open_fixture(struct fixture *f, uint32_t kept)
{
    struct netpol_limits limits = {.size = sizeof limits, .diags = kept};
    *f = (struct fixture){0};
    f->ctx = counting_ctx(&f->c, &limits);
    assert_non_null(f->ctx);
    assert_int_equal(netpol_diags_create(f->ctx, &f->diags), NETPOL_OK);
    np_text_init(&f->out, f->ctx);
}

static void close_fixture(struct fixture *f)
{
    np_text_free(&f->out);
    netpol_diags_destroy(f->diags);
    netpol_ctx_destroy(f->ctx);
    assert_int_equal(f->c.blocks, 0);
    assert_false(f->c.bad_size);
}

static int collect(void *user, const char *bytes, size_t size)
{
    np_text_add(user, bytes, size);
    return 0;
}

static int refuse(void *user, const char *bytes, size_t size)
{
    (void)user;
    (void)bytes;
    (void)size;
    return 1;
}

static const char yaml[] = "kind: NetworkPolicy\r\nspec:\n\tports: 70000 # \xC3\xA9\n";

static void text_style_shows_line_and_caret(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 10);
    struct np_place place = {.source = "a.yaml",
                             .text = yaml,
                             .size = sizeof yaml - 1,
                             .line = 3,
                             .column = 9,
                             .length = 5,
                             .object = "NetworkPolicy/ns/web",
                             .path = "spec.ports"};
    np_diag_full(f.diags, NP_CODE_1101, NETPOL_WARNING, "do better", &place, "bad %d", 7);
    const struct netpol_diag *d = netpol_diags_at(f.diags, 0);
    assert_int_equal(netpol_diag_format(d, NETPOL_DIAG_TEXT, collect, &f.out), NETPOL_OK);
    assert_string_equal(f.out.ptr, "a.yaml:3:9: warning[NP1101]: bad 7\n"
                                   "  in NetworkPolicy/ns/web, spec.ports\n"
                                   "    3 | \tports: 70000 # \xC3\xA9\n"
                                   "      | \t       ^~~~~\n"
                                   "  hint: do better\n");
    np_text_free(&f.out);
    assert_int_equal(netpol_diag_format(d, NETPOL_DIAG_COLOR, collect, &f.out), NETPOL_OK);
    assert_non_null(strstr(f.out.ptr, "\x1b[1;33mwarning[NP1101]\x1b[0m: bad 7\n"));
    assert_int_equal(netpol_diag_format(d, NETPOL_DIAG_TEXT, refuse, NULL), NETPOL_ERR_IO);
    assert_int_equal(netpol_diag_format(d, 99, collect, &f.out), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_diag_format(NULL, 0, collect, &f.out), NETPOL_ERR_ARGUMENT);
    close_fixture(&f);
}

static void json_style_is_one_object(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 10);
    struct np_place place = {
        .source = "a\"b.yaml", .text = yaml, .size = sizeof yaml - 1, .line = 1, .column = 7};
    np_diag(f.diags, NP_CODE_1104, &place, "twice");
    assert_int_equal(
        netpol_diag_format(netpol_diags_at(f.diags, 0), NETPOL_DIAG_JSON, collect, &f.out),
        NETPOL_OK);
    assert_string_equal(
        f.out.ptr, "{\"severity\":\"error\",\"code\":\"NP1104\",\"name\":\"duplicate-key\","
                   "\"source\":\"a\\\"b.yaml\",\"object\":\"\",\"path\":\"\",\"message\":\"twice\","
                   "\"hint\":\"Remove or rename one of the two, or merge their values.\","
                   "\"excerpt\":\"kind: NetworkPolicy\",\"line\":1,\"column\":7,\"length\":1,"
                   "\"excerptColumn\":1}");
    close_fixture(&f);
}

static void nothing_can_steer_a_terminal(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 10);
    static const char evil[] = "a: \x1b[31m\xE2\x80\xAE\xFF\x01";
    struct np_place place = {
        .source = "x\x07", .text = evil, .size = sizeof evil - 1, .line = 1, .object = "\x1b]0;t"};
    np_diag(f.diags, NP_CODE_1003, &place, "m\x1b[2J");
    assert_int_equal(
        netpol_diag_format(netpol_diags_at(f.diags, 0), NETPOL_DIAG_TEXT, collect, &f.out),
        NETPOL_OK);
    for (size_t i = 0; i < f.out.len; i++) {
        unsigned char c = (unsigned char)f.out.ptr[i];
        assert_true(c == '\n' || c >= 0x20);
        assert_int_not_equal(c, 0xFF);
    }
    assert_null(strstr(f.out.ptr, "\xE2\x80\xAE"));
    close_fixture(&f);
}

static void long_lines_are_shown_around_the_column(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 10);
    char line[5001];
    for (size_t i = 0; i < 5000; i++) {
        line[i] = (char)('a' + i % 26);
    }
    line[5000] = '\0';
    struct np_place place = {.text = line, .size = 5000, .line = 1, .column = 3001, .length = 3};
    np_diag(f.diags, NP_CODE_1201, &place, "x");
    const struct netpol_diag *d = netpol_diags_at(f.diags, 0);
    assert_int_equal(strlen(d->excerpt), 200);
    assert_int_equal(d->excerpt[d->column - d->excerpt_column], line[3000]);
    place.column = 5;
    np_diag(f.diags, NP_CODE_1201, &place, "x");
    d = netpol_diags_at(f.diags, 1);
    assert_int_equal(d->excerpt_column, 1);
    assert_int_equal(strlen(d->excerpt), 200);
    place.line = 2; /* there is none */
    np_diag(f.diags, NP_CODE_1201, &place, "x");
    assert_string_equal(netpol_diags_at(f.diags, 2)->excerpt, "");
    close_fixture(&f);
}

static void watched_text_gives_the_same_excerpts(void **state)
{
    (void)state;
    static const uint32_t order[] = {3, 1, 1, 5, 4, 2, 5, 6};
    static const char text[] = "one\ntwo\nthree\nfour\nfive";
    static const char *const lines[] = {"one", "two", "three", "four", "five", ""};
    struct fixture f;
    open_fixture(&f, 100);
    for (int watch = 0; watch < 2; watch++) {
        np_diags_watch(f.diags, watch ? text : NULL, watch ? sizeof text - 1 : 0);
        netpol_diags_clear(f.diags);
        for (size_t i = 0; i < 8; i++) {
            struct np_place place = {.text = text, .size = sizeof text - 1, .line = order[i]};
            np_diag(f.diags, NP_CODE_1101, &place, "x");
            assert_string_equal(netpol_diags_at(f.diags, i)->excerpt, lines[order[i] - 1]);
        }
    }
    close_fixture(&f);
}

static void the_list_is_bounded_and_counts_on(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 3);
    assert_false(np_diags_has_errors(f.diags));
    for (int i = 0; i < 50; i++) {
        np_diag_full(f.diags, NP_CODE_1101, i % 2 ? NETPOL_WARNING : -1, NULL, NULL, "n %d", i);
    }
    assert_int_equal(netpol_diags_count(f.diags), 3);
    assert_int_equal(netpol_diags_seen(f.diags, NETPOL_ERROR), 25);
    assert_int_equal(netpol_diags_seen(f.diags, NETPOL_WARNING), 25);
    assert_int_equal(netpol_diags_seen(f.diags, 77), 0);
    assert_true(np_diags_has_errors(f.diags));
    assert_string_equal(netpol_diags_at(f.diags, 2)->message, "n 2");
    assert_null(netpol_diags_at(f.diags, 3));
    netpol_diags_clear(f.diags);
    assert_int_equal(netpol_diags_count(f.diags), 0);
    assert_false(np_diags_has_errors(f.diags));
    size_t held = f.c.bytes;
    char *huge = malloc(1 << 20);
    memset(huge, 'x', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    struct np_place place = {.source = huge, .path = huge, .object = huge};
    np_diag(f.diags, NP_CODE_1101, &place, "%s", huge);
    free(huge);
    assert_true(f.c.bytes - held < 32768);
    close_fixture(&f);
}

/* A diagnostic that cannot be kept is still counted, so that an error is never taken for success.
 */
static void notes_leave_room_for_errors(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, 10);
    for (unsigned i = 0; i < 100; i++) {
        np_diag_full(f.diags, NP_CODE_1101, NETPOL_INFO, NULL, NULL, "note %u", i);
    }
    assert_int_equal(netpol_diags_count(f.diags), 5);
    np_diag(f.diags, NP_CODE_1101, NULL, "the error");
    assert_int_equal(netpol_diags_count(f.diags), 6);
    assert_string_equal(netpol_diags_at(f.diags, 5)->message, "the error");
    assert_int_equal(netpol_diags_seen(f.diags, NETPOL_INFO), 100);
    close_fixture(&f);
}

static void no_memory_still_counts(void **state)
{
    (void)state;
    bool finished = false;
    for (size_t n = 1; !finished; n++) {
        struct fixture f;
        open_fixture(&f, 10);
        size_t before = f.c.calls;
        f.c.fail_at = before + n;
        struct np_place place = {.text = yaml, .size = sizeof yaml - 1, .line = 1, .path = "p"};
        for (int i = 0; i < 5; i++) {
            np_diag(f.diags, NP_CODE_1101, &place, "message");
        }
        assert_int_equal(netpol_diags_seen(f.diags, NETPOL_ERROR), 5);
        finished = f.c.calls < f.c.fail_at;
        assert_true(netpol_diags_count(f.diags) >= 4);
        close_fixture(&f);
    }
}

static void the_catalogue_is_sound(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct netpol_code_info *info; (info = netpol_code_at(count)); count++) {
        assert_int_equal(strlen(info->code), 6);
        assert_memory_equal(info->code, "NP", 2);
        assert_true(strspn(info->code + 2, "0123456789") == 4);
        assert_true(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
                    strlen(info->name));
        assert_true(strlen(info->why) > 10 && !strchr(info->why, '\n'));
        assert_true(strlen(info->fix) > 5 && !strchr(info->fix, '\n'));
        for (size_t j = 0; j < count; j++) {
            assert_string_not_equal(info->name, netpol_code_at(j)->name);
        }
    }
    assert_int_equal(count, NP_CODE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_style_shows_line_and_caret),
        cmocka_unit_test(json_style_is_one_object),
        cmocka_unit_test(nothing_can_steer_a_terminal),
        cmocka_unit_test(long_lines_are_shown_around_the_column),
        cmocka_unit_test(watched_text_gives_the_same_excerpts),
        cmocka_unit_test(the_list_is_bounded_and_counts_on),
        cmocka_unit_test(notes_leave_room_for_errors),
        cmocka_unit_test(no_memory_still_counts),
        cmocka_unit_test(the_catalogue_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
