/* SPDX-License-Identifier: Apache-2.0 */
/* Writes figures down, and sets them against what was aimed at. */
#include "classify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIGURES = 1024 };
static struct bench_figure figures[FIGURES];
static size_t n_figures;

static void write_line(FILE *file, const struct bench_figure *f)
{
    fprintf(file,
            "{\"bench\":\"classify\",\"workload\":\"%s\",\"size\":%zu,\"rules\":%zu,"
            "\"engine\":\"%s\",\"mode\":\"%s\",\"ns\":%.2f,\"build_ms\":%.2f,\"bytes\":%zu,"
            "\"wrong\":%zu",
            f->workload, f->nominal, f->rules, f->engine, bench_mode_names[f->mode], f->ns,
            f->facts.build_ms, f->facts.bytes, f->wrong);
    if (f->facts.update_us > 0) {
        fprintf(file, ",\"update_us\":%.3f", f->facts.update_us);
    }
    if (f->facts.detail[0]) {
        fprintf(file, ",\"detail\":\"%s\"", f->facts.detail);
    }
    fprintf(file, "}\n");
}

static void append(const char *path, const char *format, double a, double b)
{
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, format, a, b);
        fclose(file);
    }
    printf(format, a, b);
}

void bench_record(const struct bench_figure *figure, const struct bench_options *options)
{
    write_line(stdout, figure);
    FILE *file = options->json ? fopen(options->json, "a") : NULL;
    if (file) {
        write_line(file, figure);
        fclose(file);
    }
    if (n_figures < FIGURES) {
        figures[n_figures++] = *figure;
    }
}

/* 0: not measured. */
static double ns_of(const char *workload, size_t nominal, const char *engine, enum bench_mode mode)
{
    for (size_t i = 0; i < n_figures; i++) {
        const struct bench_figure *f = &figures[i];
        if (f->nominal == nominal && f->mode == mode && f->wrong == 0 &&
            strcmp(f->workload, workload) == 0 && strcmp(f->engine, engine) == 0) {
            return f->ns;
        }
    }
    return 0;
}

/* How many times as long rte_acl takes; 0: not measured. */
static double ratio(const char *workload, size_t nominal, enum bench_mode theirs,
                    enum bench_mode ours)
{
    double a = ns_of(workload, nominal, "rte_acl", theirs);
    double b = ns_of(workload, nominal, "libnetpol", ours);
    return a > 0 && b > 0 ? a / b : 0;
}

static const struct goal {
    const char *workload, *what;
    enum bench_mode theirs, ours;
    double aims[4]; /* at 1k, 10k, 100k, 1M */
} goals[] = {
    {"k8s",      "batch / batch", BENCH_BATCH, BENCH_BATCH,  {2.5, 4, 6, 8}   },
    {"k8s",      "loop / loop",   BENCH_LOOP,  BENCH_LOOP,   {10, 10, 10, 10} },
    {"k8s",      "loop / serial", BENCH_LOOP,  BENCH_SERIAL, {5, 6, 12, 25}   },
    {"k8s-hard", "batch / batch", BENCH_BATCH, BENCH_BATCH,  {1.25, 2, 3, 4}  },
    {"k8s-hard", "loop / loop",   BENCH_LOOP,  BENCH_LOOP,   {5, 5, 5, 5}     },
    {"k8s-hard", "loop / serial", BENCH_LOOP,  BENCH_SERIAL, {2.5, 3, 6, 12.5}},
};
static const struct list_goal { /* geometric mean over the three kinds of list */
    size_t nominal;
    double batch, loop;
} list_goals[] = {
    {1000,   1.0, 1.4},
    {10000,  1.2, 2.0},
    {100000, 1.7, 4.0},
};

static int judge(const struct bench_options *options, const char *workload, size_t nominal,
                 const char *what, double got, double aim)
{
    bool met = got >= aim;
    FILE *file = options->json ? fopen(options->json, "a") : NULL;
    if (file) {
        fprintf(file,
                "{\"bench\":\"goal\",\"workload\":\"%s\",\"size\":%zu,\"what\":\"%s\","
                "\"ratio\":%.2f,\"aim\":%.2f,\"met\":%s}\n",
                workload, nominal, what, got, aim, met ? "true" : "false");
        fclose(file);
    }
    printf("%-9s %8zu  rte_acl / libnetpol, %-14s %7.2f  aim %5.2f  %s\n", workload, nominal, what,
           got, aim, met ? "met" : "MISSED");
    return !met;
}

/* The mean of the lists that were measured; every one is printed. */
static double list_mean(size_t nominal, enum bench_mode mode)
{
    static const char *const lists[] = {"acl", "fw", "ipc"};
    double sum = 0;
    int n = 0;
    for (size_t i = 0; i < 3; i++) {
        double r = ratio(lists[i], nominal, mode, mode);
        if (r > 0) {
            printf("%-9s %8zu  rte_acl / libnetpol, %-14s %7.2f\n", lists[i], nominal,
                   bench_mode_names[mode], r);
            sum += log(r);
            n++;
        }
    }
    return n == 3 ? exp(sum / n) : 0;
}

int bench_summary(const struct bench_options *options)
{
    int missed = 0;
    printf("\n");
    append(options->json, "{\"bench\":\"chase\",\"loads\":5,\"bytes\":%.0f,\"ns\":%.2f}\n", 1 << 18,
           bench_chase(1 << 18));
    append(options->json, "{\"bench\":\"chase\",\"loads\":5,\"bytes\":%.0f,\"ns\":%.2f}\n", 1 << 22,
           bench_chase(1 << 22));
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++) {
        const struct goal *g = &goals[i];
        size_t nominal = 1000;
        for (size_t s = 0; s < 4; s++, nominal *= 10) {
            double got = ratio(g->workload, nominal, g->theirs, g->ours);
            missed += got > 0 ? judge(options, g->workload, nominal, g->what, got, g->aims[s]) : 0;
        }
    }
    for (size_t i = 0; i < sizeof list_goals / sizeof *list_goals; i++) {
        size_t nominal = list_goals[i].nominal;
        double batch = list_mean(nominal, BENCH_BATCH), loop = list_mean(nominal, BENCH_LOOP);
        missed += batch > 0
                      ? judge(options, "lists", nominal, "batch, mean", batch, list_goals[i].batch)
                      : 0;
        missed +=
            loop > 0 ? judge(options, "lists", nominal, "loop, mean", loop, list_goals[i].loop) : 0;
    }
    printf("%d goals missed\n", missed);
    return missed;
}
