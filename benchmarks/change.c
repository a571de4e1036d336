/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes cost: pods that come and go, policies that are edited, names that are learnt,
 * readers that look; and what a large cluster takes to compile and to hold.
 *
 *   change [--quick] [--names] [--json FILE]
 *
 * --names: only what is about names. Everything through public calls. One JSON line a figure; what
 * is missed is said, and is no failure. Fails when a call does, or when a pod's verdict is not what
 * it should be.
 */
#include "change.h"

#include <stdio.h>
#include <string.h>

static const char *json_file;
static int missed;

void change_record(const char *what, unsigned pods, unsigned policies, double value,
                   const char *unit, double aim)
{
    bool met = aim < 0 || value <= aim;
    FILE *file = json_file ? fopen(json_file, "a") : NULL;
    FILE *out[2] = {stdout, file};
    for (int i = 0; i < 2; i++) {
        if (!out[i]) {
            continue;
        }
        fprintf(out[i],
                "{\"bench\":\"change\",\"what\":\"%s\",\"pods\":%u,\"policies\":%u,\"value\":%.4g,"
                "\"unit\":\"%s\"",
                what, pods, policies, value, unit);
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

int main(int argc, char **argv)
{
    bool quick = false, names = false, ok = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
        } else if (strcmp(argv[i], "--names") == 0) {
            names = true;
        } else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            json_file = argv[++i];
        } else {
            fprintf(stderr, "usage: %s [--quick] [--names] [--json FILE]\n", argv[0]);
            return 3;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    ok &= change_names(quick);
    ok &= change_crowd(quick);
    if (!names) {
        ok &= change_edits(10000, 2000, 5, quick);
        ok &= change_edits(100000, 14000, 50, quick);
        ok &= change_expanded();
        ok &= change_large(quick);
    }
    printf("%d aims missed\n", missed);
    if (!ok) {
        printf("FAILED: a call failed, or an answer was wrong\n");
    }
    return ok ? 0 : 1;
}
