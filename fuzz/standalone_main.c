/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays inputs through a fuzz target without a fuzzer: any compiler, any sanitizer, so that a
 * corpus is a regression test. Arguments are files and folders (not recursive). An empty replay is
 * a failure, for it would prove nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t size)
{
    /* Exactly as large as the input, so that a sanitizer sees a read past the end. */
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    int failed = !data || !file || fread(data, 1, size, file) != size;

    if (failed)
        fprintf(stderr, "%s: cannot be read\n", path);
    else
        LLVMFuzzerTestOneInput(data, size);
    if (file)
        fclose(file);
    free(data);
    return failed ? -1 : 1;
}

static int replay_folder(const char *path);

/* Returns how many inputs ran, or -1. */
static int replay(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    if (S_ISDIR(info.st_mode))
        return replay_folder(path);
    return replay_file(path, (size_t)info.st_size);
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    if (!folder) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char child[4096];
        int ran;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        ran = replay(child);
        if (ran < 0) {
            count = -1;
            break;
        }
        count += ran;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        int ran = replay(argv[i]);

        if (ran < 0)
            return 1;
        count += ran;
    }
    if (count == 0) {
        fprintf(stderr, "usage: %s FILE-OR-FOLDER...: no input was replayed\n", argv[0]);
        return 1;
    }
    printf("%d inputs replayed\n", count);
    return 0;
}
