/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPDK's rte_acl, the fastest classifier that a Linux distribution has: every algorithm that this
 * processor can run, every batch size, both ways of building (many small tries, or as few as
 * possible); the best of them counts, for single calls and for batches apart.
 *
 * Keys are in network byte order with the one-byte field first, as the library wants them. Memory
 * is that of the tables alone, without the library's copy of the rules.
 */
#include "classify.h"

#include <rte_acl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 5, BATCH = 256, PROBE = 1 << 16, HEAP_MB = 6144 };

struct acl_key {
    uint8_t spare[3], protocol;
    uint32_t src, dst;
    uint16_t src_port, dst_port;
};
static const struct rte_acl_field_def fields[FIELDS] = {
    {RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, 0, offsetof(struct acl_key, protocol)},
    {RTE_ACL_FIELD_TYPE_MASK,    4, 1, 1, offsetof(struct acl_key, src)     },
    {RTE_ACL_FIELD_TYPE_MASK,    4, 2, 2, offsetof(struct acl_key, dst)     },
    {RTE_ACL_FIELD_TYPE_RANGE,   2, 3, 3, offsetof(struct acl_key, src_port)},
    {RTE_ACL_FIELD_TYPE_RANGE,   2, 4, 3, offsetof(struct acl_key, dst_port)},
};
RTE_ACL_RULE_DEF(acl_rule, FIELDS);

static const struct {
    enum rte_acl_classify_alg id;
    const char *name;
} algorithms[] = {
    {RTE_ACL_CLASSIFY_SCALAR,    "scalar"   },
    {RTE_ACL_CLASSIFY_SSE,       "sse"      },
    {RTE_ACL_CLASSIFY_AVX2,      "avx2"     },
    {RTE_ACL_CLASSIFY_AVX512X16, "avx512x16"},
    {RTE_ACL_CLASSIFY_AVX512X32, "avx512x32"},
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

struct acl {
    struct rte_acl_ctx *ctx[NP_DIRECTIONS];
    struct acl_key *keys;
    size_t n_keys;
    bool both;
    struct {
        size_t algorithm, batch;
    } best[BENCH_MODES];
};

static bool start_eal(void)
{
    static int started;
    if (!started) {
        char lcores[32], memory[16];
        snprintf(lcores, sizeof lcores, "0@%d", bench_cpu);
        snprintf(memory, sizeof memory, "%d", HEAP_MB);
        const char *arguments[] = {"classify", "--no-huge", "--no-pci", "--no-shconf",   "-m",
                                   memory,     "--lcores",  lcores,     "--no-telemetry"};
        enum { COUNT = sizeof arguments / sizeof *arguments };
        char *copies[COUNT + 1] = {0};
        for (size_t i = 0; i < COUNT; i++) {
            copies[i] = strdup(arguments[i]); /* the library keeps and changes them */
        }
        rte_log_set_global_level(RTE_LOG_ERR);
        started = rte_eal_init(COUNT, copies) < 0 ? -1 : 1;
    }
    return started == 1;
}

static void to_acl(const struct bench_line *rule, size_t index, size_t count, struct acl_rule *out)
{
    memset(out, 0, sizeof *out);
    out->data.category_mask = 1;
    out->data.priority = (int32_t)(count - index);
    out->data.userdata = rule->answer;
    out->field[0].value.u8 = rule->protocol;
    out->field[0].mask_range.u8 = rule->any_protocol ? 0 : 0xff;
    out->field[1].value.u32 = rule->src;
    out->field[1].mask_range.u32 = rule->src_length;
    out->field[2].value.u32 = rule->dst;
    out->field[2].mask_range.u32 = rule->dst_length;
    out->field[3].value.u16 = rule->src_first;
    out->field[3].mask_range.u16 = rule->src_last;
    out->field[4].value.u16 = rule->dst_first;
    out->field[4].mask_range.u16 = rule->dst_last;
}

static size_t heap_bytes(void)
{
    struct rte_malloc_socket_stats stats;
    return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

/* NULL: no memory, or the library refuses. */
static struct rte_acl_ctx *build(const struct bench_lines *rules, size_t max_size,
                                 struct bench_facts *facts)
{
    static unsigned number;
    char name[32];
    snprintf(name, sizeof name, "bench-%u", number++);
    const struct rte_acl_param param = {.name = name,
                                        .socket_id = SOCKET_ID_ANY,
                                        .rule_size = RTE_ACL_RULE_SZ(FIELDS),
                                        .max_rule_num = (uint32_t)rules->count};
    struct rte_acl_config config = {
        .num_categories = 1, .num_fields = FIELDS, .max_size = max_size};
    memcpy(config.defs, fields, sizeof fields);
    double start = bench_seconds();
    struct rte_acl_ctx *ctx = rte_acl_create(&param);
    int status = ctx ? 0 : -1;
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        struct acl_rule rule;
        to_acl(&rules->items[i], i, rules->count, &rule);
        status = rte_acl_add_rules(ctx, (const struct rte_acl_rule *)&rule, 1);
    }
    size_t before = heap_bytes();
    status = status == 0 ? rte_acl_build(ctx, &config) : status;
    facts->build_ms += (bench_seconds() - start) * 1e3;
    facts->bytes += heap_bytes() - before;
    if (status != 0) {
        snprintf(facts->skipped, sizeof facts->skipped, "rte_acl cannot build it: %s",
                 strerror(-status));
        rte_acl_free(ctx);
        return NULL;
    }
    return ctx;
}

static double run_batches(const struct acl *a, size_t algorithm, size_t batch, size_t count)
{
    const uint8_t *data[BATCH];
    uint32_t results[BATCH];
    double start = bench_seconds();
    for (size_t i = 0; i + batch <= count; i += batch) {
        for (size_t j = 0; j < batch; j++) {
            data[j] = (const uint8_t *)(a->keys + i + j);
        }
        for (int d = 0; d < (a->both ? 2 : 1); d++) {
            rte_acl_classify_alg(a->ctx[d], data, results, (uint32_t)batch, 1,
                                 algorithms[algorithm].id);
            bench_sink = results[0];
        }
    }
    return (bench_seconds() - start) * 1e9 / (double)(count / batch * batch);
}

/* Two loops: in the first nothing ties a call to the one before. */
static double run_loop(const struct acl *a, size_t algorithm, size_t count)
{
    double start = bench_seconds();
    for (size_t i = 0; i < count; i++) {
        const uint8_t *data = (const uint8_t *)(a->keys + i);
        for (int d = 0; d < (a->both ? 2 : 1); d++) {
            uint32_t result;
            rte_acl_classify_alg(a->ctx[d], &data, &result, 1, 1, algorithms[algorithm].id);
            bench_sink = result;
        }
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

static double run_serial(const struct acl *a, size_t algorithm, size_t count)
{
    uint32_t results[NP_DIRECTIONS] = {0}, zero = bench_zero;
    double start = bench_seconds();
    for (size_t i = 0; i < count; i++) {
        const uint8_t *data = (const uint8_t *)(a->keys + i + ((results[0] | results[1]) & zero));
        for (int d = 0; d < (a->both ? 2 : 1); d++) {
            rte_acl_classify_alg(a->ctx[d], &data, &results[d], 1, 1, algorithms[algorithm].id);
        }
        bench_sink = results[0];
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

static double acl_run(void *state, enum bench_mode mode, size_t count)
{
    const struct acl *a = state;
    size_t algorithm = a->best[mode].algorithm;
    if (mode == BENCH_BATCH) {
        return run_batches(a, algorithm, a->best[mode].batch, count);
    }
    return mode == BENCH_SERIAL ? run_serial(a, algorithm, count) : run_loop(a, algorithm, count);
}

static bool can_run(const struct acl *a, size_t algorithm)
{
    const uint8_t *data = (const uint8_t *)a->keys;
    uint32_t result;
    return rte_acl_classify_alg(a->ctx[0], &data, &result, 1, 1, algorithms[algorithm].id) == 0;
}

/* Finds the best variants; returns the time of the best batch. */
static double choose(struct acl *a)
{
    size_t count = a->n_keys < PROBE ? a->n_keys : PROBE;
    double single = 1e18, batches = 1e18;
    for (size_t algorithm = 0; algorithm < ALGORITHMS; algorithm++) {
        if (!can_run(a, algorithm)) {
            continue;
        }
        for (size_t batch = 32; batch <= BATCH; batch *= 2) {
            double ns = run_batches(a, algorithm, batch, count);
            if (ns < batches) {
                batches = ns;
                a->best[BENCH_BATCH].algorithm = algorithm;
                a->best[BENCH_BATCH].batch = batch;
            }
        }
        double ns = run_loop(a, algorithm, count / 2);
        if (ns < single) {
            single = ns;
            a->best[BENCH_LOOP].algorithm = a->best[BENCH_SERIAL].algorithm = algorithm;
        }
    }
    return batches;
}

static void acl_close(void *state)
{
    struct acl *a = state;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        rte_acl_free(a->ctx[d]);
    }
    free(a->keys);
    free(a);
}

static bool fill_keys(const struct bench_workload *w, struct acl *a)
{
    a->keys = aligned_alloc(64, (w->n_trace * sizeof *a->keys + 63) / 64 * 64);
    for (size_t i = 0; a->keys && i < w->n_trace; i++) {
        const struct bench_key *k = &w->trace[i];
        a->keys[i] = (struct acl_key){{0},           k->protocol,        htonl(k->src),
                                      htonl(k->dst), htons(k->src_port), htons(k->dst_port)};
    }
    a->n_keys = w->n_trace;
    a->both = w->both;
    return a->keys != NULL;
}

static struct acl *open_one(const struct bench_workload *w, size_t max_size,
                            struct bench_facts *facts)
{
    struct acl *a = calloc(1, sizeof *a);
    if (!a || !fill_keys(w, a)) {
        free(a);
        return NULL;
    }
    for (int d = 0; d < (w->both ? 2 : 1); d++) {
        a->ctx[d] = build(&w->rules[d], max_size, facts);
        if (!a->ctx[d]) {
            acl_close(a);
            return NULL;
        }
    }
    return a;
}

static void *acl_open(const struct bench_workload *w, struct bench_facts *facts)
{
    /* how large the tables may get: not limited (the library then keeps tries small), and so much
     * that it tries few large ones first */
    static const size_t sizes[] = {0, (size_t)1 << 30};
    struct acl *best = NULL;
    double best_ns = 1e18;
    if (!start_eal()) {
        snprintf(facts->skipped, sizeof facts->skipped, "DPDK does not start: %s",
                 rte_strerror(rte_errno));
        return NULL;
    }
    for (size_t i = 0; i < (w->nominal > 10000 ? 1 : 2); i++) {
        struct bench_facts own = {0};
        struct acl *a = open_one(w, sizes[i], &own);
        double ns = a ? choose(a) : 1e18;
        if (a && ns < best_ns) {
            if (best) {
                acl_close(best);
            }
            best = a;
            best_ns = ns;
            *facts = own;
            snprintf(facts->detail, sizeof facts->detail, "%s batches of %zu, %s singles%s",
                     algorithms[a->best[BENCH_BATCH].algorithm].name, a->best[BENCH_BATCH].batch,
                     algorithms[a->best[BENCH_LOOP].algorithm].name, i ? ", large tries" : "");
        } else if (a) {
            acl_close(a);
        } else if (!best) {
            *facts = own;
        }
    }
    return best;
}

/* Singles and batches must say the same. */
static void acl_answer(void *state, size_t step, size_t count, uint32_t *answers[NP_DIRECTIONS])
{
    const struct acl *a = state;
    size_t batch = a->best[BENCH_BATCH].batch;
    for (size_t i = 0; i < count; i += batch) {
        const uint8_t *data[BATCH];
        uint32_t results[BATCH], single;
        size_t n = count - i < batch ? count - i : batch;
        for (size_t j = 0; j < n; j++) {
            data[j] = (const uint8_t *)(a->keys + (i + j) * step);
        }
        for (int d = 0; d < (a->both ? 2 : 1); d++) {
            rte_acl_classify_alg(a->ctx[d], data, results, (uint32_t)n, 1,
                                 algorithms[a->best[BENCH_BATCH].algorithm].id);
            for (size_t j = 0; j < n; j++) {
                rte_acl_classify_alg(a->ctx[d], &data[j], &single, 1, 1,
                                     algorithms[a->best[BENCH_LOOP].algorithm].id);
                answers[d][i + j] = results[j] != single ? UINT32_MAX
                                    : single             ? single
                                                         : BENCH_DEFAULT;
            }
        }
    }
}

const struct bench_engine bench_engine_acl = {
    .name = "rte_acl",
    .modes = 1 << BENCH_SERIAL | 1 << BENCH_LOOP | 1 << BENCH_BATCH,
    .open = acl_open,
    .close = acl_close,
    .answer = acl_answer,
    .run = acl_run,
};
