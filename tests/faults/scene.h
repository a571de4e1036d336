/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_FAULTS_SCENE_H
#define NP_TESTS_FAULTS_SCENE_H
/* What a process does with the library: until its first answers (scene.c), and after (later.c). */
#include <netpol/netpol.h>

enum { QUESTIONS = 6, ANSWERS = 1 << 17 };

/* No allocation of its own: where answers go. */
struct output {
    size_t len;
    char text[ANSWERS];
};
int write_output(void *user, const char *bytes, size_t size);
/* At most 255 bytes. 0, or not 0: no room. */
int say(struct output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct scene {
    const char *folder, *profile;
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_scratch *scratch;
    struct netpol_question *questions[QUESTIONS];
};
/* Loads, compiles. What it could not make is NULL. */
int scene_prepare(struct scene *s);
/* Asks all questions. */
int scene_ask(struct scene *s, struct output *out);
void scene_release(struct scene *s);

/*
 * After scene_prepare: names, sets and endpoints come and go, policies are edited, compiled upon
 * and compared; flows, identities, tables are written. It can be done again, also after it failed,
 * and says the same.
 */
int scene_later(struct scene *s, struct output *out);
#endif
