/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of Calico's rules at one endpoint: what loading, compiling and a decision take.
 *
 *   calico [--quick] [--check] [--json FILE] [--cpu N] [--workload NAME] [--scale N]
 *
 * Everything through public calls, from YAML. One JSON line a figure; an aim that is missed is
 * said, and is no failure. Fails when a call does, or when an answer is not that of the linear scan
 * and of the definition. --check: a small workload, answers only.
 */
#include "calico.h"
#include "compile/matcher.h"
#include "reference/reference.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *json_file;
static int missed;
static volatile uint32_t sink;
static volatile uint32_t zero;

void calico_record(const char *workload, const char *what, double value, const char *unit,
                   double aim)
{
    bool met = aim < 0 || value <= aim;
    FILE *file = json_file ? fopen(json_file, "a") : NULL;
    FILE *out[2] = {stdout, file};
    for (int i = 0; i < 2; i++) {
        if (!out[i]) {
            continue;
        }
        fprintf(out[i],
                "{\"bench\":\"calico\",\"workload\":\"%s\",\"what\":\"%s\",\"value\":%.4g,"
                "\"unit\":\"%s\"",
                workload, what, value, unit);
        if (aim >= 0) {
            fprintf(out[i], ",\"aim\":%g,\"met\":%s", aim, met ? "true" : "false");
        }
        fprintf(out[i], "}\n");
    }
    if (file) {
        fclose(file);
    }
    missed += !met;
}

/* ---- decisions ---- */

enum mode { BATCH, LOOP, SERIAL, LINEAR, DEFINITION, MODES };
static const char *const mode_names[MODES] = {"batch", "one by one", "one after the other",
                                              "linear scan", "definition"};

static double batches(const struct calico_run *run)
{
    enum { MOST = 256 };
    static struct netpol_verdict verdicts[MOST];
    size_t count = run->workload.n_trace / MOST * MOST;
    double start = calico_seconds();
    for (size_t i = 0; i < count; i += MOST) {
        netpol_eval_batch(run->view, run->tuples + i, verdicts, MOST);
        sink = verdicts[0].ingress.rule;
    }
    return (calico_seconds() - start) / (double)count;
}

/* serial: where the next tuple is depends on the last answer. */
static double singles(const struct calico_run *run, bool serial)
{
    struct netpol_verdict v = {0};
    uint32_t mask = serial ? zero : 0;
    double start = calico_seconds();
    for (size_t i = 0; i < run->workload.n_trace; i++) {
        size_t at = serial ? (v.ingress.rule | v.egress.rule | v.action) & mask : 0;
        netpol_eval(run->view, run->tuples + i + at, &v);
        sink = v.ingress.rule;
    }
    return (calico_seconds() - start) / (double)run->workload.n_trace;
}

static double rule_by_rule(const struct calico_run *run, bool definition)
{
    const size_t count = definition ? 100 : 2000;
    const struct np_model *model = np_whole_of(run->matcher)->model;
    size_t step = run->workload.n_trace / count;
    double start = calico_seconds();
    for (size_t i = 0; i < count; i++) {
        if (definition) {
            struct netpol_verdict v;
            np_reference_eval(model, &run->tuples[i * step], NULL, NULL, NULL, &v);
            sink = v.action;
        } else {
            sink = calico_linear(&run->workload, &run->workload.trace[i * step]);
        }
    }
    return (calico_seconds() - start) / (double)count;
}

static double measure(const struct calico_run *run, enum mode mode)
{
    return mode == BATCH    ? batches(run)
           : mode == LOOP   ? singles(run, false)
           : mode == SERIAL ? singles(run, true)
                            : rule_by_rule(run, mode == DEFINITION);
}

static void decisions(const struct calico_run *run, double aim_ns, bool quick)
{
    double best[MODES];
    for (int round = 0; round < (quick ? 5 : 25); round++) {
        for (int mode = 0; mode < MODES; mode++) {
            if (mode >= LINEAR && round > 2) {
                continue;
            }
            double s = measure(run, (enum mode)mode);
            best[mode] = round == 0 || s < best[mode] ? s : best[mode];
        }
    }
    for (int mode = 0; mode < MODES; mode++) {
        calico_record(run->workload.name, mode_names[mode], best[mode] * 1e9, "ns",
                      mode == BATCH ? aim_ns : -1);
    }
}

/* ---- the whole ---- */

struct arguments {
    bool quick, check;
    const char *workload;
    uint32_t scale; /* 0: of the workload */
    int cpu;
};

static void describe(const struct calico_run *run, const struct arguments *a, bool aims)
{
    const char *name = run->workload.name;
    calico_record(name, "rules", run->workload.n_rules, "", -1);
    calico_record(name, "members of sets", run->workload.n_members, "", -1);
    calico_record(name, "YAML", (double)run->yaml_bytes / 1e6, "MB", -1);
    calico_record(name, "load", run->load_s, "s", -1);
    calico_record(name, "compile", run->compile_s, "s", aims ? 3 : -1);
    calico_record(name, "image", (double)run->image_bytes / 1e6, "MB", aims ? 64 : -1);
    calico_record(name, "matcher without model", (double)run->lean_bytes / 1e6, "MB",
                  aims ? 64 : -1);
    calico_record(name, "matcher with model and plan", (double)run->matcher_bytes / 1e6, "MB", -1);
    calico_record(name, "store", (double)run->store_bytes / 1e6, "MB", -1);
    decisions(run, aims ? 1000 : -1, a->quick);
}

static bool run_one(const char *name, uint32_t scale, const struct arguments *a)
{
    struct calico_run run;
    bool ok = calico_run_make(name, scale, a->check || a->quick ? 1 : 3, &run) &&
              calico_check(&run, a->check ? 500 : 200);
    if (ok && !a->check) {
        describe(&run, a, scale == 1 && strcmp(name, "checker") == 0);
    }
    calico_run_destroy(&run);
    return ok;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            a->quick = true;
            continue;
        }
        if (strcmp(argv[i], "--check") == 0) {
            a->check = true;
            a->scale = 16;
            continue;
        }
        if (value && strcmp(argv[i], "--json") == 0) {
            json_file = value;
        } else if (value && strcmp(argv[i], "--workload") == 0) {
            a->workload = value;
        } else if (value && strcmp(argv[i], "--scale") == 0) {
            a->scale = (uint32_t)strtoul(value, NULL, 10);
        } else if (value && strcmp(argv[i], "--cpu") == 0) {
            a->cpu = atoi(value);
        } else {
            return false;
        }
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint32_t scale; /* egress as a whole does not fit: docs/benchmarks */
    } all[] = {
        {"checker", 1},
        {"egress",  8}
    };
    struct arguments a;
    bool ok = true, any = false;
    if (!read_arguments(argc, argv, &a)) {
        fprintf(stderr,
                "usage: %s [--quick] [--check] [--json FILE] [--cpu N] [--workload NAME] [--scale "
                "N]\n",
                argv[0]);
        return 3;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)a.cpu, &set);
    if (!a.check && sched_setaffinity(0, sizeof set, &set) != 0) {
        printf("SKIP: pinning to CPU %d is not allowed: figures vary more\n", a.cpu);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!a.workload || strcmp(a.workload, all[i].name) == 0) {
            any = true;
            ok &= run_one(all[i].name, a.scale ? a.scale : all[i].scale, &a);
        }
    }
    printf("%d aims missed\n", missed);
    if (!ok || !any) {
        printf("FAILED: a call failed, an answer was wrong, or there is no such workload\n");
    }
    return ok && any ? 0 : 1;
}
