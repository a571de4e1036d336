/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpol diff: what opens and what closes between two sets, as text, JSON or CSV. Rows of one pair
 * that say the same come together: they are kept until the pair, or what is said, changes.
 */
#include "tool.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum group { OPENS, CLOSES, OTHER, GROUPS };

/* A row as long as it is needed; texts of rules live as long as their matcher. */
struct entry {
    char *src, *dst;
    struct netpol_change change;
    struct netpol_tuple witness;
};
struct comparison {
    struct session sides[2];
    struct args args[2];
    struct entry *entries;
    size_t count, room;
    bool rules, requests; /* requests: they may differ, and were not compared */
};

static enum group group_of(const struct netpol_change *change)
{
    if (change->before == change->after)
        return OTHER;
    return change->after == NETPOL_ALLOW ? OPENS : change->before == NETPOL_ALLOW ? CLOSES : OTHER;
}

static int keep_row(void *user, const struct netpol_change *change)
{
    struct comparison *c = user;
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        struct entry *grown = realloc(c->entries, room * sizeof *grown);
        if (!grown)
            return 1;
        c->entries = grown;
        c->room = room;
    }
    struct entry *entry = &c->entries[c->count];
    *entry = (struct entry){.src = strdup(change->src),
                            .dst = strdup(change->dst),
                            .change = *change,
                            .witness = *change->witness};
    c->count++;
    return !entry->src || !entry->dst;
}

static bool same_rules(const struct netpol_change *a, const struct netpol_change *b)
{
    return memcmp(a->before_rules, b->before_rules, sizeof a->before_rules) == 0 &&
           memcmp(a->after_rules, b->after_rules, sizeof a->after_rules) == 0;
}

/* Does the next row go on where this one stands? */
static bool goes_on(const struct entry *a, const struct entry *b)
{
    return strcmp(a->src, b->src) == 0 && strcmp(a->dst, b->dst) == 0 &&
           a->change.self == b->change.self && a->change.family == b->change.family &&
           a->change.before == b->change.before && a->change.after == b->change.after &&
           a->change.pairs == b->change.pairs && same_rules(&a->change, &b->change);
}

/* "" where the address is not known. */
static void write_address(const uint8_t bytes[16], uint8_t family, bool known,
                          char out[INET6_ADDRSTRLEN])
{
    out[0] = '\0';
    if (known && family)
        inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, out, INET6_ADDRSTRLEN);
}

static void witness_ends(const struct netpol_tuple *tuple, char src[INET6_ADDRSTRLEN],
                         char dst[INET6_ADDRSTRLEN])
{
    static const uint8_t none[16] = {0};
    bool no_src = (tuple->flags & NETPOL_TUPLE_SRC_NO_ADDRESS) ||
                  ((tuple->flags & NETPOL_TUPLE_SRC_REF) && memcmp(tuple->src, none, 16) == 0);
    bool no_dst = (tuple->flags & NETPOL_TUPLE_DST_NO_ADDRESS) ||
                  ((tuple->flags & NETPOL_TUPLE_DST_REF) && memcmp(tuple->dst, none, 16) == 0);
    write_address(tuple->src, tuple->family, !no_src, src);
    write_address(tuple->dst, tuple->family, !no_dst, dst);
}

/* ---- text ---- */

static void write_span(const struct netpol_change *change, const struct netpol_change *before)
{
    char room[8];
    const struct netpol_span *span = &change->span;
    bool same = before && !before->others && !before->all && !change->others &&
                before->span.protocol == span->protocol;
    if (before)
        fputs(same ? "," : "; ", stdout);
    if (change->all || change->others) {
        fputs(change->all ? "everything" : "other protocols", stdout);
        return;
    }
    if (!same)
        printf("%s ", protocol_text(span->protocol, room));
    span_print(stdout, span);
}

/* The end of the walk, where no policy had a say, has no name. */
static bool is_named(const struct netpol_rule_info *rule)
{
    return rule && (rule->policy[0] || rule->option[0]);
}

static void write_rule(const char *when, const char *side, const struct netpol_rule_info *rule)
{
    const char *what = rule->policy[0] ? rule->policy : rule->option;
    printf("      %s %-7s %s%s%s", when, side, rule->policy[0] ? "" : "option ", what,
           rule->rule[0] ? " " : "");
    printf("%s%s%s%s\n", rule->rule, rule->position[0] ? " (" : "", rule->position,
           rule->position[0] ? ")" : "");
}

/* What made the verdict: a denial has one reason, an allow has one on each side. */
static bool speaks(const struct netpol_rule_info *rule, int action)
{
    return is_named(rule) && (action != NETPOL_DENY || rule->action == NETPOL_DENY);
}

static void write_rules(const char *when, const struct netpol_rule_info *const rules[2], int action)
{
    static const char *const sides[] = {"egress", "ingress"};
    bool any = false;
    for (int i = 0; i < 2; i++) {
        if (speaks(rules[i], action)) {
            write_rule(when, sides[i], rules[i]);
            any = true;
        }
    }
    if (!any)
        printf("      %s no policy applies\n", when);
}

/* Nothing where an address is not known: the names say it all. */
static void write_witness(const struct netpol_tuple *tuple)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], room[8];
    witness_ends(tuple, src, dst);
    if (!src[0] || !dst[0])
        return;
    printf(", e.g. %s -> %s %s", src, dst, protocol_text(tuple->protocol, room));
    if (tuple->protocol == 1 || tuple->protocol == 58)
        printf(" %u/%u", tuple->icmp_type, tuple->icmp_code);
    else if (tuple->dst_port)
        printf(" %u", tuple->dst_port);
}

static size_t write_pair(const struct comparison *c, size_t i)
{
    const struct entry *entry = &c->entries[i];
    const struct netpol_change *change = &entry->change;
    size_t next = i + 1;
    printf("  %s -> %s%s  ", entry->src, change->self ? "itself" : entry->dst,
           change->family == 4   ? " (IPv4)"
           : change->family == 6 ? " (IPv6)"
                                 : "");
    write_span(change, NULL);
    for (; next < c->count && goes_on(entry, &c->entries[next]); next++)
        write_span(&c->entries[next].change, &c->entries[next - 1].change);
    printf("\n      %s -> %s", netpol_action_text(change->before),
           netpol_action_text(change->after));
    if (change->pairs > 1)
        printf(", %llu pairs of pods", (unsigned long long)change->pairs);
    write_witness(&entry->witness);
    putchar('\n');
    write_rules("was:", change->before_rules, change->before);
    write_rules("now:", change->after_rules, change->after);
    return next;
}

static void write_group(const struct comparison *c, enum group group, const char *title)
{
    bool any = false;
    for (size_t i = 0; i < c->count;) {
        if (group_of(&c->entries[i].change) != group) {
            i++;
            continue;
        }
        if (!any)
            printf("%s\n", title);
        any = true;
        i = write_pair(c, i);
    }
    if (any)
        putchar('\n');
}

static void text_write(const struct comparison *c)
{
    size_t counts[GROUPS] = {0};
    for (size_t i = 0; i < c->count; i++)
        counts[group_of(&c->entries[i].change)]++;
    write_group(c, OPENS, "Opens:");
    write_group(c, CLOSES, "Closes:");
    write_group(c, OTHER, c->rules ? "Changes otherwise:" : "Changes, but not to or from allow:");
    if (c->count == 0)
        puts(c->requests ? "No verdict of a connection changes; which requests pass may."
             : c->rules  ? "No verdict changes, and no rule that makes it."
                         : "No verdict changes.");
    else
        printf("%zu changes: %zu open, %zu close, %zu other\n", c->count, counts[OPENS],
               counts[CLOSES], counts[OTHER]);
}

/* ---- JSON ---- */

static void json_rules(const struct netpol_rule_info *const rules[2])
{
    static const char *const sides[] = {"egress", "ingress"};
    putchar('{');
    for (int i = 0, any = 0; i < 2; i++) {
        if (!is_named(rules[i]))
            continue;
        printf("%s\"%s\":{\"policy\":", any++ ? "," : "", sides[i]);
        json_string(stdout, rules[i]->policy);
        fputs(",\"rule\":", stdout);
        json_string(stdout, rules[i]->rule);
        fputs(",\"position\":", stdout);
        json_string(stdout, rules[i]->position);
        fputs(",\"option\":", stdout);
        json_string(stdout, rules[i]->option);
        putchar('}');
    }
    putchar('}');
}

static void json_witness(const struct netpol_tuple *tuple)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
    witness_ends(tuple, src, dst);
    fputs("{\"src\":", stdout);
    json_string(stdout, src);
    fputs(",\"dst\":", stdout);
    json_string(stdout, dst);
    printf(",\"protocol\":%u", tuple->protocol);
    if (tuple->protocol == 1 || tuple->protocol == 58)
        printf(",\"icmp_type\":%u,\"icmp_code\":%u}", tuple->icmp_type, tuple->icmp_code);
    else
        printf(",\"port\":%u}", tuple->dst_port);
}

static void json_write(const struct comparison *c)
{
    char room[8];
    printf("{\"version\":1,\"equal\":%s,\"incomplete\":%s,%s\"changes\":[",
           c->count || c->requests ? "false" : "true",
           c->sides[0].incomplete || c->sides[1].incomplete ? "true" : "false",
           c->requests ? "\"requestsNotCompared\":true," : "");
    for (size_t i = 0; i < c->count; i++) {
        const struct netpol_change *change = &c->entries[i].change;
        fputs(i ? ",\n{\"src\":" : "\n{\"src\":", stdout);
        json_string(stdout, c->entries[i].src);
        fputs(",\"dst\":", stdout);
        json_string(stdout, c->entries[i].dst);
        printf(",\"self\":%s,\"family\":%d,\"all\":%s,\"others\":%s",
               change->self ? "true" : "false", change->family, change->all ? "true" : "false",
               change->others ? "true" : "false");
        if (!change->all && !change->others)
            printf(",\"protocol\":\"%s\",\"first\":%u,\"last\":%u",
                   protocol_text(change->span.protocol, room), change->span.first,
                   change->span.last);
        printf(",\"before\":\"%s\",\"after\":\"%s\",\"pairs\":%llu,\"before_rules\":",
               netpol_action_text(change->before), netpol_action_text(change->after),
               (unsigned long long)change->pairs);
        json_rules(change->before_rules);
        fputs(",\"after_rules\":", stdout);
        json_rules(change->after_rules);
        fputs(",\"witness\":", stdout);
        json_witness(&c->entries[i].witness);
        putchar('}');
    }
    fputs("\n]}\n", stdout);
}

/* ---- CSV, RFC 4180 ---- */

static const char *policy_of(const struct netpol_rule_info *const rules[2], int action)
{
    for (int i = 0; i < 2; i++) {
        if (speaks(rules[i], action))
            return rules[i]->policy[0] ? rules[i]->policy : rules[i]->option;
    }
    return "";
}

static void csv_write(const struct comparison *c)
{
    char room[8];
    fputs("src,dst,self,family,protocol,first,last,before,after,pairs,before_policy,after_policy"
          "\r\n",
          stdout);
    for (size_t i = 0; i < c->count; i++) {
        const struct netpol_change *change = &c->entries[i].change;
        bool none = change->all || change->others;
        printf("%s,%s,%d,%d,%s,", c->entries[i].src, c->entries[i].dst, change->self,
               change->family,
               change->all      ? "all"
               : change->others ? "other"
                                : protocol_text(change->span.protocol, room));
        if (none)
            fputs(",,", stdout);
        else
            printf("%u,%u,", change->span.first, change->span.last);
        printf("%s,%s,%llu,%s,%s\r\n", netpol_action_text(change->before),
               netpol_action_text(change->after), (unsigned long long)change->pairs,
               policy_of(change->before_rules, change->before),
               policy_of(change->after_rules, change->after));
    }
}

/* ---- both sets ---- */

static int open_side(struct comparison *c, int side, const struct args *args)
{
    struct session *session = &c->sides[side];
    c->args[side] = *args;
    c->args[side].operands = &args->operands[side];
    c->args[side].n_operands = 1;
    int code = session_open(session, &c->args[side]);
    session->profile_said = side > 0;
    if (code == EXIT_FINE)
        code = session_load(session);
    return code == EXIT_FINE ? session_compile(session) : code;
}

static int compare(struct comparison *c, const struct args *args)
{
    static const struct {
        const char *name;
        void (*write)(const struct comparison *c);
    } formats[] = {
        {"text", text_write},
        {"json", json_write},
        {"csv",  csv_write },
    };
    const char *output = args_value(args, OPTION_OUTPUT);
    struct netpol_diff_options wanted = {.size = sizeof wanted, .rules = c->rules};
    struct netpol_diags *diags = c->sides[0].diags;
    netpol_diags_clear(diags); /* printed when the set was loaded */
    int status = netpol_diff(c->sides[0].matcher, c->sides[1].matcher, &wanted, keep_row, c, diags);
    if (status != NETPOL_OK)
        return status_exit(status == NETPOL_ERR_IO ? NETPOL_ERR_MEMORY : status, "diff");
    c->requests = netpol_diags_seen(diags, NETPOL_WARNING) > 0;
    diags_print(diags, NETPOL_WARNING, stderr, args->color_err);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(output ? output : "text", formats[i].name) == 0)
            formats[i].write(c);
    }
    return c->count || c->requests ? EXIT_NOT_ALLOWED : EXIT_FINE;
}

static int check_sets(const struct args *args)
{
    if (args->n_operands != 2) {
        complain("diff: needs two sets, OLD and NEW, see netpol diff --help");
        return EXIT_INVALID;
    }
    if (strcmp(args->operands[0], "-") == 0 && strcmp(args->operands[1], "-") == 0) {
        complain("standard input (-) can be read only once");
        return EXIT_INVALID;
    }
    const char *output = args_value(args, OPTION_OUTPUT);
    if (output && !one_of(output, "text|json|csv")) {
        complain("--output: diff has text, json and csv");
        return EXIT_INVALID;
    }
    return EXIT_FINE;
}

int run_diff(const struct args *args)
{
    struct comparison c = {.rules = args_has(args, OPTION_RULES)};
    int code = check_sets(args);
    for (int side = 0; side < 2 && code == EXIT_FINE; side++)
        code = open_side(&c, side, args);
    if (code == EXIT_FINE)
        code = compare(&c, args);
    for (size_t i = 0; i < c.count; i++) {
        free(c.entries[i].src);
        free(c.entries[i].dst);
    }
    free(c.entries);
    session_close(&c.sides[0]);
    session_close(&c.sides[1]);
    return code;
}
