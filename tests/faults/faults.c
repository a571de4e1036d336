/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults [SAMPLES [FOLDER PROFILE [later]]]: loads, compiles, asks and explains the example cluster
 * (or that of a folder), once for every allocation of the process, which then fails (or for SAMPLES
 * of them, spread evenly); once more with every later one failing too. Each run must end with a
 * status, give everything back, and - when it says that all is well - give the same answers as the
 * run without a fault. later: the allocations that fail are those of what follows the first compile
 * (later.c); afterwards, with memory again, all of that must succeed with the same answers.
 */
#include "heap.h"
#include "scene.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder = NETPOL_SOURCE_DIR "/examples/cluster", *profile = "kubernetes";
static int (*part)(struct scene *s, struct output *out) = scene_ask;
static struct output expected, actual;

static int is_later(void)
{
    return part == scene_later;
}

static int is_documented(int status)
{
    return status == NETPOL_OK || status == NETPOL_ERR_MEMORY || status == NETPOL_ERR_IO;
}

static int differs(void)
{
    return actual.len != expected.len || memcmp(actual.text, expected.text, actual.len) != 0;
}

/* Counts and fails from its place in the run on; later: what happens once memory is there again. */
static int run(struct output *out, size_t fail_at, int sticky, int *recovered)
{
    struct scene s = {.folder = folder, .profile = profile};
    out->len = 0;
    heap.sticky = sticky;
    heap.calls = 0;
    heap.fail_at = is_later() ? 0 : fail_at;
    int status = scene_prepare(&s);
    if (status == NETPOL_OK && is_later()) {
        heap.calls = 0;
        heap.fail_at = fail_at;
    }
    status = status ? status : part(&s, out);
    size_t calls = heap.calls;
    heap.fail_at = 0;
    *recovered = NETPOL_OK;
    if (is_later() && status != NETPOL_OK) {
        out->len = 0;
        *recovered = scene_later(&s, out);
    }
    scene_release(&s);
    heap.calls = calls;
    return status;
}

/* 0: as it must be. */
static int check(size_t n, int sticky)
{
    long live = heap.live;
    int recovered;
    int status = run(&actual, n, sticky, &recovered);
    int leaked = heap.live != live;
    int other = (status == NETPOL_OK || is_later()) && differs();
    /* a run may ask a few times less often than another: then nothing failed */
    int ignored = sticky && status == NETPOL_OK && heap.calls >= n;
    if (!is_documented(status) || leaked || other || ignored || recovered != NETPOL_OK) {
        printf("allocation %zu%s: %s%s%s, then %s\n", n, sticky ? " and all after it" : "",
               netpol_status_text(status), leaked ? ", leaked" : "", other ? ", other answers" : "",
               netpol_status_text(recovered));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    int recovered;
    folder = argc > 3 ? argv[2] : folder;
    profile = argc > 3 ? argv[3] : profile;
    part = argc > 4 && strcmp(argv[4], "later") == 0 ? scene_later : scene_ask;
    int status = run(&expected, 0, 0, &recovered);
    status = status ? status : run(&actual, 0, 0, &recovered);
    if (status != NETPOL_OK || expected.len == 0 || differs()) {
        printf("the run without a fault failed: %s\n", netpol_status_text(status));
        return 1;
    }
    size_t calls = heap.calls, runs = 0;
    size_t step = samples && samples < calls ? calls / samples : 1;
    int failures = 0;
    for (size_t n = 1; n <= calls && failures < 20; n += step) {
        failures += check(n, 0) + check(n, 1);
        runs += 2;
    }
    printf("%zu allocations, %zu runs with a fault, %d wrong\n", calls, runs, failures);
    return failures != 0;
}
