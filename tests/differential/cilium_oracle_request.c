/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say of requests: HTTP by the C library's regular expressions, names by hand. */
#include "differential/cilium_oracle.h"

#include <ctype.h>
#include <regex.h>
#include <strings.h>

/* ---- HTTP ---- */

/* The pools' patterns mean the same to POSIX and to RE2. */
static bool full_match(const char *pattern, const char *text)
{
    char anchored[64];
    regex_t regex;
    snprintf(anchored, sizeof anchored, "^(%s)$", pattern);
    if (regcomp(&regex, anchored, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "no pattern: %s\n", anchored);
        exit(2);
    }
    bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static const char *path_of(const struct cil *c, const char *path)
{
    static const char *const normal[][2] = {
        {"//a",     "/a"},
        {"/./a",    "/a"},
        {"/a/../b", "/b"}
    };
    for (unsigned i = 0; !c->options.raw_paths && i < 3; i++) {
        if (strcmp(path, normal[i][0]) == 0) {
            return normal[i][1];
        }
    }
    return path;
}

/* A header's values, joined by commas; NULL: it is not there. */
static const char *header_of(const struct cil_asked *asked, const char *name)
{
    static char joined[64];
    bool there = false;
    joined[0] = '\0';
    for (unsigned i = 0; i < asked->n_headers; i++) {
        if (strcasecmp(asked->headers[i].name.ptr, name) == 0) {
            strncat(joined, there ? "," : "", 2);
            strncat(joined, asked->headers[i].value.ptr, 16);
            there = true;
        }
    }
    return there ? joined : NULL;
}

/* "Name: value", "Name value" or "Name" alone. */
static bool header_matches(const char *wanted, const struct cil_asked *asked)
{
    char name[32];
    const char *space = strchr(wanted, ' ');
    snprintf(name, sizeof name, "%.*s", (int)strcspn(wanted, ": "), wanted);
    const char *value = header_of(asked, name);
    return value && (!space || strcmp(value, space + 1) == 0);
}

/* With a mismatch action the rule goes on. */
static bool header_match_holds(uint8_t which, const struct cil_asked *asked)
{
    const struct cil_header_match *m = &cil_header_matches[which];
    if (which == 0 || m->mismatch) {
        return true;
    }
    const char *value = header_of(asked, m->name);
    return value && (!m->value || strcmp(value, m->value) == 0);
}

static bool http_matches(const struct cil *c, const struct cil_http *h,
                         const struct cil_asked *asked)
{
    return (!h->method || full_match(h->method, asked->method)) &&
           (!h->path || full_match(h->path, path_of(c, asked->path))) &&
           (!h->host || full_match(h->host, asked->authority)) &&
           (!h->header || header_matches(h->header, asked)) && header_match_holds(h->match, asked);
}

/* ---- names ---- */

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static size_t stars(const char *pattern)
{
    return strspn(pattern, "*");
}

/* deep: two stars and more are one whole label or more. Both without case and final dot. */
static bool labels_match(const char *pattern, const char *text, bool deep)
{
    size_t run = stars(pattern);
    if (*pattern == '\0') {
        return *text == '\0';
    }
    if (run == 0) {
        return *pattern == *text && labels_match(pattern + 1, text + 1, deep);
    }
    bool across = deep && run >= 2;
    for (size_t n = 0;; n++) {
        bool whole = n > 0 && text[n - 1] != '.' && (text[n] == '.' || text[n] == '\0');
        if ((!across || whole) && labels_match(pattern + run, text + n, deep)) {
            return true;
        }
        if (text[n] == '\0' || !(is_name_byte(text[n]) || (across && text[n] == '.'))) {
            return false;
        }
    }
}

static void plain_name(char out[64], const char *text, size_t length)
{
    length -= length > 0 && text[length - 1] == '.';
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)tolower((unsigned char)text[i]);
    }
    out[length] = '\0';
}

bool cil_name_matches(const char *wanted, bool pattern, struct netpol_string name)
{
    char want[64], have[64], rest[64];
    plain_name(want, wanted, strlen(wanted));
    plain_name(have, name.ptr, name.len);
    size_t run = stars(want);
    if (!pattern) {
        return strcmp(want, have) == 0;
    }
    if (want[run] == '\0') {
        return true;
    }
    if (run < 2 || want[run] != '.') {
        return labels_match(want, have, false);
    }
    snprintf(rest, sizeof rest, "%s", want + run + 1); /* "**." in front: a label or more */
    for (const char *dot = strchr(have, '.'); dot; dot = strchr(dot + 1, '.')) {
        if (labels_match(rest, dot + 1, false)) {
            return true;
        }
    }
    return false;
}

/* ---- Kafka ---- */

static const struct cil_kafka_kind *kind_of(const char *text)
{
    for (unsigned i = 0; i < CIL_KAFKA_KINDS; i++) {
        const struct cil_kafka_kind *kind = &cil_kafka_kinds[i];
        if (strcasecmp(kind->name, text) == 0 ||
            (isdigit((unsigned char)*text) && atoi(text) == kind->number)) {
            return kind;
        }
    }
    fprintf(stderr, "no kind of Kafka's requests: %s\n", text);
    exit(2);
}

static bool kafka_matches(const struct cil_kafka *k, const struct cil_asked *asked,
                          const struct netpol_string *topic)
{
    const struct cil_kafka_kind *kind = kind_of(asked->api_key);
    if (k->role && !(strcasecmp(k->role, "produce") == 0 ? kind->produce : kind->consume)) {
        return false;
    }
    if (k->topic && kind->topics && !(topic && strcmp(k->topic, topic->ptr) == 0)) {
        return false;
    }
    return (!k->key || kind_of(k->key) == kind) &&
           (!k->version || atoi(k->version) == asked->api_version) &&
           (!k->client || (asked->client && strcmp(k->client, asked->client) == 0));
}

/* ---- readers ---- */

enum cil_reader cil_reader_of(const struct cil_ports *p)
{
    static const uint8_t readers[] = {[CIL_HTTP] = CIL_BY_HTTP,
                                      [CIL_DNS] = CIL_BY_DNS,
                                      [CIL_KAFKA] = CIL_BY_KAFKA,
                                      [CIL_PARSER] = CIL_BY_OTHER};
    if (!p) {
        return CIL_BY_NOBODY;
    }
    if (p->listener) {
        return CIL_BY_LISTENER;
    }
    bool tls = p->n_names || p->terminating || p->originating;
    return p->l7 ? readers[p->l7] : tls ? CIL_BY_TLS : CIL_BY_NOBODY;
}

cil_truth cil_readable(const struct cil_asked *asked, enum cil_reader reader, cil_truth opened)
{
    static const uint8_t kinds[] = {[CIL_BY_HTTP] = CIL_HTTP_REQUEST,
                                    [CIL_BY_KAFKA] = CIL_KAFKA_REQUEST,
                                    [CIL_BY_DNS] = CIL_DNS_REQUEST};
    if (!asked->asked || reader == CIL_BY_LISTENER) {
        return CIL_MAYBE | CIL_OF_REQUEST;
    }
    if (asked->kind == CIL_OPAQUE) {
        return CIL_NO;
    }
    if (reader == CIL_BY_TLS) {
        return asked->sni_presence == NETPOL_PRESENT ? CIL_YES : CIL_MAYBE | CIL_OF_REQUEST;
    }
    if (asked->kind == CIL_TLS) {
        return opened == CIL_YES ? CIL_MAYBE | CIL_OF_REQUEST : opened;
    }
    if (asked->kind == CIL_NO_REQUEST || reader == CIL_BY_OTHER) {
        return CIL_MAYBE | CIL_OF_REQUEST;
    }
    return asked->kind == kinds[reader] ? CIL_YES : CIL_NO;
}

/* ---- all of them ---- */

/* Asks nothing, so whatever is sent may be it. */
static bool is_open(const struct cil_ports *p, unsigned i)
{
    const struct cil_http *h = &p->http[i];
    const struct cil_kafka *k = &p->kafka[i];
    bool header = h->header || (h->match && !cil_header_matches[h->match].mismatch);
    return p->l7 == CIL_HTTP    ? !h->method && !h->path && !h->host && !header
           : p->l7 == CIL_KAFKA ? !k->role && !k->key && !k->version && !k->client && !k->topic
                                : false;
}

cil_truth cil_request_matches(const struct cil *c, const struct cil_ports *p,
                              const struct cil_asked *asked, const struct netpol_string *topic,
                              cil_truth opened)
{
    enum cil_reader reader = cil_reader_of(p);
    if (!p || p->listener || p->l7 == CIL_L7_NONE || p->l7 == CIL_PARSER) {
        return CIL_YES;
    }
    for (unsigned i = 0; i < p->n_l7; i++) {
        if (is_open(p, i)) {
            return CIL_YES;
        }
    }
    cil_truth readable = cil_readable(asked, reader, opened);
    for (unsigned i = 0; readable == CIL_YES && i < p->n_l7; i++) {
        struct netpol_string query = {asked->query, asked->query ? strlen(asked->query) : 0};
        bool matches = p->l7 == CIL_HTTP    ? http_matches(c, &p->http[i], asked)
                       : p->l7 == CIL_KAFKA ? kafka_matches(&p->kafka[i], asked, topic)
                                            : cil_name_matches(p->dns[i], p->dns_pattern[i], query);
        if (matches) {
            return CIL_YES;
        }
    }
    return readable == CIL_YES ? CIL_NO : readable;
}

cil_truth cil_server_name_matches(const struct cil_ports *p, const struct cil_asked *asked)
{
    char have[64], want[64];
    if (!p || p->n_names == 0) {
        return CIL_YES;
    }
    if (!asked->asked || asked->sni_presence == NETPOL_NOT_ASKED) {
        return CIL_MAYBE | CIL_OF_REQUEST;
    }
    if (asked->sni_presence == NETPOL_ABSENT || asked->sni[strlen(asked->sni) - 1] == '.') {
        return CIL_NO;
    }
    plain_name(have, asked->sni, strlen(asked->sni));
    for (unsigned i = 0; i < p->n_names; i++) {
        plain_name(want, p->names[i], strlen(p->names[i]));
        if (strcmp(want, "*") == 0 || labels_match(want, have, true)) {
            return CIL_YES;
        }
    }
    return CIL_NO;
}
