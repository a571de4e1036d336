/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_CASES_FOLDER_H
#define NP_TESTS_CASES_FOLDER_H
/* One case folder: resources, profile, options, questions with the answers they should have. */
#include <netpol/netpol.h>
#include <stdbool.h>

struct tally {
    unsigned long folders, requests, mismatches;
};
/* Runs one folder and prints what is wrong. profile NULL: what its file `profile` says. */
void run_folder(const char *folder, const char *profile, struct tally *tally);
/* How a folder is read and judged when two ways of it are compared. */
struct reading {
    const char *profile;   /* NULL: what the folder's file says */
    const char *load_like; /* the profile that says how input is read; NULL: `profile` */
    const char *settings;  /* lines option=value, besides those of the folder; NULL: none */
    /* For who looks closer: each answer, then what gave them. Either may be NULL. */
    void (*seen)(void *user, const struct netpol_answer *answer);
    void (*done)(void *user, struct netpol_ctx *ctx, struct netpol_matcher *matcher);
    void *user;
};
struct answers {
    int *actions; /* enum netpol_action, one a question; -1: no answer. Freed with free */
    size_t count;
};
/* Answers one folder without judging; false, and says why, when it cannot be read. */
bool answer_folder(const char *folder, const struct reading *reading, struct answers *out);
/* Calls `run` for each folder below `root`, in order of their names. */
void each_folder(const char *root, void (*run)(const char *folder, void *user), void *user);
bool folder_exists(const char *path);
/* A whole file, NUL-terminated, freed with free; NULL when it cannot be read. */
char *read_text(const char *folder, const char *file, size_t *size);
#endif
