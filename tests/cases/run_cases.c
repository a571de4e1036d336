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
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int skip_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_each(const char *root, const char *profile, struct tally *tally)
{
    struct dirent **entries = NULL;
    int count = scandir(root, &entries, skip_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", root, entries[i]->d_name);
        run_folder(path, profile, tally);
        free(entries[i]);
    }
    free(entries);
}

static int exists(const char *path)
{
    DIR *folder = opendir(path);
    return folder ? closedir(folder) == 0 : 0;
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
        } else if (!exists(argv[i])) {
            printf("SKIPPED: %s is not there\n", argv[i]);
            return 77;
        } else if (each) {
            run_each(argv[i], profile, &tally);
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
