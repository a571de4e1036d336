/* SPDX-License-Identifier: Apache-2.0 */
/* Partition refinement against the plain way: things are together iff every condition marked them
 * alike. */
#include "compile/partition.h"
#include "np_cmocka.h"

enum { THINGS = 40, SPLITS = 200, ROUNDS = 300 };

static uint32_t draw(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

static void check(const struct np_partition *p, uint32_t n, const uint64_t *history)
{
    uint32_t sizes[THINGS] = {0};
    assert_true(p->n_parts <= n);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(p->part[i] < p->n_parts);
        sizes[p->part[i]]++;
        for (uint32_t k = 0; k < i; k++) {
            assert_int_equal(p->part[i] == p->part[k], history[i] == history[k]);
        }
    }
    for (uint32_t part = 0; part < p->n_parts; part++) {
        assert_int_equal(p->sizes[part], sizes[part]);
        assert_true(sizes[part] > 0);
    }
}

/* Marks of few values, of few things or of all: also of whole parts, mixed. */
static void mark_some(struct np_partition *p, uint64_t *random, int splits, uint64_t *history)
{
    for (int s = 0; s < splits; s++) {
        uint32_t percent = draw(random, 3) == 0 ? 100 : draw(random, 30);
        uint32_t marks = 1 + draw(random, 3);
        for (uint32_t i = 0; i < p->n; i++) {
            uint32_t mark = draw(random, 100) < percent ? 1 + draw(random, marks) : 0;
            if (mark) {
                np_partition_mark(p, i, mark);
            }
            history[i] = np_hash_stable((uint64_t[]){history[i], mark}, 16);
        }
        np_partition_split(p);
        check(p, p->n, history);
    }
}

static void things_are_together_iff_marked_alike(void **state)
{
    (void)state;
    struct netpol_ctx *ctx;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    uint64_t random = 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct np_partition p;
        assert_true(np_partition_init(ctx, &p, 1 + draw(&random, THINGS)));
        for (int again = 0; again < 2; again++) { /* a reset forgets all */
            uint64_t history[THINGS] = {0};
            mark_some(&p, &random, SPLITS / (round % 10 + 1), history);
            np_partition_reset(&p);
        }
        np_partition_free(&p);
    }
    netpol_ctx_destroy(ctx);
}

/* A reset goes back to what has settled, and to nothing before. What left it is listed. */
static void what_has_settled_stays(void **state)
{
    (void)state;
    struct netpol_ctx *ctx;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    uint64_t random = 8;
    for (int round = 0; round < ROUNDS; round++) {
        struct np_partition p;
        uint64_t settled[THINGS] = {0};
        assert_true(np_partition_init(ctx, &p, 1 + draw(&random, THINGS)));
        for (int again = 0; again < 4; again++) {
            uint64_t history[THINGS];
            uint32_t left = 0;
            if (again % 2 == 0) {
                mark_some(&p, &random, 1 + again, settled);
                np_partition_settle(&p);
            }
            memcpy(history, settled, sizeof history);
            mark_some(&p, &random, SPLITS / (round % 10 + 1), history);
            for (uint32_t i = 0; i < p.n; i++) {
                left += p.part[i] != p.settled[i];
            }
            assert_int_equal(left, p.n_touched);
            np_partition_reset(&p);
            check(&p, p.n, settled);
        }
        np_partition_free(&p);
    }
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_are_together_iff_marked_alike),
        cmocka_unit_test(what_has_settled_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
