/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_profiles [--load-like PROFILE] [--set OPTION=VALUE]... [--count FOLDERS REQUESTS]
 *                  --differences FILE SET PROFILE PROFILE FOLDER
 *
 * Asks the questions of every case folder below FOLDER under two profiles and compares the answers.
 * Where they may differ stands in FILE, with the reason: lines of SET, folder, the numbers of the
 * questions ("3,7-9" or "*"), the two answers; a line that begins with '#' is the reason of those
 * below it. A difference that is not listed fails, and so does a listed one that is not there any
 * more. Exits 0, 1, or 77 when FOLDER is not there.
 */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 1024 };

struct difference { /* a line of FILE */
    char folder[128], questions[512], first[16], second[16];
    unsigned line;
    unsigned long met;
};
struct comparison {
    struct reading first, second;
    struct difference listed[LISTED];
    size_t n_listed;
    unsigned long folders, requests, differences, failures;
};

/* ---- the list ---- */

static bool read_list(struct comparison *c, const char *file, const char *set)
{
    char line[1024], of[64];
    FILE *in = fopen(file, "r");
    bool reason = false, ok = in != NULL;
    for (unsigned number = 1; in && fgets(line, sizeof line, in); number++) {
        struct difference *d = &c->listed[c->n_listed];
        if (line[0] == '#' || line[0] == '\n') {
            reason = line[0] == '#';
            continue;
        }
        bool whole =
            c->n_listed + 1 < LISTED && sscanf(line, "%63s %127s %511s %15s %15s", of, d->folder,
                                               d->questions, d->first, d->second) == 5;
        if (!whole || !reason) {
            printf("%s:%u: %s\n", file, number,
                   whole ? "no reason stands above it" : "not of the form of a difference");
            ok = false;
            continue;
        }
        d->line = number;
        d->met = 0;
        c->n_listed += strcmp(of, set) == 0;
    }
    if (in) {
        fclose(in);
    }
    return ok;
}

static bool is_within(const char *questions, unsigned long number)
{
    for (const char *at = questions; *at;) {
        char *end;
        unsigned long first = strtoul(at, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
        if (*at == '*' || (first <= number && number <= last)) {
            return true;
        }
        at = *end == ',' ? end + 1 : end + strlen(end);
    }
    return false;
}

static struct difference *find_listed(struct comparison *c, const char *folder,
                                      unsigned long number, const char *first, const char *second)
{
    for (size_t i = 0; i < c->n_listed; i++) {
        struct difference *d = &c->listed[i];
        if (strcmp(d->folder, folder) == 0 && strcmp(d->first, first) == 0 &&
            strcmp(d->second, second) == 0 && is_within(d->questions, number)) {
            return d;
        }
    }
    return NULL;
}

/* How many questions a line says there are; "*" needs one. */
static unsigned long listed_count(const struct difference *d)
{
    unsigned long count = 0;
    for (const char *at = d->questions; *at && *at != '*';) {
        char *end;
        unsigned long first = strtoul(at, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
        count += last - first + 1;
        at = *end == ',' ? end + 1 : end + strlen(end);
    }
    return count;
}

static void judge_list(struct comparison *c, const char *file)
{
    for (size_t i = 0; i < c->n_listed; i++) {
        const struct difference *d = &c->listed[i];
        bool all = d->questions[0] == '*';
        if (all ? d->met == 0 : d->met != listed_count(d)) {
            printf("%s:%u: %s: listed, but not (all) there any more\n", file, d->line, d->folder);
            c->failures++;
        }
    }
}

/* ---- the comparison ---- */

static const char *action_text(int action)
{
    return action < 0 ? "none" : netpol_action_text(action);
}

static void compare(struct comparison *c, const char *folder, const struct answers *first,
                    const struct answers *second)
{
    for (size_t i = 0; i < first->count; i++) {
        const char *a = action_text(first->actions[i]);
        const char *b = action_text(second->actions[i]);
        if (first->actions[i] >= 0 && first->actions[i] == second->actions[i]) {
            continue;
        }
        struct difference *d = find_listed(c, folder, i + 1, a, b);
        c->differences++;
        if (d) {
            d->met++;
        } else {
            printf("%s: question %zu: %s under %s, %s under %s\n", folder, i + 1, a,
                   c->first.profile, b, c->second.profile);
            c->failures++;
        }
    }
}

static void compare_folder(const char *folder, void *user)
{
    struct comparison *c = user;
    struct answers first, second;
    const char *slash = strrchr(folder, '/');
    c->folders++;
    bool read = answer_folder(folder, &c->first, &first);
    read = answer_folder(folder, &c->second, &second) && read;
    c->requests += first.count;
    if (!read || first.count != second.count) {
        c->failures++;
    } else {
        compare(c, slash ? slash + 1 : folder, &first, &second);
    }
    free(first.actions);
    free(second.actions);
}

int main(int argc, char **argv)
{
    static struct comparison c;
    static char settings[4096];
    const char *list = NULL;
    unsigned long folders = 0, requests = 0;
    int i = 1;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--load-like") == 0) {
            c.first.load_like = c.second.load_like = argv[++i];
        } else if (strcmp(argv[i], "--set") == 0) {
            size_t len = strlen(settings);
            snprintf(settings + len, sizeof settings - len, "%s\n", argv[++i]);
        } else if (strcmp(argv[i], "--count") == 0 && i + 2 < argc) {
            folders = strtoul(argv[++i], NULL, 10);
            requests = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--differences") == 0) {
            list = argv[++i];
        }
    }
    if (i + 4 != argc || !list) {
        printf("compare_profiles [options] --differences FILE SET PROFILE PROFILE FOLDER\n");
        return 1;
    }
    if (!folder_exists(argv[i + 3])) {
        printf("SKIPPED: %s is not there\n", argv[i + 3]);
        return 77;
    }
    c.first.settings = c.second.settings = settings;
    c.first.profile = argv[i + 1];
    c.second.profile = argv[i + 2];
    c.failures += !read_list(&c, list, argv[i]);
    each_folder(argv[i + 3], compare_folder, &c);
    judge_list(&c, list);
    printf("%lu folders, %lu requests, %lu answers differ, %lu failures\n", c.folders, c.requests,
           c.differences, c.failures);
    if (folders && (c.folders != folders || c.requests != requests)) {
        printf("%lu folders and %lu requests were expected\n", folders, requests);
        return 1;
    }
    return c.failures == 0 && c.requests > 0 ? 0 : 1;
}
