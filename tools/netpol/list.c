/* SPDX-License-Identifier: Apache-2.0 */
/* netpol list: who can reach whom on what, as text, JSON, CSV or a graph for dot(1). */
#include "tool.h"
#include <string.h>

struct listing {
    void (*begin)(struct listing *listing);
    void (*row)(struct listing *listing, const struct netpol_reach *reach);
    void (*end)(struct listing *listing);
    bool denied, incomplete;
    size_t rows;
};

/* "TCP 80,8080-8090; UDP 53" */
static void write_spans(FILE *out, const struct netpol_reach *reach)
{
    char room[8];
    if (reach->all)
        fputs("all", out);
    for (size_t i = 0; i < reach->n_spans; i++) {
        const struct netpol_span *span = &reach->spans[i];
        bool same = i && span->protocol == reach->spans[i - 1].protocol;
        if (same)
            fputc(',', out);
        else
            fprintf(out, "%s%s ", i ? "; " : "", protocol_text(span->protocol, room));
        span_print(out, span);
    }
    if (reach->others)
        fputs(reach->n_spans ? "; other protocols" : "other protocols", out);
    if (!reach->certain)
        fputs(reach->request ? " (request decides)" : " (unknown)", out);
}

/* ---- text ---- */

static void text_row(struct listing *listing, const struct netpol_reach *reach)
{
    printf("%-36s %s %-36s ", reach->src, listing->denied ? "-x" : "->", reach->dst);
    write_spans(stdout, reach);
    putchar('\n');
}

/* ---- JSON ---- */

static void json_begin(struct listing *listing)
{
    printf("{\"version\":1,\"verdict\":\"%s\",\"incomplete\":%s,\"connections\":[",
           listing->denied ? "deny" : "allow", listing->incomplete ? "true" : "false");
}

static void json_row(struct listing *listing, const struct netpol_reach *reach)
{
    char room[8];
    fputs(listing->rows ? ",\n{\"src\":" : "\n{\"src\":", stdout);
    json_string(stdout, reach->src);
    fputs(",\"dst\":", stdout);
    json_string(stdout, reach->dst);
    printf(",\"all\":%s,\"others\":%s,\"certain\":%s,\"request\":%s,\"ports\":[",
           reach->all ? "true" : "false", reach->others ? "true" : "false",
           reach->certain ? "true" : "false", reach->request ? "true" : "false");
    for (size_t i = 0; i < reach->n_spans; i++)
        printf("%s{\"protocol\":\"%s\",\"first\":%u,\"last\":%u}", i ? "," : "",
               protocol_text(reach->spans[i].protocol, room), reach->spans[i].first,
               reach->spans[i].last);
    fputs("]}", stdout);
}

static void json_end(struct listing *listing)
{
    (void)listing;
    fputs("\n]}\n", stdout);
}

/* ---- CSV, RFC 4180 ---- */

static void csv_begin(struct listing *listing)
{
    (void)listing;
    fputs("src,dst,protocol,first,last,certain\r\n", stdout);
}

static void csv_row(struct listing *listing, const struct netpol_reach *reach)
{
    char room[8];
    (void)listing;
    if (reach->all)
        printf("%s,%s,all,,,%d\r\n", reach->src, reach->dst, reach->certain);
    if (reach->others)
        printf("%s,%s,other,,,%d\r\n", reach->src, reach->dst, reach->certain);
    for (size_t i = 0; i < reach->n_spans; i++)
        printf("%s,%s,%s,%u,%u,%d\r\n", reach->src, reach->dst,
               protocol_text(reach->spans[i].protocol, room), reach->spans[i].first,
               reach->spans[i].last, reach->certain);
}

/* ---- dot ---- */

static void dot_begin(struct listing *listing)
{
    (void)listing;
    fputs("digraph netpol {\n    rankdir=LR;\n    node [shape=box, fontname=sans];\n"
          "    edge [fontname=sans, fontsize=9];\n",
          stdout);
}

static void dot_row(struct listing *listing, const struct netpol_reach *reach)
{
    printf("    \"%s\" -> \"%s\" [label=\"", reach->src, reach->dst);
    write_spans(stdout, reach);
    printf("\"%s%s];\n", listing->denied ? ", color=red" : "",
           reach->certain ? "" : ", style=dashed");
}

static void dot_end(struct listing *listing)
{
    (void)listing;
    fputs("}\n", stdout);
}

static const struct {
    const char *name;
    struct listing calls;
} formats[] = {
    {"text", {.row = text_row}                                      },
    {"json", {.begin = json_begin, .row = json_row, .end = json_end}},
    {"csv",  {.begin = csv_begin, .row = csv_row}                   },
    {"dot",  {.begin = dot_begin, .row = dot_row, .end = dot_end}   },
};

static int take_row(void *user, const struct netpol_reach *reach)
{
    struct listing *listing = user;
    listing->row(listing, reach);
    listing->rows++;
    return ferror(stdout);
}

static int write_list(struct session *session, struct listing *listing)
{
    const struct args *args = session->args;
    struct netpol_list_options wanted = {.size = sizeof wanted,
                                         .from = args_value(args, OPTION_FROM),
                                         .to = args_value(args, OPTION_TO),
                                         .denied = listing->denied,
                                         .addresses = args_has(args, OPTION_ADDRESSES)};
    listing->incomplete = session->incomplete;
    if (listing->begin)
        listing->begin(listing);
    int status = netpol_list(session->view, &wanted, take_row, listing, session->diags);
    if (listing->end)
        listing->end(listing);
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    diags_print(session->diags, NETPOL_WARNING, stderr, args->color_err);
    if (status == NETPOL_ERR_NOT_FOUND)
        return said ? EXIT_INVALID
                    : (complain("list: nothing is called what --from or --to says"), EXIT_INVALID);
    return status_exit(status, "list");
}

int run_list(const struct args *args)
{
    struct session session = {0};
    struct listing listing = formats[0].calls;
    const char *output = args_value(args, OPTION_OUTPUT);
    for (size_t i = 0; output && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(output, formats[i].name) == 0)
            listing = formats[i].calls;
    }
    listing.denied = args_has(args, OPTION_DENIED);
    if (output && !one_of(output, "text|json|csv|dot")) {
        complain("--output: list has text, json, csv and dot");
        return EXIT_INVALID;
    }
    int code = session_open(&session, args);
    if (code == EXIT_FINE)
        code = session_load(&session);
    if (code == EXIT_FINE)
        code = session_compile(&session);
    if (code == EXIT_FINE)
        code = write_list(&session, &listing);
    session_close(&session);
    return code;
}
