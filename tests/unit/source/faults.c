/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation fails in turn, ours and those of libyaml and jansson: malloc itself is replaced
 * in this program. A read then gives ERR_MEMORY, or what it gives anyway; nothing leaks.
 */
#include "reading.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static const char yaml[] =
    "# all that a reader allocates for\n"
    "apiVersion: v1\nitems:\n- kind: A\n  x: &x {p: 1, q: [2, 3]}\n  1.5: *x\n- a: {<<: *x, r: on}\n"
    "- k01: 1\n  k02: 1\n  k03: 1\n  k04: 1\n  k05: 1\n  k06: 1\n  k07: 1\n  k08: 1\n  k09: 1\n"
    "  k10: 1\n  k11: 1\n  k12: 1\n  k13: 1\n  k14: 1\n  k15: 1\n  k16: 1\n  k17: 1\n"
    "kind: List\n---\nb: 1\nb: 2\n---\nc: [\n---\nd: |\n  text\n";
static const char json[] =
    "{\"kind\":\"List\",\"items\":[{\"kind\":\"A\",\"a\":[1,2.5,\"x\\n\",12345678901234567890]},"
    "{\"b\\t\":{\"c\":null}}]}\n{\"d\":1,\"d\":2}\n{\"e\":true}\n{\"f\":1e400}\n";

/* Both texts hold mistakes; a read that does not say "memory" has handed over all the rest. */
static void check(int format, int status, size_t documents, bool failed)
{
    if (!failed || status != NETPOL_ERR_MEMORY) {
        assert_int_equal(status, NETPOL_ERR_INPUT);
        assert_int_equal(documents, format ? 3 : 4);
    }
}

static void our_own_allocations_fail_in_turn(void **state)
{
    (void)state;
    for (int format = 0; format < 2; format++) {
        bool finished = false;
        size_t refused = 0;
        for (size_t n = 1; !finished; n++) {
            struct reading r;
            reading_open(&r, NULL);
            r.memory.fail_at = r.memory.calls + n;
            int status =
                format
                    ? np_json_read(r.ctx, json, sizeof json - 1, "t", r.diags, count_document, &r)
                    : np_yaml_read(r.ctx, yaml, sizeof yaml - 1, "t", r.diags, count_document, &r);
            finished = r.memory.calls < r.memory.fail_at;
            refused += status == NETPOL_ERR_MEMORY;
            check(format, status, r.documents, !finished);
            reading_close(&r);
        }
        assert_true(refused >= 3);
    }
}

#ifndef SANITIZED
/* The C library's own functions, under the names it exports for those who replace malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void __libc_free(void *ptr);

/* Seen by the shared libraries too. */
#define EXPORTED __attribute__((visibility("default")))

static size_t calls, fail_at, live;

static bool refuse_now(void)
{
    return ++calls == fail_at;
}

EXPORTED void *malloc(size_t size)
{
    void *ptr = refuse_now() ? NULL : __libc_malloc(size);
    live += ptr != NULL;
    return ptr;
}

EXPORTED void *calloc(size_t count, size_t size)
{
    void *ptr = refuse_now() ? NULL : __libc_calloc(count, size);
    live += ptr != NULL;
    return ptr;
}

EXPORTED void *realloc(void *ptr, size_t size)
{
    void *grown = refuse_now() ? NULL : __libc_realloc(ptr, size);
    live += !ptr && grown;
    return grown;
}

EXPORTED void free(void *ptr)
{
    live -= ptr != NULL;
    __libc_free(ptr);
}

static int run(int format, size_t *documents)
{
    struct netpol_ctx *ctx = NULL;
    struct netpol_diags *diags = NULL;
    struct reading r = {0};
    int status = netpol_ctx_create(NULL, &ctx);
    if (status == NETPOL_OK) {
        status = netpol_diags_create(ctx, &diags);
    }
    if (status == NETPOL_OK) {
        status = format ? np_json_read(ctx, json, sizeof json - 1, "t", diags, count_document, &r)
                        : np_yaml_read(ctx, yaml, sizeof yaml - 1, "t", diags, count_document, &r);
    }
    netpol_diags_destroy(diags);
    netpol_ctx_destroy(ctx);
    *documents = r.documents;
    return status;
}

static void every_allocation_of_the_process_fails_in_turn(void **state)
{
    (void)state;
    for (int format = 0; format < 2; format++) {
        bool finished = false;
        size_t documents, refused = 0;
        run(format, &documents); /* what libraries allocate once and keep */
        for (size_t n = 1; !finished; n++) {
            size_t before = live;
            calls = 0;
            fail_at = n;
            int status = run(format, &documents);
            finished = calls < n;
            fail_at = 0;
            assert_int_equal(live, before);
            refused += status == NETPOL_ERR_MEMORY;
            check(format, status, documents, !finished);
        }
        assert_true(refused >= 20);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_allocations_fail_in_turn),
#ifndef SANITIZED
        cmocka_unit_test(every_allocation_of_the_process_fails_in_turn),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
