/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Projection: equal canonical words exactly where no test can tell two endpoints apart; what is not
 * known is "not seen"; sections do not depend on the order of adding; damaged ones are refused.
 */
#include "image/project.h"
#include "np_cmocka.h"

enum { KEYS = 5, VALUES = 6, ROOM = 64 };
static const char *const key_names[KEYS] = {"app", "tier", "app.kubernetes.io/name", "a", ""};
static const char *const value_names[VALUES] = {"", "web", "web-1", "db", "1-web", "d"};

static struct netpol_ctx *ctx;
static uint64_t state = 88172645463325252u;

static uint32_t random_below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % bound;
}

static struct np_slice text(const char *s)
{
    return np_slice_of(s);
}

struct test {
    uint32_t key, op;
    const char *text;
};
struct thing {
    int value[KEYS]; /* -1: absent */
    uint32_t space;
    uint32_t ports; /* bits: which of four declarations */
    bool host;
};
static const struct {
    const char *name;
    uint8_t protocol;
    uint16_t port;
} declared[4] = {
    {"http",  6,  80  },
    {"http",  6,  8080},
    {"http",  17, 80  },
    {"other", 6,  80  }
};

static bool truth(const struct test *test, const char *value)
{
    size_t length = strlen(test->text), all = strlen(value);
    switch (test->op) {
    case NP_PROJECT_IS:
        return strcmp(test->text, value) == 0;
    case NP_PROJECT_PREFIX:
        return strncmp(value, test->text, length) == 0;
    case NP_PROJECT_SUFFIX:
        return all >= length && strcmp(value + all - length, test->text) == 0;
    default:
        return strstr(value, test->text) != NULL;
    }
}

/* The definition: no test, no declared name, no namespace class can tell them apart. */
static bool alike(const struct test *tests, size_t n, unsigned keys, const struct thing *a,
                  const struct thing *b)
{
    for (uint32_t key = 0; key < KEYS; key++) {
        if ((keys >> key & 1) && (a->value[key] < 0) != (b->value[key] < 0)) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        int x = a->value[tests[i].key], y = b->value[tests[i].key];
        if ((x < 0) != (y < 0) ||
            (x >= 0 && truth(&tests[i], value_names[x]) != truth(&tests[i], value_names[y]))) {
            return false;
        }
    }
    return a->space / 2 == b->space / 2 && (a->ports & 7) == (b->ports & 7) && a->host == b->host;
}

static struct np_projector project(const struct np_projection *projection, const struct thing *t,
                                   uint64_t *words)
{
    struct np_projector p;
    char space[8];
    snprintf(space, sizeof space, "ns%u", t->space);
    np_project_begin(&p, projection, words, ROOM, text(space), text("pod"), (struct np_slice){0},
                     t->host);
    uint32_t first = random_below(KEYS); /* the order of labels is nobody's business */
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t key = (i + first) % KEYS;
        if (t->value[key] >= 0) {
            np_project_label(&p, text(key_names[key]), text(value_names[t->value[key]]));
        }
    }
    np_project_label(&p, text("pod-template-hash"), text("5d8f"));
    for (uint32_t i = 4; i-- > 0;) {
        if (t->ports >> i & 1) {
            np_project_port(&p, text(declared[i].name), declared[i].protocol, declared[i].port);
            np_project_port(&p, text(declared[i].name), declared[i].protocol, declared[i].port);
        }
    }
    np_project_end(&p);
    assert_false(p.full);
    assert_true(p.count <= np_project_room(projection, KEYS + 1, 8));
    return p;
}

static void fill(struct np_project_build *build, const struct test *tests, size_t n, unsigned keys,
                 bool backwards)
{
    np_project_build_flags(build, NP_PROJECT_SPACES | NP_PROJECT_HOST_NETWORK);
    for (uint32_t i = 0; i < 6; i++) {
        char space[8];
        uint32_t number = backwards ? 5 - i : i;
        snprintf(space, sizeof space, "ns%u", number);
        assert_int_equal(np_project_build_space(build, text(space), number / 2), NETPOL_OK);
    }
    for (size_t i = 0; i < n; i++) {
        const struct test *test = &tests[backwards ? n - 1 - i : i];
        assert_int_equal(np_project_build_test(build, NP_PROJECT_LABEL, text(key_names[test->key]),
                                               (enum np_project_op)test->op, text(test->text)),
                         NETPOL_OK);
    }
    for (uint32_t key = 0; key < KEYS; key++) {
        if (keys >> key & 1) {
            assert_int_equal(np_project_build_key(build, NP_PROJECT_LABEL, text(key_names[key])),
                             NETPOL_OK);
        }
    }
    assert_int_equal(np_project_build_port(build, text("http")), NETPOL_OK);
}

static struct thing some_thing(void)
{
    struct thing t = {.space = random_below(6), .ports = random_below(16), .host = random_below(2)};
    for (int key = 0; key < KEYS; key++) {
        t.value[key] = (int)random_below(VALUES + 1) - 1;
    }
    return t;
}

static void test_equal_words_are_equal_endpoints(void **unused)
{
    (void)unused;
    unsigned equal = 0;
    for (int round = 0; round < 300; round++) {
        struct test tests[6];
        size_t n = random_below(6), count, other_count;
        for (size_t i = 0; i < n; i++) {
            tests[i] = (struct test){random_below(KEYS), random_below(4),
                                     value_names[random_below(VALUES)]};
        }
        unsigned keys = random_below(1u << KEYS);
        struct np_project_build *build = np_project_build(ctx), *other = np_project_build(ctx);
        assert_non_null(build);
        assert_non_null(other);
        fill(build, tests, n, keys, false);
        fill(other, tests, n, keys, true);
        const uint32_t *section, *other_section;
        assert_int_equal(np_project_build_write(build, &section, &count), NETPOL_OK);
        assert_int_equal(np_project_build_write(other, &other_section, &other_count), NETPOL_OK);
        assert_int_equal(count, other_count);
        assert_memory_equal(section, other_section, count * sizeof *section);
        struct np_projection projection;
        assert_true(np_projection_open(section, count, &projection));
        for (int pair = 0; pair < 200; pair++) {
            uint64_t words_a[ROOM], words_b[ROOM];
            struct thing a = some_thing(), b = a;
            for (uint32_t i = random_below(4); i > 0; i--) { /* near enough to be equal at times */
                b.value[random_below(KEYS)] = (int)random_below(VALUES + 1) - 1;
            }
            b.space = random_below(4) ? a.space ^ random_below(2) : random_below(6);
            b.ports = a.ports ^ (random_below(2) << random_below(4));
            struct np_projector pa = project(&projection, &a, words_a);
            struct np_projector pb = project(&projection, &b, words_b);
            bool same = pa.count == pb.count && memcmp(words_a, words_b, pa.count * 8) == 0;
            assert_int_equal(same, alike(tests, n, keys, &a, &b));
            assert_false(pa.unseen);
            equal += same;
        }
        np_project_build_free(build);
        np_project_build_free(other);
    }
    assert_in_range(equal, 6000, 54000); /* both outcomes were met often */
}

static void test_what_is_not_known_is_not_seen(void **unused)
{
    (void)unused;
    struct np_projection projection;
    struct np_projector p;
    uint64_t words[ROOM];
    assert_true(np_projection_open(NULL, 0, &projection));
    np_project_begin(&p, &projection, words, ROOM, text("a"), text("b"), text("c"), false);
    np_project_end(&p);
    assert_true(p.unseen);

    struct np_project_build *build = np_project_build(ctx);
    const uint32_t *section;
    size_t count;
    np_project_build_flags(build, NP_PROJECT_SPACES | NP_PROJECT_ACCOUNTS);
    assert_int_equal(np_project_build_space(build, text("shop"), 7), NETPOL_OK);
    assert_int_equal(np_project_build_account(build, text("shop"), text("till"), 3), NETPOL_OK);
    assert_int_equal(np_project_build_account(build, text("shop"), text(""), 4), NETPOL_OK);
    assert_int_equal(
        np_project_build_test(build, NP_PROJECT_NAME, text(""), NP_PROJECT_IS, text("web-0")),
        NETPOL_OK);
    assert_int_equal(np_project_build_write(build, &section, &count), NETPOL_OK);
    assert_true(np_projection_open(section, count, &projection));
    static const struct {
        const char *space, *name, *account;
        bool unseen;
        uint32_t count;
        uint64_t first, item;
    } rows[] = {
        {"shop", "web-0", "till", false, 3, 7ull << 32 | 3, 1},
        {"shop", "web-1", NULL,   false, 3, 7ull << 32 | 4, 0},
        {"shop", "web-0", "boss", true,  3, 7ull << 32,     1},
        {"data", "web-0", "till", true,  3, 0,              1}
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        np_project_begin(&p, &projection, words, ROOM, text(rows[i].space), text(rows[i].name),
                         text(rows[i].account), true);
        np_project_end(&p);
        assert_int_equal(p.unseen, rows[i].unseen);
        assert_int_equal(p.count, rows[i].count);
        assert_int_equal(words[0], rows[i].first);
        assert_int_equal(words[1], 0); /* the host's network does not count here */
        assert_int_equal(words[2], rows[i].item);
    }
    np_project_begin(&p, &projection, words, 2, text("shop"), text("x"), text("till"), false);
    np_project_end(&p);
    assert_true(p.full);
    np_project_build_free(build);
}

static void test_kinds_are_found_again(void **unused)
{
    (void)unused;
    struct np_kinds_build *build = np_kinds_build(ctx);
    struct np_kinds kinds;
    const void *bytes;
    size_t size;
    enum { N = 500 };
    uint64_t sets[N][4];
    uint32_t counts[N], numbers[N], n_kinds = 0;
    assert_true(np_kinds_open(NULL, 0, &kinds));
    assert_int_equal(np_kinds_find(&kinds, sets[0], 0), 0);
    for (uint32_t i = 0; i < N; i++) {
        counts[i] = 2 + random_below(3);
        for (uint32_t w = 0; w < 4; w++) {
            sets[i][w] = random_below(4);
        }
        assert_int_equal(np_kinds_build_add(build, sets[i], counts[i], i % 2, &numbers[i]),
                         NETPOL_OK);
        n_kinds = numbers[i] > n_kinds ? numbers[i] : n_kinds;
    }
    assert_int_equal(np_kinds_build_write(build, &bytes, &size), NETPOL_OK);
    assert_true(np_kinds_open(bytes, size, &kinds));
    assert_int_equal(kinds.count, n_kinds);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t n;
        assert_int_equal(np_kinds_find(&kinds, sets[i], counts[i]), numbers[i]);
        const uint64_t *words = np_kinds_words(&kinds, numbers[i], &n);
        assert_int_equal(n, counts[i]);
        assert_memory_equal(words, sets[i], n * sizeof *words);
        for (uint32_t k = 0; k < i; k++) {
            bool same = counts[i] == counts[k] && !memcmp(sets[i], sets[k], counts[i] * 8);
            assert_int_equal(same, numbers[i] == numbers[k]);
        }
    }
    sets[0][0] = 99;
    assert_int_equal(np_kinds_find(&kinds, sets[0], counts[0]), 0);
    assert_null(np_kinds_words(&kinds, n_kinds + 1, counts));
    np_kinds_build_free(build);
}

static void test_combos_are_found_again(void **unused)
{
    (void)unused;
    struct np_combo list[300], *table;
    uint32_t n = 0, count;
    for (uint32_t kind = 1; kind <= 10; kind++) {
        for (uint32_t place = 0; place < 10; place++) {
            for (uint32_t node = 0; node < 3; node++) {
                list[n] = (struct np_combo){kind, place * 7, node, n + 3};
                n++;
            }
        }
    }
    assert_int_equal(np_combos_write(ctx, list, n, &table, &count), NETPOL_OK);
    assert_true(np_combos_valid(table, count, n + 3));
    assert_false(np_combos_valid(table, count, n + 2));
    assert_false(np_combos_valid(table, count - 1, n + 3));
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(np_combos_find(table, count, list[i].kind, list[i].place, list[i].node),
                         i + 3);
    }
    assert_int_equal(np_combos_find(table, count, 1, 1, 0), NP_SIG_UNCOMPILED);
    assert_int_equal(np_combos_find(table, count, 0, 0, 0), NP_SIG_UNCOMPILED);
    assert_int_equal(np_combos_find(NULL, 0, 1, 0, 0), NP_SIG_UNCOMPILED);
    np_free(ctx, table, count * sizeof *table);
}

/* Every word of a section set to odd values: refused, or used without a read outside (ASan). */
static void test_damage_is_refused_or_harmless(void **unused)
{
    (void)unused;
    struct test tests[] = {
        {0, NP_PROJECT_IS,       "web"},
        {0, NP_PROJECT_CONTAINS, "e"  }
    };
    static const uint32_t odd[] = {0, 1, 7, UINT32_MAX, UINT32_MAX / 4, 1u << 31};
    struct np_project_build *build = np_project_build(ctx);
    const uint32_t *section;
    size_t count;
    fill(build, tests, 2, 3, false);
    assert_int_equal(np_project_build_write(build, &section, &count), NETPOL_OK);
    unsigned refused = 0;
    for (size_t at = 0; at < count; at++) {
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
            uint32_t *copy = malloc(count * sizeof *copy);
            struct np_projection projection;
            uint64_t words[ROOM];
            memcpy(copy, section, count * sizeof *copy);
            copy[at] = odd[i];
            if (np_projection_open(copy, count, &projection)) {
                struct thing t = some_thing();
                struct np_projector p;
                np_project_begin(&p, &projection, words, ROOM, text("ns1"), text("x"), text("y"),
                                 t.host);
                np_project_label(&p, text("app"), text("web"));
                np_project_port(&p, text("http"), 6, 80);
                np_project_end(&p);
            } else {
                refused++;
            }
            assert_false(np_projection_open(copy, count - 1, &projection) && at >= 8);
            free(copy);
        }
    }
    assert_true(refused > count);
    np_project_build_free(build);
}

/* A flag of a later version would make labels count that this one does not look at. */
static void test_unknown_flags_are_refused(void **unused)
{
    struct np_projection projection;
    const uint32_t *section;
    size_t count;
    (void)unused;
    struct test tests[] = {
        {0, NP_PROJECT_IS, "web"}
    };
    struct np_project_build *build = np_project_build(ctx);
    fill(build, tests, 1, 3, false);
    assert_int_equal(np_project_build_write(build, &section, &count), NETPOL_OK);
    uint32_t *copy = malloc(count * sizeof *copy);
    memcpy(copy, section, count * sizeof *copy);
    for (uint32_t bit = 0; bit < 32; bit++) {
        copy[0] = section[0] | UINT32_C(1) << bit;
        assert_int_equal(np_projection_open(copy, count, &projection), bit < 4);
    }
    free(copy);
    np_project_build_free(build);
}

static void test_memory_may_fail(void **unused)
{
    (void)unused;
    struct counting counting = {0};
    struct netpol_ctx *failing = counting_ctx(&counting, NULL);
    assert_non_null(failing);
    size_t held = counting.blocks;
    bool done = false;
    for (size_t fail = 1; !done; fail++) {
        counting.calls = 0;
        counting.fail_at = fail;
        struct np_project_build *build = np_project_build(failing);
        struct np_kinds_build *kinds = np_kinds_build(failing);
        const uint32_t *section;
        const void *bytes;
        uint64_t words[3] = {1, 2, 3};
        uint32_t kind;
        size_t count;
        done = build && kinds &&
               np_project_build_test(build, NP_PROJECT_LABEL, text("k"), NP_PROJECT_IS,
                                     text("v")) == NETPOL_OK &&
               np_project_build_space(build, text("k"), 1) == NETPOL_OK &&
               np_project_build_write(build, &section, &count) == NETPOL_OK &&
               np_kinds_build_add(kinds, words, 3, 0, &kind) == NETPOL_OK &&
               np_kinds_build_write(kinds, &bytes, &count) == NETPOL_OK;
        np_project_build_free(build);
        np_kinds_build_free(kinds);
        assert_int_equal(counting.blocks, held);
        assert_true(fail < 100);
    }
    assert_false(counting.bad_size);
    counting.fail_at = 0;
    netpol_ctx_destroy(failing);
}

static int setup(void **unused)
{
    (void)unused;
    return netpol_ctx_create(NULL, &ctx);
}

static int teardown(void **unused)
{
    (void)unused;
    netpol_ctx_destroy(ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_words_are_equal_endpoints),
        cmocka_unit_test(test_what_is_not_known_is_not_seen),
        cmocka_unit_test(test_kinds_are_found_again),
        cmocka_unit_test(test_combos_are_found_again),
        cmocka_unit_test(test_damage_is_refused_or_harmless),
        cmocka_unit_test(test_unknown_flags_are_refused),
        cmocka_unit_test(test_memory_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
