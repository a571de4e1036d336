/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_cases [--profile NAME] [--count FOLDERS REQUESTS] [--each] FOLDER...
 *
 * Runs case folders and prints every answer that is not the expected one, the first of them with
 * their explanations. --each: the folders below FOLDER. --count: how many folders and requests
 * there must have been, so that an empty run cannot pass. Exits 0, 1, or 77 when a folder is not
 * there.
 */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct each {
    const char *profile;
    struct tally *tally;
};

static void run_one(const char *folder, void *user)
{
    const struct each *each = user;
    run_folder(folder, each->profile, each->tally);
}

int main(int argc, char **argv)
{
    const char *profile = NULL;
    unsigned long folders = 0, requests = 0;
    int each = 0, counted = 0;
    struct tally tally = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
            profile = argv[++i];
        } else if (strcmp(argv[i], "--count") == 0 && i + 2 < argc) {
            folders = strtoul(argv[++i], NULL, 10);
            requests = strtoul(argv[++i], NULL, 10);
            counted = 1;
        } else if (strcmp(argv[i], "--each") == 0) {
            each = 1;
        } else if (!folder_exists(argv[i])) {
            printf("SKIPPED: %s is not there\n", argv[i]);
            return 77;
        } else if (each) {
            struct each one = {profile, &tally};
            each_folder(argv[i], run_one, &one);
        } else {
            run_folder(argv[i], profile, &tally);
        }
    }
    printf("%lu folders, %lu requests, %lu mismatches\n", tally.folders, tally.requests,
           tally.mismatches);
    if (counted && (tally.folders != folders || tally.requests != requests)) {
        printf("%lu folders and %lu requests were expected\n", folders, requests);
        return 1;
    }
    return tally.mismatches == 0 && tally.requests > 0 ? 0 : 1;
}
