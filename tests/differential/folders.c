/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folders [--profile NAME] FOLDER...: the connections that the case folders below each FOLDER ask
 * about, by every engine; the verdicts of all must be those of the reference. (What the reference
 * says is compared with what the cases expect elsewhere.) Exits 0, 1, or 77 when a FOLDER is not
 * there.
 */
#include "analyze/question.h"
#include "cases/folder.h"
#include "differential/engines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct all {
    const char *profile; /* NULL: each folder's own */
    const char *folder;
    struct netpol_tuple *tuples; /* of this folder */
    size_t count, room;
    unsigned long folders, asked, wrong;
};

static void keep(void *user, const struct netpol_answer *answer)
{
    struct all *all = user;
    for (uint32_t p = 0; p < answer->n_paths; p++) {
        if (all->count == all->room) {
            size_t room = all->room ? 2 * all->room : 1024;
            struct netpol_tuple *grown = realloc(all->tuples, room * sizeof *grown);
            if (!grown) {
                all->wrong++;
                return;
            }
            all->tuples = grown;
            all->room = room;
        }
        all->tuples[all->count++] = answer->paths[p].tuple;
    }
}

static void tell(struct all *all, const struct difference *d)
{
    all->wrong++;
    printf("%s: %s says %s, the reference %s (rules %" PRIu32 " and %" PRIu32 ", %" PRIu32
           " and %" PRIu32 ")\n",
           all->folder, d->engine, netpol_action_text(d->got.action),
           netpol_action_text(d->expected.action), d->got.egress.rule, d->got.ingress.rule,
           d->expected.egress.rule, d->expected.ingress.rule);
}

static void compare(void *user, struct netpol_ctx *ctx, struct netpol_matcher *matcher)
{
    struct all *all = user;
    struct world w;
    netpol_matcher_ref(matcher);
    const char *why = world_of(&w, ctx, matcher);
    if (why) {
        printf("%s: %s\n", all->folder, why);
        all->wrong++;
    }
    for (size_t first = 0; !why && first < all->count; first += WORLD_TUPLES) {
        size_t rest = all->count - first;
        struct difference difference;
        if (!world_agrees(&w, all->tuples + first, rest < WORLD_TUPLES ? rest : WORLD_TUPLES, NULL,
                          NULL, &difference)) {
            tell(all, &difference);
        }
    }
    world_close(&w);
    all->asked += all->count;
}

static void run(const char *folder, void *user)
{
    struct all *all = user;
    struct answers answers;
    const struct reading reading = {
        .profile = all->profile, .seen = keep, .done = compare, .user = all};
    all->folder = folder;
    all->count = 0;
    all->folders++;
    all->wrong += !answer_folder(folder, &reading, &answers);
    free(answers.actions);
}

int main(int argc, char **argv)
{
    struct all all = {.profile = NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
            all.profile = argv[++i];
        } else if (!folder_exists(argv[i])) {
            printf("SKIPPED: %s is not there\n", argv[i]);
            return 77;
        } else {
            each_folder(argv[i], run, &all);
        }
    }
    free(all.tuples);
    printf("%lu folders, %lu connections, %lu wrong\n", all.folders, all.asked, all.wrong);
    return all.wrong == 0 && all.asked > 0 ? 0 : 1;
}
