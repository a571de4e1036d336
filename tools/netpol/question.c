/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question from flags: written as the JSON object that --requests would read, so that there is
 * one reader of questions, one set of checks and one documentation.
 */
#include "tool.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct writer {
    FILE *out;
    bool any; /* a member was written at this level */
    bool refused;
    const char *port; /* from --port, or the end of --to */
};

static void member(struct writer *w, const char *name)
{
    fprintf(w->out, "%s\"%s\":", w->any ? "," : "", name);
    w->any = true;
}

static void text_member(struct writer *w, const char *name, const char *value)
{
    member(w, name);
    json_string(w->out, value);
}

static void refuse(struct writer *w, const char *option, const char *value, const char *needs)
{
    complain("--%s: \"%s\" is not %s", option, value, needs);
    w->refused = true;
}

static bool is_number(const char *text, unsigned long most)
{
    size_t len = strlen(text);
    return len > 0 && len < 10 && strspn(text, "0123456789") == len &&
           strtoul(text, NULL, 10) <= most;
}

static void number_member(struct writer *w, const char *name, const char *option, const char *value,
                          unsigned long most)
{
    if (!is_number(value, most)) {
        complain("--%s: \"%s\" is not a number from 0 to %lu", option, value, most);
        w->refused = true;
        return;
    }
    member(w, name);
    fprintf(w->out, "%lu", strtoul(value, NULL, 10));
}

/* "a,b" -> ["a","b"] */
static void list_items(struct writer *w, const char *values, bool *any)
{
    while (*values) {
        size_t len = strcspn(values, ",");
        fputs(*any ? "," : "", w->out);
        json_slice(w->out, values, len);
        *any = true;
        values += len + (values[len] == ',');
    }
}

/* ---- the ends ---- */

static bool is_address(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Cuts ":PORT" off the end of an address or a name, where one stands. NULL: none. */
static const char *cut_port(char *end)
{
    char *colon = strrchr(end, ':');
    size_t len = strlen(end);
    if (is_address(end))
        return NULL;
    if (*end == '[' && colon && colon > end && colon[-1] == ']') {
        colon[-1] = '\0';
        memmove(end, end + 1, strlen(end));
        return colon + 1;
    }
    if (*end == '[' && end[len - 1] == ']') {
        end[len - 1] = '\0';
        memmove(end, end + 1, len - 1);
        return NULL;
    }
    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* namespace/key=value,key=value; a key may hold a slash, a namespace cannot. */
static void labels_end(struct writer *w, const char *option, char *text)
{
    char *labels = strchr(text, '/');
    bool any = false;
    *labels++ = '\0';
    fputc('{', w->out);
    fputs("\"namespace\":", w->out);
    json_string(w->out, text);
    fputs(",\"labels\":{", w->out);
    for (char *pair = strtok(labels, ","); pair; pair = strtok(NULL, ",")) {
        char *equals = strchr(pair, '=');
        if (!equals || equals == pair) {
            refuse(w, option, pair, "a label, key=value");
            return;
        }
        *equals = '\0';
        fputs(any ? "," : "", w->out);
        json_string(w->out, pair);
        fputc(':', w->out);
        json_string(w->out, equals + 1);
        any = true;
    }
    fputc('}', w->out);
}

static void names_member(struct writer *w, const struct args *args, const char *first)
{
    bool any = false;
    size_t cursor = 0;
    const char *names;
    fputs("\"names\":[", w->out);
    if (first)
        list_items(w, first, &any);
    while (args && (names = args_next(args, OPTION_DST_NAMES, &cursor)))
        list_items(w, names, &any);
    fputc(']', w->out);
}

static const char *skip_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 ? text + len : NULL;
}

/* A pod, a service or an address. */
static void plain_end(struct writer *w, const char *option, char *text)
{
    const char *port = cut_port(text);
    const char *slash = strchr(text, '/');
    const char *service = skip_word(text, "svc/");
    if (!service)
        service = skip_word(text, "service/");
    if (service && !strchr(service, '/'))
        service = NULL; /* two parts: a pod in a namespace called svc */
    const char *pod = skip_word(text, "pod/");
    if (!pod || !strchr(pod, '/'))
        pod = text;
    if (port && (strcmp(option, "to") != 0 || w->port)) {
        complain(w->port ? "--to: the port is given twice"
                         : "--from: a port belongs to --src-port");
        w->refused = true;
    } else if (port) {
        w->port = port;
    }
    if (!service && !slash && !is_address(text)) {
        refuse(w, option, text, "an address, ns/name, svc/ns/name, ns/label=value or name:NAME");
        return;
    }
    fprintf(w->out, "{\"%s\":", service ? "service" : slash ? "pod" : "ip");
    json_string(w->out, service ? service : pod);
}

static void end_member(struct writer *w, const struct args *args, enum option_id id, char *text)
{
    const char *option = options[id].name;
    bool names = id == OPTION_TO && args_has(args, OPTION_DST_NAMES);
    const char *name = skip_word(text, "name:");
    member(w, id == OPTION_FROM ? "src" : "dst");
    if (name) {
        fputc('{', w->out);
        names_member(w, names ? args : NULL, name);
        fputc('}', w->out);
        return;
    }
    if (strchr(text, '/') && strchr(text, '='))
        labels_end(w, option, text);
    else
        plain_end(w, option, text);
    if (names) {
        fputc(',', w->out);
        names_member(w, args, NULL);
    }
    fputc('}', w->out);
}

/* ---- the request ---- */

static void http_member(struct writer *w, const struct args *args)
{
    const char *http = args_value(args, OPTION_HTTP), *header;
    const char *host = args_value(args, OPTION_HOST);
    size_t cursor = 0;
    bool any = false;
    if (!http) {
        if (host || args_has(args, OPTION_HEADER)) {
            complain("--host and --header belong to --http 'METHOD PATH'");
            w->refused = true;
        }
        return;
    }
    size_t len = strcspn(http, " ");
    if (len == 0 || http[len] != ' ' || http[len + 1] == '\0') {
        refuse(w, "http", http, "'METHOD PATH', e.g. 'GET /health'");
        return;
    }
    member(w, "http");
    fputs("{\"method\":", w->out);
    json_slice(w->out, http, len);
    fputs(",\"path\":", w->out);
    json_string(w->out, http + len + 1);
    if (host) {
        fputs(",\"host\":", w->out);
        json_string(w->out, host);
    }
    fputs(",\"headers\":[", w->out);
    while ((header = args_next(args, OPTION_HEADER, &cursor))) {
        size_t size = strcspn(header, ":");
        if (size == 0 || header[size] != ':') {
            refuse(w, "header", header, "'NAME: VALUE'");
            return;
        }
        fputs(any ? ",[" : "[", w->out);
        json_slice(w->out, header, size);
        fputc(',', w->out);
        json_string(w->out, header + size + 1 + strspn(header + size + 1, " \t"));
        fputc(']', w->out);
        any = true;
    }
    fputs("]}", w->out);
}

/* Repeated NAME=VALUE options as one object. */
static void pairs_member(struct writer *w, const struct args *args, enum option_id id,
                         const char *name)
{
    const char *pair;
    size_t cursor = 0;
    bool any = false;
    if (!args_has(args, id))
        return;
    member(w, name);
    fputc('{', w->out);
    while ((pair = args_next(args, id, &cursor))) {
        size_t len = strcspn(pair, "=");
        if (len == 0 || pair[len] != '=') {
            refuse(w, options[id].name, pair, options[id].argument);
            return;
        }
        fputs(any ? "," : "", w->out);
        json_slice(w->out, pair, len);
        fputc(':', w->out);
        json_string(w->out, pair + len + 1);
        any = true;
    }
    fputc('}', w->out);
}

static void principal_member(struct writer *w, const struct args *args)
{
    const char *principal;
    size_t cursor = 0, count = 0;
    while (args_next(args, OPTION_PRINCIPAL, &cursor))
        count++;
    if (count == 1)
        text_member(w, "principal", args_value(args, OPTION_PRINCIPAL));
    if (count < 2)
        return;
    member(w, "principal");
    cursor = 0;
    for (size_t i = 0; (principal = args_next(args, OPTION_PRINCIPAL, &cursor)); i++) {
        fputc(i ? ',' : '[', w->out);
        json_string(w->out, principal);
    }
    fputc(']', w->out);
}

static void kafka_member(struct writer *w, const char *value)
{
    size_t len = strcspn(value, ":");
    bool any = false;
    if (len == 0) {
        refuse(w, "kafka", value, "KEY[:TOPIC,...], e.g. produce:orders");
        return;
    }
    member(w, "kafka");
    fputs("{\"apiKey\":", w->out);
    json_slice(w->out, value, len);
    if (value[len] == ':') {
        fputs(",\"topics\":[", w->out);
        list_items(w, value + len + 1, &any);
        fputc(']', w->out);
    }
    fputc('}', w->out);
}

static void icmp_member(struct writer *w, const char *value)
{
    char type[16];
    size_t len = strcspn(value, "/");
    snprintf(type, sizeof type, "%.*s", (int)(len < 15 ? len : 15), value);
    if (!is_number(type, 255) || (value[len] && !is_number(value + len + 1, 255))) {
        refuse(w, "icmp", value, "TYPE or TYPE/CODE, each from 0 to 255");
        return;
    }
    member(w, "icmp");
    fprintf(w->out, "{\"type\":%lu", strtoul(type, NULL, 10));
    if (value[len])
        fprintf(w->out, ",\"code\":%lu", strtoul(value + len + 1, NULL, 10));
    fputc('}', w->out);
}

static void at_member(struct writer *w, const char *value)
{
    char plane[32], side[32], where[32];
    int fields = sscanf(value, "%31[^/]/%31[^/]/%31[^/]", plane, side, where);
    if (fields < 1 || !one_of(plane, "network|mesh") ||
        (fields > 1 && !one_of(side, "ingress|egress"))) {
        refuse(w, "at", value, "PLANE[/SIDE[/WHERE]], e.g. network/ingress");
        return;
    }
    member(w, "at");
    fprintf(w->out, "{\"plane\":\"%s\"", plane);
    if (fields > 1)
        fprintf(w->out, ",\"side\":\"%s\"", side);
    if (fields > 2) {
        fprintf(w->out, ",\"%s\":", strcmp(plane, "mesh") == 0 ? "mode" : "hook");
        json_string(w->out, where);
    }
    fputc('}', w->out);
}

/* Any case is taken here; in files and policies the API's spelling counts. */
static const char *protocol_name(const char *given)
{
    static const char *const names[] = {"TCP", "UDP", "SCTP", "ICMP", "ICMPv6"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(given, names[i]) == 0)
            return names[i];
    }
    return given;
}

static void protocol_member(struct writer *w, const struct args *args, const char *to)
{
    const char *protocol = args_value(args, OPTION_PROTOCOL);
    if (!protocol && args_has(args, OPTION_ICMP))
        protocol = strchr(to, ':') && !strchr(to, '/') ? "ICMPv6" : "ICMP";
    if (protocol && is_number(protocol, 255))
        number_member(w, "protocol", "protocol", protocol, 255);
    else
        text_member(w, "protocol", protocol ? protocol_name(protocol) : "TCP");
}

static void simple_members(struct writer *w, const struct args *args)
{
    static const struct {
        enum option_id id;
        const char *name;
        void (*write)(struct writer *w, const char *value); /* NULL: as text */
    } table[] = {
        {OPTION_ICMP,      "icmp",     icmp_member },
        {OPTION_KAFKA,     "kafka",    kafka_member},
        {OPTION_AT,        "at",       at_member   },
        {OPTION_SNI,       "sni",      NULL        },
        {OPTION_REMOTE_IP, "remoteIp", NULL        },
        {OPTION_TOKEN,     "token",    NULL        },
        {OPTION_PAYLOAD,   "payload",  NULL        },
        {OPTION_EXPECT,    "expect",   NULL        },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *value = args_value(args, table[i].id);
        if (value && table[i].write)
            table[i].write(w, value);
        else if (value)
            text_member(w, table[i].name, value);
    }
}

static void write_question(struct writer *w, const struct args *args, char *from, char *to)
{
    const char *given_to = args_value(args, OPTION_TO);
    fputc('{', w->out);
    end_member(w, args, OPTION_FROM, from);
    end_member(w, args, OPTION_TO, to);
    protocol_member(w, args, given_to);
    if (w->port)
        number_member(w, "port", "port", w->port, 65535);
    if (args_has(args, OPTION_SRC_PORT))
        number_member(w, "srcPort", "src-port", args_value(args, OPTION_SRC_PORT), 65535);
    simple_members(w, args);
    principal_member(w, args);
    pairs_member(w, args, OPTION_CLAIM, "claims");
    pairs_member(w, args, OPTION_DECISION, "decisions");
    http_member(w, args);
    if (args_has(args, OPTION_DNS)) {
        member(w, "dns");
        fputs("{\"query\":", w->out);
        json_string(w->out, args_value(args, OPTION_DNS));
        fputc('}', w->out);
    }
    if (args_has(args, OPTION_AUTHENTICATED)) {
        member(w, "authenticated");
        fputs(args_is(args, OPTION_AUTHENTICATED, "yes") ? "true" : "false", w->out);
    }
    if (args_has(args, OPTION_FRAGMENT)) {
        member(w, "fragment");
        fputs("true", w->out);
    }
    fputc('}', w->out);
}

char *question_json(const struct args *args)
{
    const char *from = args_value(args, OPTION_FROM), *to = args_value(args, OPTION_TO);
    char *json = NULL;
    size_t size = 0;
    if (!from || !to || !*from || !*to) {
        complain("eval needs --from and --to, or --requests, see netpol eval --help");
        return NULL;
    }
    char *from_copy = strdup(from), *to_copy = strdup(to);
    struct writer w = {.out = open_memstream(&json, &size), .port = args_value(args, OPTION_PORT)};
    if (w.out && from_copy && to_copy)
        write_question(&w, args, from_copy, to_copy);
    bool failed = !w.out || !from_copy || !to_copy || ferror(w.out);
    if (w.out && fclose(w.out) != 0)
        failed = true;
    free(from_copy);
    free(to_copy);
    if (failed)
        status_exit(NETPOL_ERR_MEMORY, "question");
    if (failed || w.refused) {
        free(json);
        return NULL;
    }
    return json;
}
