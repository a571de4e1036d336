/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hostile inputs cost: each is read in a process of its own; processor time of the read (it
 * neither waits nor sleeps) and peak memory of the process, input included. The promise is 50 ms
 * and 32 MiB each.
 */
#include "../tests/unit/source/hostile_inputs.h"
#include "source/node.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cost {
    double milliseconds;
    size_t documents;
    long peak_kib;
    int status;
};

static int count_document(void *user, const struct np_document *document)
{
    (void)document;
    ++*(size_t *)user;
    return NETPOL_OK;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct cost read_once(const struct hostile *input)
{
    struct hostile_text text = {0};
    struct netpol_ctx *ctx = NULL;
    struct netpol_diags *diags = NULL;
    struct cost cost = {0};
    input->make(&text);
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK ||
        netpol_diags_create(ctx, &diags) != NETPOL_OK) {
        exit(99);
    }
    double start = now();
    cost.status = np_source_read(ctx, text.ptr, text.len, "hostile", NP_FORMAT_AUTO, diags,
                                 count_document, &cost.documents);
    cost.milliseconds = now() - start;
    netpol_diags_destroy(diags);
    netpol_ctx_destroy(ctx);
    free(text.ptr);
    struct rusage usage;
    cost.peak_kib = getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
    return cost;
}

/* In a child, so that the peak is this input's own. Returns false when the child fails. */
static bool measure(const struct hostile *input, struct cost *cost)
{
    int pipes[2], state;
    if (pipe(pipes) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        *cost = read_once(input);
        bool sent = write(pipes[1], cost, sizeof *cost) == (ssize_t)sizeof *cost;
        _exit(sent ? 0 : 1);
    }
    close(pipes[1]);
    bool got = child > 0 && read(pipes[0], cost, sizeof *cost) == (ssize_t)sizeof *cost;
    close(pipes[0]);
    return child > 0 && waitpid(child, &state, 0) == child && got && state == 0;
}

int main(void)
{
    double worst = 0;
    long largest = 0;
    bool failed = false;
    printf("%-34s %10s %10s %10s  %s\n", "input", "ms", "peak KiB", "documents", "status");
    for (size_t i = 0; i < sizeof hostile_inputs / sizeof hostile_inputs[0]; i++) {
        struct cost best = {.milliseconds = 1e9}, cost;
        for (int run = 0; run < 3 && !failed; run++) {
            failed = !measure(&hostile_inputs[i], &cost);
            best = cost.milliseconds < best.milliseconds ? cost : best;
        }
        printf("%-34s %10.2f %10ld %10zu  %s\n", hostile_inputs[i].name, best.milliseconds,
               best.peak_kib, best.documents, netpol_status_name(best.status));
        worst = best.milliseconds > worst ? best.milliseconds : worst;
        largest = best.peak_kib > largest ? best.peak_kib : largest;
    }
    printf("worst: %.2f ms, %ld KiB (promised: 50 ms, 32768 KiB)\n", worst, largest);
    return failed ? 1 : 0;
}
