/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a packet is classified, against everything that one would use instead.
 *
 *   classify [--quick] [--zipf] [--json FILE] [--cpu N] [--workload NAME] [--size N] [--engine
 * NAME] classify --rules FILE --trace FILE [...]      ClassBench's filter and trace formats
 *
 * Prints one JSON line a figure, also into FILE. Fails when an engine disagrees with the linear
 * scan or a size could not be run; a goal that is missed is said, and is no failure. scripts/bench
 * builds and runs it.
 */
#include "classify.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    bool both;
    size_t most;
} workloads[] = {
    {"k8s",      false, 1000000},
    {"k8s-hard", false, 1000000},
    {"acl",      false, 100000 },
    {"fw",       false, 100000 },
    {"ipc",      false, 100000 },
    {"k8s",      true,  1000000},
};

struct arguments {
    struct bench_options options;
    const char *rules, *trace;
    int cpu;
};

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            a->options.quick = true;
            continue;
        }
        if (strcmp(argv[i], "--zipf") == 0) {
            a->options.skewed = true;
            continue;
        }
        if (!value) {
            return false;
        }
        if (strcmp(argv[i], "--json") == 0) {
            a->options.json = value;
        } else if (strcmp(argv[i], "--workload") == 0) {
            a->options.workload = value;
        } else if (strcmp(argv[i], "--size") == 0) {
            a->options.nominal = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--engine") == 0) {
            a->options.engine = value;
        } else if (strcmp(argv[i], "--cpu") == 0) {
            a->cpu = atoi(value);
        } else if (strcmp(argv[i], "--rules") == 0) {
            a->rules = value;
        } else if (strcmp(argv[i], "--trace") == 0) {
            a->trace = value;
        } else {
            return false;
        }
        i++;
    }
    return !a->rules == !a->trace;
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    bench_cpu = cpu;
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        printf("SKIP: pinning to CPU %d is not allowed: figures vary more\n", cpu);
        bench_cpu = sched_getcpu();
    }
}

static bool run_files(const struct arguments *a)
{
    struct bench_workload w;
    char why[256];
    if (!bench_workload_read(a->rules, a->trace, &w, why)) {
        fprintf(stderr, "classify: %s\n", why);
        return false;
    }
    bool ok = bench_classify(&w, &a->options);
    bench_workload_free(&w);
    return ok;
}

static bool run_one(const char *name, size_t nominal, bool both,
                    const struct bench_options *options)
{
    struct bench_workload w;
    if (!bench_workload_make(name, nominal, both, &w)) {
        fprintf(stderr, "classify: %s %zu cannot be made\n", name, nominal);
        return false;
    }
    bool ok = (!options->skewed || bench_workload_skew(&w)) && bench_classify(&w, options);
    bench_workload_free(&w);
    return ok;
}

static bool wanted(const struct bench_options *options, const char *name, size_t nominal, bool both)
{
    char text[32];
    snprintf(text, sizeof text, "%s%s", name, both ? "-both" : "");
    return (!options->workload || strcmp(options->workload, text) == 0) &&
           (options->nominal == 0 || options->nominal == nominal) &&
           !(both && options->quick && nominal > 100000);
}

static bool run_all(const struct bench_options *options)
{
    bool ok = true, any = false;
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        for (size_t nominal = 1000; nominal <= workloads[i].most; nominal *= 10) {
            if (wanted(options, workloads[i].name, nominal, workloads[i].both)) {
                any = true;
                ok &= run_one(workloads[i].name, nominal, workloads[i].both, options);
            }
        }
    }
    return ok && any;
}

int main(int argc, char **argv)
{
    struct arguments a;
    if (!read_arguments(argc, argv, &a)) {
        fprintf(stderr,
                "usage: %s [--quick] [--zipf] [--json FILE] [--cpu N] [--workload NAME] [--size N] "
                "[--engine NAME] [--rules FILE --trace FILE]\n",
                argv[0]);
        return 3;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    pin(a.cpu);
    bool ok = a.rules ? run_files(&a) : run_all(&a.options);
    bench_summary(&a.options);
    if (!ok) {
        printf("FAILED: an engine failed or disagreed\n");
    }
    return ok ? 0 : 1;
}
