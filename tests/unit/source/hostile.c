/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile inputs: each gives the outcome it must, within 32 MiB. Every read runs in a child, whose
 * peak memory the system reports; the allocator hook says what we asked for ourselves. Times are
 * shown by benchmarks/hostile.c and never asserted.
 */
#include "np_cmocka.h"

#include "hostile_inputs.h"
#include "source/node.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

enum { MEMORY_MAX = 32 << 20 };

struct outcome {
    int status;
    char code[8];
    size_t documents, hook_peak, blocks_left;
    long peak_kib;
};

static int count_document(void *user, const struct np_document *document)
{
    (void)document;
    ++*(size_t *)user;
    return NETPOL_OK;
}

static struct outcome read_input(void (*make)(struct hostile_text *))
{
    struct counting memory = {0};
    struct hostile_text text = {0};
    struct outcome outcome = {0};
    struct netpol_diags *diags = NULL;
    struct netpol_ctx *ctx = counting_ctx(&memory, NULL);
    make(&text);
    if (!ctx || netpol_diags_create(ctx, &diags) != NETPOL_OK) {
        _exit(98);
    }
    outcome.status = np_source_read(ctx, text.ptr, text.len, "hostile", NP_FORMAT_AUTO, diags,
                                    count_document, &outcome.documents);
    const struct netpol_diag *first = netpol_diags_at(diags, 0);
    snprintf(outcome.code, sizeof outcome.code, "%s", first ? first->code : "");
    netpol_diags_destroy(diags);
    netpol_ctx_destroy(ctx);
    free(text.ptr);
    outcome.hook_peak = memory.peak;
    outcome.blocks_left = memory.blocks;
    struct rusage usage;
    outcome.peak_kib = getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 1 << 30;
    return outcome;
}

static struct outcome read_in_child(void (*make)(struct hostile_text *))
{
    struct outcome outcome;
    int pipes[2], state;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        outcome = read_input(make);
        _exit(write(pipes[1], &outcome, sizeof outcome) == (ssize_t)sizeof outcome ? 0 : 97);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &outcome, sizeof outcome), sizeof outcome);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &state, 0), child);
    assert_int_equal(state, 0);
    return outcome;
}

static void every_input_has_its_outcome_in_little_memory(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof hostile_inputs / sizeof hostile_inputs[0]; i++) {
        const struct hostile *input = &hostile_inputs[i];
        struct outcome got = read_in_child(input->make);
        const char *code = input->code ? input->code : "";
        bool memory = got.hook_peak < MEMORY_MAX && (SANITIZED || got.peak_kib < MEMORY_MAX / 1024);
        if (got.status != input->status || strcmp(got.code, code) != 0 || !memory ||
            got.blocks_left) {
            print_error("%s: status %d code %s hook %zu peak %ld KiB left %zu\n", input->name,
                        got.status, got.code, got.hook_peak, got.peak_kib, got.blocks_left);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void make_ten_million_documents(struct hostile_text *text)
{
    hostile_repeat(text, "---\n", 10000000);
}

static void ten_million_documents_are_refused(void **state)
{
    (void)state;
    struct outcome got = read_in_child(make_ten_million_documents);
    assert_int_equal(got.status, NETPOL_ERR_LIMIT);
    assert_string_equal(got.code, "NP1402");
    assert_int_equal(got.documents, 0);
}

/* Each limit of the context, set low: what is at it passes, what is one over does not. */
static void limits_hold_exactly(void **state)
{
    (void)state;
    static const struct {
        struct netpol_limits limits;
        const char *passes, *fails, *code;
    } cases[] = {
        {{.input_bytes = 5},    "a: bc",                  "a: bcd",                     "NP1401"},
        {{.documents = 2},      "a\n---\nb",              "a\n---\nb\n---\nc",          "NP1402"},
        {{.documents = 3},      "---\n---\n---\n",        "---\n---\n---\n---\n",       "NP1402"},
        {{.documents = 2},      "{} {}",                  "{} {} {}",                   "NP1402"},
        {{.depth = 3},          "{\"a\": [[1]]}",         "{\"a\": [[[]]]}",            "NP1403"},
        {{.depth = 3},          "a: [[1]]",               "a: [[[]]]",                  "NP1403"},
        {{.depth = 3},          "a: &x [1]\nb: [*x]",     "a: &x [[1]]\nb: [*x]",       "NP1403"},
        {{.scalar_bytes = 4},   "a: bcde",                "a: bcdef",                   "NP1404"},
        {{.scalar_bytes = 4},   "[\"bcde\"]",             "[\"bcdef\"]",                "NP1404"},
        {{.scalar_bytes = 4},   "[1234]",                 "[12345]",                    "NP1404"},
        {{.key_bytes = 4},      "abcd: 1",                "abcde: 1",                   "NP1405"},
        {{.key_bytes = 4},      "{\"abcd\": 1}",          "{\"abcde\": 1}",             "NP1405"},
        {{.expanded_nodes = 4}, "a: &x [1]\nb: [*x, *x]", "a: &x [1]\nb: [*x, *x, *x]", "NP1406"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int fails = 0; fails < 2; fails++) {
            struct counting memory = {0};
            struct netpol_limits limits = cases[i].limits;
            limits.size = sizeof limits;
            struct netpol_ctx *ctx = counting_ctx(&memory, &limits);
            struct netpol_diags *diags;
            size_t documents = 0;
            const char *text = fails ? cases[i].fails : cases[i].passes;
            assert_int_equal(netpol_diags_create(ctx, &diags), NETPOL_OK);
            int status = np_source_read(ctx, text, strlen(text), "t", NP_FORMAT_AUTO, diags,
                                        count_document, &documents);
            const struct netpol_diag *d = netpol_diags_at(diags, 0);
            if ((d != NULL) != fails) {
                print_error("%s\n", text);
            }
            assert_int_equal(status, fails ? NETPOL_ERR_LIMIT : NETPOL_OK);
            assert_int_equal(d != NULL, fails);
            if (d) {
                assert_string_equal(d->code, cases[i].code);
            }
            netpol_diags_destroy(diags);
            netpol_ctx_destroy(ctx);
            assert_int_equal(memory.blocks, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_has_its_outcome_in_little_memory),
        cmocka_unit_test(ten_million_documents_are_refused),
        cmocka_unit_test(limits_hold_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
