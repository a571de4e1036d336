/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_CASES_FOLDER_H
#define NP_TESTS_CASES_FOLDER_H
/* One case folder: resources, profile, options, questions with the answers they should have. */
#include <netpol/netpol.h>

struct tally {
    unsigned long folders, requests, mismatches;
};
/* Runs one folder and prints what is wrong. profile NULL: what its file `profile` says. */
void run_folder(const char *folder, const char *profile, struct tally *tally);
/* A whole file, NUL-terminated, freed with free; NULL when it cannot be read. */
char *read_text(const char *folder, const char *file, size_t *size);
#endif
