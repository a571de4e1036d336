/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, JSON strings, diagnostics: the small things that every subcommand writes with. */
#include "tool.h"
#include <stdarg.h>
#include <string.h>

void complain(const char *format, ...)
{
    va_list list;
    fputs("netpol: ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

int status_exit(int status, const char *what)
{
    if (status >= 0)
        return EXIT_FINE;
    complain("%s: %s", what, netpol_status_text(status));
    return status == NETPOL_ERR_INPUT || status == NETPOL_ERR_LIMIT ? EXIT_INVALID : EXIT_TROUBLE;
}

enum { WORD_MAX = 40 };

/* Edits (insert, delete, replace) that turn a into b. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t len_a = strlen(a), len_b = strlen(b);
    if (len_a > WORD_MAX || len_b > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= len_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= len_a; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            size_t replaced = corner + (a[i - 1] != b[j - 1]);
            size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            corner = row[j];
            row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
        }
    }
    return row[len_b];
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t least = strlen(word) < 4 ? 2 : 3; /* further away is a guess, not a suggestion */
    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(word, candidates[i]);
        if (edits < least) {
            least = edits;
            best = candidates[i];
        }
    }
    return best;
}

bool one_of(const char *word, const char *values)
{
    size_t len = strlen(word);
    for (const char *at = values;; at++) {
        const char *end = strchr(at, '|');
        size_t size = end ? (size_t)(end - at) : strlen(at);
        if (size == len && memcmp(at, word, len) == 0)
            return true;
        if (!end)
            return false;
        at = end;
    }
}

void json_slice(FILE *out, const char *text, size_t len)
{
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; len > 0; at++, len--) {
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", out);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(out, "\\u%04x", *at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

void json_string(FILE *out, const char *text)
{
    json_slice(out, text, strlen(text));
}

int file_sink(void *user, const char *bytes, size_t size)
{
    FILE *out = user;
    return fwrite(bytes, 1, size, out) != size;
}

const char *severity_text(int severity)
{
    static const char *const texts[NETPOL_SEVERITY_COUNT] = {
        [NETPOL_INFO] = "info", [NETPOL_WARNING] = "warning", [NETPOL_ERROR] = "error"};
    return severity >= 0 && severity < NETPOL_SEVERITY_COUNT ? texts[severity] : "?";
}

void diags_print(struct netpol_diags *diags, int least, FILE *out, bool color)
{
    uint64_t seen = 0, shown = 0;
    for (size_t i = 0; i < netpol_diags_count(diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(diags, i);
        if (diag->severity < least)
            continue;
        netpol_diag_format(diag, color ? NETPOL_DIAG_COLOR : NETPOL_DIAG_TEXT, file_sink, out);
        shown++;
    }
    for (int severity = least; severity < NETPOL_SEVERITY_COUNT; severity++)
        seen += netpol_diags_seen(diags, severity);
    if (seen > shown)
        fprintf(out, "... and %llu more\n", (unsigned long long)(seen - shown));
    netpol_diags_clear(diags);
}

/* Messages of ICMP: "8" is a type with any code, "3/4" one code of it. */
static void print_messages(FILE *out, const struct netpol_span *span)
{
    unsigned first = span->first >> 8, last = span->last >> 8;
    if ((span->first & 255) == 0 && (span->last & 255) == 255)
        fprintf(out, first == last ? "%u" : "%u-%u", first, last);
    else if (span->first == span->last)
        fprintf(out, "%u/%u", first, span->first & 255u);
    else
        fprintf(out, "%u/%u-%u/%u", first, span->first & 255u, last, span->last & 255u);
}

void span_print(FILE *out, const struct netpol_span *span)
{
    bool messages = span->protocol == 1 || span->protocol == 58;
    if (span->first <= (messages ? 0 : 1) && span->last == 65535)
        fputs("all", out);
    else if (messages)
        print_messages(out, span);
    else if (span->first == span->last)
        fprintf(out, "%u", span->first);
    else
        fprintf(out, "%u-%u", span->first, span->last);
}

const char *protocol_text(uint8_t protocol, char room[8])
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {
        {1,   "ICMP"  },
        {6,   "TCP"   },
        {17,  "UDP"   },
        {58,  "ICMPv6"},
        {132, "SCTP"  }
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == protocol)
            return names[i].name;
    }
    snprintf(room, 8, "%u", protocol);
    return room;
}
