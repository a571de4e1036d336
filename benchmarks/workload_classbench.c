/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClassBench's formats, as its generators write them. A filter a line:
 *
 *     @198.51.100.0/24  203.0.113.7/32  0 : 65535  80 : 80  0x06/0xFF  0x0000/0x0000
 *
 * source, destination, source ports, destination ports, protocol/mask; what follows is not read. A
 * header a line: source, destination, source port, destination port, protocol as numbers; the index
 * of the matching filter, which may follow, is not read. Every filter allows or refuses by turns,
 * so that a wrong verdict is not hidden; the id of filter i is i + 1.
 */
#include "workload_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024 };

/* false: not a filter. */
static bool read_filter(const char *line, size_t index, struct bench_rule *rule)
{
    unsigned s[5], d[5], ports[4], protocol, mask;
    int n = sscanf(line, "@%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x", &s[0], &s[1],
                   &s[2], &s[3], &s[4], &d[0], &d[1], &d[2], &d[3], &d[4], &ports[0], &ports[1],
                   &ports[2], &ports[3], &protocol, &mask);
    bool fits =
        n == 16 && s[4] <= 32 && d[4] <= 32 && protocol <= 255 && (mask == 0 || mask == 0xff);
    for (int i = 0; fits && i < 4; i++) {
        fits = s[i] <= 255 && d[i] <= 255 && ports[i] <= 65535;
    }
    if (!fits || ports[0] > ports[1] || ports[2] > ports[3]) {
        return false;
    }
    uint32_t src = s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3];
    uint32_t dst = d[0] << 24 | d[1] << 16 | d[2] << 8 | d[3];
    *rule = (struct bench_rule){
        .src = src & bench_mask(s[4]),
        .dst = dst & bench_mask(d[4]),
        .src_length = (uint8_t)s[4],
        .dst_length = (uint8_t)d[4],
        .src_first = (uint16_t)ports[0],
        .src_last = (uint16_t)ports[1],
        .dst_first = (uint16_t)ports[2],
        .dst_last = (uint16_t)ports[3],
        .protocol = (uint8_t)(mask ? protocol : 0),
        .any_protocol = mask == 0,
        .answer = bench_answer((uint32_t)index + 1, index % 2 == 0),
    };
    return true;
}

static bool read_header(const char *line, struct bench_key *key)
{
    uint32_t src, dst, src_port, dst_port, protocol;
    if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &src, &dst,
               &src_port, &dst_port, &protocol) != 5 ||
        src_port > 65535 || dst_port > 65535 || protocol > 255) {
        return false;
    }
    *key = (struct bench_key){src, dst, (uint16_t)src_port, (uint16_t)dst_port, (uint8_t)protocol};
    return true;
}

static bool add_header(struct bench_workload *w, size_t *capacity, const struct bench_key *key)
{
    if (w->n_trace == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 1 << 16;
        struct bench_key *trace = realloc(w->trace, more * sizeof *trace);
        if (!trace) {
            return false;
        }
        w->trace = trace;
        *capacity = more;
    }
    w->trace[w->n_trace++] = *key;
    return true;
}

/* Line by line; empty ones are passed over. */
static bool read_lines(const char *path, bool filters, struct bench_workload *out, char why[200])
{
    char line[LINE];
    size_t number = 0, capacity = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        snprintf(why, 200, "%.150s cannot be opened", path);
        return false;
    }
    bool ok = true;
    while (ok && fgets(line, sizeof line, file)) {
        struct bench_rule rule;
        struct bench_key key;
        number++;
        if (line[strspn(line, " \t\r\n")] == 0) {
            continue;
        }
        ok = filters ? read_filter(line, out->rules[NP_INGRESS].count, &rule)
                     : read_header(line, &key);
        if (!ok) {
            snprintf(why, 200, "%.150s:%zu: not a %s of ClassBench", path, number,
                     filters ? "filter" : "header");
        } else {
            ok = filters ? bench_rules_add(&out->rules[NP_INGRESS], &rule)
                         : add_header(out, &capacity, &key);
        }
    }
    fclose(file);
    return ok;
}

/* Short traces again and again: a run takes its time over at least so many headers. */
static bool repeat(struct bench_workload *w)
{
    enum { LEAST = 400000 };
    size_t n = w->n_trace;
    struct bench_key *trace = n < LEAST ? realloc(w->trace, LEAST * sizeof *trace) : w->trace;
    if (!trace) {
        return false;
    }
    w->trace = trace;
    for (; w->n_trace < LEAST; w->n_trace++) {
        trace[w->n_trace] = trace[w->n_trace - n];
    }
    return true;
}

bool bench_workload_read(const char *rules, const char *trace, struct bench_workload *out,
                         char why[200])
{
    *out = (struct bench_workload){.name = "file", .model = bench_list_model};
    snprintf(why, 200, "no memory");
    bool ok = read_lines(rules, true, out, why) && read_lines(trace, false, out, why);
    out->nominal = out->rules[NP_INGRESS].count;
    if (ok && (out->nominal == 0 || out->n_trace == 0)) {
        snprintf(why, 200, "no filters, or no headers");
        ok = false;
    }
    ok = ok && repeat(out);
    if (!ok) {
        bench_workload_free(out);
    }
    return ok;
}
