/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpol compile: the set as an image, for programs that decide without the policies at hand.
 *
 * A file is replaced only by a whole image: it is written beside its place and renamed, so that a
 * program that opens it meanwhile sees the old one or the new one.
 */
#include "tool.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the image ---- */

static int write_descriptor(int fd, const struct netpol_matcher *matcher)
{
    FILE *file = fdopen(fd, "wb");
    if (!file) {
        close(fd);
        return NETPOL_ERR_IO;
    }
    int status = netpol_matcher_save(matcher, file_sink, file);
    if (fflush(file) != 0 || fsync(fd) != 0)
        status = NETPOL_ERR_IO;
    if (fclose(file) != 0)
        status = NETPOL_ERR_IO;
    return status;
}

/* mkstemp makes files for their owner only; an image is as readable as any other file. */
static int usual_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask);
}

static int write_beside(const struct netpol_matcher *matcher, const char *path, char *beside)
{
    int fd = mkstemp(beside);
    if (fd < 0) {
        complain("compile: no file can be made at %s", path);
        return EXIT_TROUBLE;
    }
    (void)usual_mode(fd);
    if (write_descriptor(fd, matcher) == NETPOL_OK && rename(beside, path) == 0)
        return EXIT_FINE;
    unlink(beside);
    complain("compile: %s cannot be written", path);
    return EXIT_TROUBLE;
}

static int write_image(const struct netpol_matcher *matcher, const char *path)
{
    static const char ending[] = ".XXXXXX";
    if (strcmp(path, "-") == 0)
        return status_exit(netpol_matcher_save(matcher, file_sink, stdout), "compile");
    char *beside = malloc(strlen(path) + sizeof ending);
    if (!beside)
        return status_exit(NETPOL_ERR_MEMORY, "compile");
    strcpy(beside, path);
    strcat(beside, ending);
    int code = write_beside(matcher, path, beside);
    free(beside);
    return code;
}

/* ---- --stats ---- */

struct figure {
    const char *name, *text;
    size_t offset;
};
static const struct figure figures[] = {
#define FIGURE(name, text)                                       \
    {                                                            \
#name, text, offsetof(struct netpol_matcher_stats, name) \
    }
    FIGURE(image_bytes, "bytes of the image"),
    FIGURE(hot_bytes, "bytes that lookups touch"),
    FIGURE(endpoint_bytes, "of these, of the table of endpoints"),
    FIGURE(policies, "policies"),
    FIGURE(rules, "decisions with a name"),
    FIGURE(endpoints, "endpoints"),
    FIGURE(addresses, "addresses of endpoints"),
    FIGURE(signatures, "kinds of ends that policies can tell apart"),
    FIGURE(classes, "classes of peers"),
    FIGURE(groups, "groups of subjects"),
    FIGURE(port_classes, "classes of ports"),
    FIGURE(rows, "rows"),
    FIGURE(cells, "cells"),
    FIGURE(parts, "answers"),
    FIGURE(residuals, "residual trees"),
    FIGURE(evaluated, "questions asked while compiling"),
    FIGURE(compile_ns, "nanoseconds of compiling"),
#undef FIGURE
};

static void print_stats(const struct netpol_matcher_stats *stats, bool json)
{
    if (json)
        fputs("{\"version\":1", stdout);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        uint64_t value;
        memcpy(&value, (const char *)stats + figures[i].offset, sizeof value);
        if (json)
            printf(",\"%s\":%llu", figures[i].name, (unsigned long long)value);
        else
            printf("%12llu  %s\n", (unsigned long long)value, figures[i].text);
    }
    if (json) {
        fputs(",\"simd\":", stdout);
        json_string(stdout, stats->simd);
        fputs("}\n", stdout);
    } else {
        printf("%12s  instructions for residual trees\n", stats->simd);
    }
}

static int show_stats(const struct netpol_matcher *matcher, bool json)
{
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    int status = netpol_matcher_stats(matcher, &stats);
    if (status == NETPOL_OK)
        print_stats(&stats, json);
    return status_exit(status, "--stats");
}

/* ---- the subcommand ---- */

static int check_arguments(const struct args *args)
{
    const char *path = args_value(args, OPTION_IMAGE_FILE);
    bool stats = args_has(args, OPTION_STATS);
    if (!path && !stats) {
        complain("compile: say where the image goes with -o FILE (- for standard output)");
        return EXIT_INVALID;
    }
    if (path && strcmp(path, "-") == 0) {
        if (stats) {
            complain("--stats and -o - cannot both write to standard output");
            return EXIT_INVALID;
        }
        if (isatty(STDOUT_FILENO) == 1) {
            complain("compile: an image is not for a terminal, name a file with -o FILE");
            return EXIT_INVALID;
        }
    }
    return EXIT_FINE;
}

int run_compile(const struct args *args)
{
    struct session session = {.show_diags = true};
    const char *path = args_value(args, OPTION_IMAGE_FILE);
    int code = check_arguments(args);
    if (code != EXIT_FINE)
        return code;
    code = session_open(&session, args);
    if (code == EXIT_FINE)
        code = session_load(&session);
    if (code == EXIT_FINE)
        code = session_compile(&session);
    if (code == EXIT_FINE && path)
        code = write_image(session.matcher, path);
    if (code == EXIT_FINE && args_has(args, OPTION_STATS))
        code = show_stats(session.matcher, args_is(args, OPTION_STATS, "json"));
    session_close(&session);
    return code;
}
