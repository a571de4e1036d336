/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sets as folders for an engine of somebody else (tests/upstream/cilium): the resources as
 * YAML, the options, the questions with our verdicts, or why we refuse the set.
 */
#include "differential/cilium_export.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>

static FILE *create(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "w");
}

/* The options that the set was compiled with, of those that are not the profile's own. */
static void write_options(const struct cil_loaded *l, FILE *out)
{
    for (size_t i = 0; l->library.ready && netpol_option_at(i); i++) {
        const char *name = netpol_option_at(i)->name;
        const char *value = netpol_matcher_option(l->library.world.compiled, name);
        if (value) {
            fprintf(out, "%s=%s\n", name, value);
        }
    }
}

static void write_part(const struct cil_loaded *l, const struct netpol_part *part, FILE *out)
{
    const struct netpol_matcher *matcher = l->library.world.compiled;
    uint64_t generation = netpol_matcher_generation(matcher);
    struct netpol_program_info program = {.parser = NETPOL_PARSER_NONE};
    struct netpol_rule_info rule = {.policy = "-", .rule = "-"};
    (void)netpol_program_describe(matcher, part->program, generation, &program);
    (void)netpol_rule_describe(matcher, part->rule, generation, &rule);
    fprintf(out, "\t%s\t%d\t%s\t%s\t%d\t%s\t%s %s", netpol_action_text(part->action),
            part->flags & NETPOL_PART_JUDGED ? 1 : 0, netpol_reason_text(part->reason),
            netpol_parser_text(program.parser), program.priority, netpol_auth_text(program.auth),
            rule.policy, rule.rule);
}

static void write_question(const struct cil_loaded *l, const struct netpol_tuple *t, FILE *out)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
    struct netpol_verdict verdict;
    int family = t->family == 4 ? AF_INET : AF_INET6;
    bool icmp = t->protocol == IPPROTO_ICMP || t->protocol == IPPROTO_ICMPV6;
    (void)netpol_eval(l->library.world.view, t, &verdict);
    fprintf(out, "%s\t%s\t%u\t%u\t%u\t%d", inet_ntop(family, t->src, src, sizeof src),
            inet_ntop(family, t->dst, dst, sizeof dst), t->protocol,
            icmp ? t->icmp_type : t->dst_port, t->icmp_code,
            t->flags & NETPOL_TUPLE_LATER_FRAGMENT ? 1 : 0);
    write_part(l, &verdict.egress, out);
    write_part(l, &verdict.ingress, out);
    fputc('\n', out);
}

static bool write_files(const struct cil_loaded *l, const struct cil *c, unsigned questions,
                        const char *folder)
{
    static struct random_text text;
    struct gen_random random = {c->seed * 1000003};
    FILE *resources = create(folder, "resources.yaml"), *options = create(folder, "options");
    FILE *asked = create(folder, "questions"), *refused = NULL;
    bool fine = resources && options && asked;
    cil_write(c, &text);
    if (fine) {
        fwrite(text.bytes, 1, text.len, resources);
        write_options(l, options);
    }
    if (fine && !l->library.ready) {
        refused = create(folder, "refused");
        fine = refused && fprintf(refused, "%s\n", random_error(&l->library)) > 0;
    }
    for (unsigned i = 0; fine && l->library.ready && i < questions; i++) {
        struct cil_asked question;
        cil_draw_question(c, &random, &question);
        write_question(l, &question.tuple, asked);
    }
    FILE *const files[] = {resources, options, asked, refused};
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        fine &= !files[i] || fclose(files[i]) == 0;
    }
    return fine;
}

bool cil_export(struct netpol_ctx *ctx, const char *root, uint64_t seed, unsigned questions,
                unsigned features)
{
    static struct cil c;
    static struct cil_loaded l;
    char folder[400];
    snprintf(folder, sizeof folder, "%s/%llu", root, (unsigned long long)seed);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return false;
    }
    cil_draw(&c, seed, features);
    c.options.plain_dropped = c.options.cidr_pods = false; /* nobody else has these */
    c.options.allow_localhost = c.options.allow_localhost == 1 ? 0 : c.options.allow_localhost;
    cil_load(&l, ctx, &c, 0);
    bool fine = write_files(&l, &c, questions, folder);
    random_close(&l.library);
    return fine;
}
