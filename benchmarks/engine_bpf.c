/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of the kernel, asked by a program of the kernel (engine_bpf_kernel.c) that test-run starts:
 * nothing of packets or sockets is in the figure, and the loop around the decisions is measured
 * and taken off. Endpoints under the same policies share a policy map, which is kind to it.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN) and a kernel with bpf_loop (5.17).
 */
#include "classify.h"
#include "engine_bpf.h"
#include "engine_bpf_policy.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct bpf {
    const struct bench_workload *w;
    bool hashes;
    struct bpf_object *object;
    struct bpf_header *headers; /* mapped */
    size_t n_headers;
    int program, empty; /* the decisions, the bare loop */
    struct {            /* variables of the kernel's program, as it declares them */
        uint32_t count_wanted, store_wanted, sum_of_answers;
    } * variables;
    size_t bytes;
};

static int map_fd(const struct bpf *b, const char *name)
{
    return bpf_object__find_map_fd_by_name(b->object, name);
}

/* What the kernel says a map takes. */
static size_t memory_of(int fd)
{
    char path[64], line[128];
    unsigned long bytes = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "memlock: %lu", &bytes) == 1) {
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    return bytes;
}

/* ---- filling ---- */

static struct bpf_policy_key key_of(const struct bpf_entry *e, uint32_t port, uint32_t length)
{
    return (struct bpf_policy_key){.length = length,
                                   .identity = e->identity,
                                   .protocol = e->protocol,
                                   .port = htons((uint16_t)port)};
}

/* A range as prefixes of the port. */
static int put_trie(int map, const struct bpf_entry *e)
{
    uint32_t from = e->first;
    while (from <= e->last) {
        uint32_t bits = 0;
        while (bits < 16 && (from & ((2u << bits) - 1)) == 0 &&
               from + (2u << bits) - 1 <= e->last) {
            bits++;
        }
        struct bpf_policy_key key = key_of(e, from, BPF_KEY_ALL - bits);
        int status = bpf_map_update_elem(map, &key, &e->answer, BPF_ANY);
        if (status != 0) {
            return status;
        }
        from += 1u << bits;
    }
    return 0;
}

static int put_hash(int map, const struct bpf_entry *e)
{
    for (uint32_t port = e->first; port <= e->last; port++) {
        struct bpf_policy_key key = key_of(e, port, 0);
        int status = bpf_map_update_elem(map, &key, &e->answer, BPF_ANY);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

/* The policy map of one set of policies, put into the map of maps at an index. */
static int put_policy(struct bpf *b, uint32_t index, const struct bpf_entries *entries)
{
    uint32_t room = 1;
    for (size_t i = 0; i < entries->count; i++) {
        room += b->hashes ? 1u + entries->items[i].last - entries->items[i].first : 32;
    }
    struct bpf_map_create_opts options = {.sz = sizeof options,
                                          .map_flags = b->hashes ? 0 : BPF_F_NO_PREALLOC};
    int map = bpf_map_create(b->hashes ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_LPM_TRIE, "policy",
                             sizeof(struct bpf_policy_key), sizeof(uint32_t), room, &options);
    if (map < 0) {
        return map;
    }
    int status = 0;
    for (size_t i = 0; status == 0 && i < entries->count; i++) {
        status = b->hashes ? put_hash(map, &entries->items[i]) : put_trie(map, &entries->items[i]);
    }
    if (status == 0) {
        status = bpf_map_update_elem(map_fd(b, b->hashes ? "policy_hashes" : "policy_tries"),
                                     &index, &map, BPF_ANY);
    }
    b->bytes += memory_of(map);
    close(map);
    return status;
}

/* Every pod, as an endpoint with its policy map. Without policies: one empty map, and a miss
 * allows. */
static int put_endpoints(struct bpf *b, const struct bpf_cluster *cluster)
{
    const struct bench_cluster_set *set = cluster->set;
    struct bpf_entries entries = {0};
    uint32_t most = set->hard ? set->n_pods : set->n_values;
    bool *made = calloc(most, sizeof *made);
    int status = made ? put_policy(b, most, &entries) : -ENOMEM;
    for (uint32_t pod = 0; status == 0 && pod < set->n_pods; pod++) {
        uint32_t policies[BENCH_KEYS];
        uint32_t count = bench_policies_of(set, pod, policies);
        uint32_t index = set->hard ? pod : set->pods[pod].labels[0];
        if (count && !made[index]) {
            status = bpf_policy_entries(cluster, pod, &entries) ? put_policy(b, index, &entries)
                                                                : -ENOMEM;
            made[index] = true;
        }
        uint32_t address = htonl(set->pods[pod].address);
        struct bpf_endpoint endpoint = {most, BENCH_DEFAULT};
        if (count) {
            endpoint.policy = index;
            endpoint.missed =
                bench_answer(bench_policy_id(policies[0], BENCH_ISOLATION, NP_INGRESS), false);
        }
        if (status == 0) {
            status = bpf_map_update_elem(map_fd(b, "endpoints"), &address, &endpoint, BPF_ANY);
        }
    }
    free(entries.items);
    free(made);
    return status;
}

static int put_identities(struct bpf *b, const struct bpf_cluster *cluster)
{
    int map = map_fd(b, "identities"), status = 0;
    for (uint32_t i = 0; status == 0 && i < cluster->set->n_pods; i++) {
        struct bpf_prefix key = {32, htonl(cluster->set->pods[i].address)};
        uint32_t identity = bpf_pod_identity(cluster, i);
        status = bpf_map_update_elem(map, &key, &identity, BPF_ANY);
    }
    for (uint32_t i = 0; status == 0 && i < cluster->n_prefixes; i++) {
        struct bpf_prefix key = {cluster->prefixes[i].length, htonl(cluster->prefixes[i].address)};
        uint32_t identity = BPF_PREFIXES + i;
        status = bpf_map_update_elem(map, &key, &identity, BPF_ANY);
    }
    return status;
}

/* One address more, one less; microseconds each. */
static double update_cost(const struct bpf *b)
{
    enum { UPDATES = 2000 };
    int map = map_fd(b, "identities");
    double start = bench_seconds();
    for (uint32_t i = 0; i < UPDATES; i++) {
        struct bpf_prefix key = {32, htonl((11u << 24) + i * 37)};
        uint32_t identity = BPF_FIRST_IDENTITY;
        bpf_map_update_elem(map, &key, &identity, BPF_ANY);
        bpf_map_delete_elem(map, &key);
    }
    return (bench_seconds() - start) * 1e6 / (2 * UPDATES);
}

/* ---- running ---- */

static double test_run(const struct bpf *b, int program, size_t count, bool store)
{
    unsigned char packet[64] = {0};
    struct bpf_test_run_opts options = {
        .sz = sizeof options, .data_in = packet, .data_size_in = sizeof packet, .repeat = 1};
    b->variables->count_wanted = (uint32_t)count;
    b->variables->store_wanted = store;
    return bpf_prog_test_run_opts(program, &options) == 0 ? (double)options.duration : -1;
}

static double bpf_run(void *state, enum bench_mode mode, size_t count)
{
    const struct bpf *b = state;
    (void)mode;
    double with = test_run(b, b->program, count, false);
    double without = test_run(b, b->empty, count, false);
    return (with - without) / (double)count;
}

static void bpf_answer(void *state, size_t step, size_t count, uint32_t *answers[NP_DIRECTIONS])
{
    const struct bpf *b = state;
    bool ran = test_run(b, b->program, b->n_headers, true) > 0;
    for (size_t i = 0; i < count; i++) {
        answers[NP_INGRESS][i] = ran ? b->headers[i * step].answer : UINT32_MAX;
    }
}

/* ---- opening ---- */

static void bpf_close(void *state)
{
    struct bpf *b = state;
    if (b->headers) {
        munmap(b->headers, BPF_HEADERS * sizeof *b->headers);
    }
    if (b->variables) {
        munmap(b->variables, sizeof *b->variables);
    }
    if (b->object) {
        bpf_object__close(b->object);
    }
    free(b);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static int load(struct bpf *b)
{
    libbpf_set_print(quiet);
    b->object = bpf_object__open_file(NETPOL_BENCH_BPF, NULL);
    if (!b->object) {
        return -errno;
    }
    bpf_map__set_max_entries(bpf_object__find_map_by_name(b->object, "endpoints"),
                             2 * b->w->cluster->n_pods);
    int status = bpf_object__load(b->object);
    if (status != 0) {
        return status;
    }
    b->program = bpf_program__fd(
        bpf_object__find_program_by_name(b->object, b->hashes ? "run_hash" : "run_trie"));
    b->empty = bpf_program__fd(bpf_object__find_program_by_name(b->object, "run_nothing"));
    void *headers = mmap(NULL, BPF_HEADERS * sizeof *b->headers, PROT_READ | PROT_WRITE, MAP_SHARED,
                         map_fd(b, "headers"), 0);
    b->headers = headers == MAP_FAILED ? NULL : headers;
    struct bpf_map *map;
    bpf_object__for_each_map(map, b->object)
    {
        if (strstr(bpf_map__name(map), ".bss")) {
            void *variables = mmap(NULL, sizeof *b->variables, PROT_READ | PROT_WRITE, MAP_SHARED,
                                   bpf_map__fd(map), 0);
            b->variables = variables == MAP_FAILED ? NULL : variables;
        }
    }
    return b->headers && b->variables ? 0 : -EINVAL;
}

static int fill(struct bpf *b, struct bench_facts *facts)
{
    struct bpf_cluster cluster;
    b->n_headers = b->w->n_trace < BPF_HEADERS ? b->w->n_trace : BPF_HEADERS;
    for (size_t i = 0; i < b->n_headers; i++) {
        const struct bench_key *k = &b->w->trace[i];
        b->headers[i] = (struct bpf_header){
            htonl(k->src), htonl(k->dst), htons(k->dst_port), k->protocol, 0, 0};
    }
    double start = bench_seconds();
    if (!bpf_cluster_make(b->w->cluster, &cluster)) {
        return -ENOMEM;
    }
    int status = put_identities(b, &cluster);
    status = status == 0 ? put_endpoints(b, &cluster) : status;
    facts->build_ms = (bench_seconds() - start) * 1e3;
    bpf_cluster_free(&cluster);
    b->bytes += memory_of(map_fd(b, "identities")) + memory_of(map_fd(b, "endpoints"));
    facts->bytes = b->bytes;
    facts->update_us = update_cost(b);
    return status;
}

static void *open_maps(const struct bench_workload *w, bool hashes, struct bench_facts *facts)
{
    struct bpf *b = calloc(1, sizeof *b);
    if (!b) {
        return NULL;
    }
    b->w = w;
    b->hashes = hashes;
    int status = load(b);
    status = status == 0 ? fill(b, facts) : status;
    if (status != 0) {
        snprintf(facts->skipped, sizeof facts->skipped,
                 "maps of the kernel cannot be used here (root and CAP_BPF?): %s",
                 strerror(-status));
        bpf_close(b);
        return NULL;
    }
    snprintf(facts->detail, sizeof facts->detail, "endpoint hash, prefix trie, policy %s twice",
             hashes ? "hash" : "trie");
    return b;
}

static void *open_tries(const struct bench_workload *w, struct bench_facts *facts)
{
    return open_maps(w, false, facts);
}

static void *open_hashes(const struct bench_workload *w, struct bench_facts *facts)
{
    return open_maps(w, true, facts);
}

/* One direction of a cluster; where no two endpoints are alike, a million rules would be some
 * million entries. */
static bool fits_tries(const struct bench_workload *w)
{
    return w->cluster && !w->both && (!w->cluster->hard || w->nominal <= 100000);
}

/* A range is as many entries as it has ports: only where policy maps are shared. */
static bool fits_hashes(const struct bench_workload *w)
{
    return w->cluster && !w->both && !w->cluster->hard;
}

const struct bench_engine bench_engine_bpf_lpm = {
    .name = "bpf-lpm",
    .modes = 1 << BENCH_LOOP,
    .fits = fits_tries,
    .open = open_tries,
    .close = bpf_close,
    .answer = bpf_answer,
    .run = bpf_run,
};
const struct bench_engine bench_engine_bpf_hash = {
    .name = "bpf-hash",
    .modes = 1 << BENCH_LOOP,
    .fits = fits_hashes,
    .open = open_hashes,
    .close = bpf_close,
    .answer = bpf_answer,
    .run = bpf_run,
};
