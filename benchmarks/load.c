/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load speed and load memory.
 *
 *   load                the 10,000-pod cluster as YAML: bare libyaml (every event, nothing kept)
 *                       against np_yaml_read (node trees) and netpol_store_load_buffer, alternating
 * in one run, best of 5 load --json         a `kubectl get -o json` List of about 100 MB: time, and
 * the peak resident memory of a process that does nothing but load it, as a multiple of the input
 * Each prints one JSON line. What was loaded is counted before anything is timed.
 */
#include "cluster.h"
#include "source/node.h"
#include <netpol/netpol.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>

enum { ROUNDS = 5 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Every event of the bytes, thrown away: the floor that any YAML loader stands on. */
static double bare_libyaml(const char *bytes, size_t size)
{
    double start = seconds();
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;
    if (!yaml_parser_initialize(&parser))
        return -1;
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    while (more) {
        if (!yaml_parser_parse(&parser, &event)) {
            yaml_parser_delete(&parser);
            return -1;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return seconds() - start;
}

static void print_diags(const struct netpol_diags *diags)
{
    for (size_t i = 0; i < netpol_diags_count(diags); i++) {
        const struct netpol_diag *d = netpol_diags_at(diags, i);
        if (d->severity == NETPOL_ERROR)
            fprintf(stderr, "%s:%u: %s\n", d->source, d->line, d->message);
    }
}

/* Loads a buffer, or the file when bytes is NULL; returns seconds, -1 on failure or a wrong count.
 */
static double load(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *file,
                   const struct bench_cluster *expected)
{
    struct netpol_store *store = NULL;
    struct netpol_diags *diags = NULL;
    struct netpol_store_stats stats = {0};
    double elapsed = -1;
    if (netpol_store_create(ctx, &store) == NETPOL_OK &&
        netpol_diags_create(ctx, &diags) == NETPOL_OK) {
        double start = seconds();
        int status = bytes ? netpol_store_load_buffer(store, bytes, size, "cluster", NULL, diags)
                           : netpol_store_load_path(store, file, NULL, diags);
        elapsed = seconds() - start;
        netpol_store_stats(store, &stats);
        if (status != NETPOL_OK || stats.policies != expected->policies ||
            stats.endpoints != expected->pods) {
            fprintf(stderr, "load: %s, %llu policies, %llu endpoints\n", netpol_status_text(status),
                    (unsigned long long)stats.policies, (unsigned long long)stats.endpoints);
            print_diags(diags);
            elapsed = -1;
        }
    }
    netpol_diags_destroy(diags);
    netpol_store_destroy(store);
    return elapsed;
}

static int drop(void *user, const struct np_document *document)
{
    (void)document;
    ++*(size_t *)user;
    return NETPOL_OK;
}

/* Bytes to node trees only, each thrown away: what the room source adds to libyaml. */
static double read_only(struct netpol_ctx *ctx, const char *bytes, size_t size)
{
    double start = seconds();
    size_t objects = 0;
    int status = np_yaml_read(ctx, bytes, size, "cluster", NULL, drop, &objects);
    return status == NETPOL_OK && objects > 0 ? seconds() - start : -1;
}

static int yaml_speed(struct netpol_ctx *ctx)
{
    struct bench_cluster cluster = BENCH_CLUSTER_10K;
    size_t size;
    char *bytes = bench_cluster_yaml(&cluster, &size);
    double bare = 1e9, trees = 1e9, ours = 1e9;
    if (!bytes)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        double b = bare_libyaml(bytes, size), t = read_only(ctx, bytes, size);
        double o = load(ctx, bytes, size, NULL, &cluster);
        if (b < 0 || t < 0 || o < 0) {
            free(bytes);
            return 1;
        }
        bare = b < bare ? b : bare;
        trees = t < trees ? t : trees;
        ours = o < ours ? o : ours;
    }
    free(bytes);
    printf("{\"bench\":\"load-yaml\",\"pods\":%u,\"policies\":%u,\"bytes\":%zu,\"libyaml_s\":%.3f,"
           "\"trees_s\":%.3f,\"netpol_s\":%.3f,\"ratio\":%.2f,\"aim\":0.3}\n",
           cluster.pods, cluster.policies, size, bare, trees, ours, bare / ours);
    return 0;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* In a process of its own, so that the peak is that of the load. */
static int json_child(struct netpol_ctx *ctx, const char *file, size_t size,
                      const struct bench_cluster *cluster)
{
    long before = peak_kib();
    double elapsed = load(ctx, NULL, 0, file, cluster);
    double peak = (double)(peak_kib() - before) * 1024;
    if (elapsed < 0)
        return 1;
    printf("{\"bench\":\"load-json\",\"pods\":%u,\"bytes\":%zu,\"netpol_s\":%.3f,\"MB_per_s\":%.1f,"
           "\"peak_bytes\":%.0f,\"peak_ratio\":%.2f,\"aim\":8}\n",
           cluster->pods, size, elapsed, (double)size / 1e6 / elapsed, peak, peak / (double)size);
    return 0;
}

/* Writes the List to a file and starts this program anew to load it. */
static int json_memory(const char *self)
{
    struct bench_cluster cluster = {
        .pods = 21000, .label_sets = 200, .replicas = 10, .policies = 2000};
    char name[] = "/tmp/netpol-load-XXXXXX", numbers[2][32];
    size_t size;
    char *bytes = bench_cluster_json(&cluster, &size);
    int fd = bytes ? mkstemp(name) : -1;
    bool written = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
    free(bytes);
    if (fd >= 0)
        close(fd);
    snprintf(numbers[0], sizeof numbers[0], "%zu", size);
    snprintf(numbers[1], sizeof numbers[1], "%u", cluster.pods);
    char command[4096];
    snprintf(command, sizeof command, "'%s' --json-child %s %s %s", self, name, numbers[0],
             numbers[1]);
    int result = written ? system(command) : 1;
    if (fd >= 0)
        unlink(name);
    return result != 0;
}

int main(int argc, char **argv)
{
    struct netpol_ctx *ctx = NULL;
    int result;
    if (argc == 2 && strcmp(argv[1], "--json") == 0)
        return json_memory(argv[0]);
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK)
        return 1;
    if (argc == 5 && strcmp(argv[1], "--json-child") == 0) {
        struct bench_cluster cluster = {.pods = (unsigned)atoi(argv[4]), .policies = 2000};
        result = json_child(ctx, argv[2], strtoull(argv[3], NULL, 10), &cluster);
    } else {
        result = yaml_speed(ctx);
    }
    netpol_ctx_destroy(ctx);
    return result;
}
