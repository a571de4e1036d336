/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClassBench filter and trace formats. One scanner: a line, a place in it, and the first thing
 * that was wrong; every step after that does nothing, so the readers need no checks in between.
 */
#include "rulelist.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct bench_rule *bench_rules_push(struct bench_rules *rules)
{
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity ? rules->capacity * 2 : 1024;
        struct bench_rule *items = realloc(rules->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        rules->items = items;
        rules->capacity = capacity;
    }
    return memset(&rules->items[rules->count++], 0, sizeof *rules->items);
}

struct bench_packet *bench_packets_push(struct bench_packets *packets)
{
    if (packets->count == packets->capacity) {
        size_t capacity = packets->capacity ? packets->capacity * 2 : 1024;
        struct bench_packet *items = realloc(packets->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        packets->items = items;
        packets->capacity = capacity;
    }
    return memset(&packets->items[packets->count++], 0, sizeof *packets->items);
}

void bench_rules_free(struct bench_rules *rules)
{
    free(rules->items);
    *rules = (struct bench_rules){0};
}

void bench_packets_free(struct bench_packets *packets)
{
    free(packets->items);
    *packets = (struct bench_packets){0};
}

/* ---- the scanner ---- */
struct scan {
    const char *name;
    unsigned long line;
    const char *at;
    char *error;
    bool failed;
};

static void fail(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct scan *scan, const char *format, ...)
{
    va_list args;
    int n;
    if (scan->failed)
        return;
    scan->failed = true;
    n = snprintf(scan->error, BENCH_ERROR, "%s:%lu: ", scan->name, scan->line);
    if (n < 0 || n >= BENCH_ERROR)
        return;
    va_start(args, format);
    vsnprintf(scan->error + n, (size_t)(BENCH_ERROR - n), format, args);
    va_end(args);
}

static void skip_blanks(struct scan *scan)
{
    while (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n')
        scan->at++;
}

static bool at_end(struct scan *scan)
{
    skip_blanks(scan);
    return *scan->at == '\0';
}

static void expect(struct scan *scan, char c, const char *where)
{
    if (*scan->at == c)
        scan->at++;
    else if (*scan->at == '\0')
        fail(scan, "%s: '%c' expected before the end of the line", where, c);
    else
        fail(scan, "%s: '%c' expected, not '%c'", where, c, *scan->at);
}

/* Digits of the base without sign or prefix. */
static uint32_t number(struct scan *scan, unsigned base, uint32_t most, const char *what)
{
    uint64_t n = 0;
    unsigned digits = 0;
    for (;; scan->at++, digits++) {
        char c = *scan->at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 99;
        if (digit >= base)
            break;
        n = n * base + digit;
        if (n > most) {
            fail(scan, "%s: larger than %" PRIu32, what, most);
            return 0;
        }
    }
    if (digits == 0)
        fail(scan, "%s: a number expected", what);
    return (uint32_t)n;
}

static uint32_t hex_byte(struct scan *scan, const char *what)
{
    expect(scan, '0', what);
    if (*scan->at == 'x' || *scan->at == 'X')
        scan->at++;
    else
        fail(scan, "%s: 0x expected", what);
    return number(scan, 16, 255, what);
}

static void prefix(struct scan *scan, const char *what, uint32_t *address, uint8_t *length)
{
    uint32_t bytes = 0;
    for (int i = 0; i < 4; i++) {
        if (i)
            expect(scan, '.', what);
        bytes = bytes << 8 | number(scan, 10, 255, what);
    }
    expect(scan, '/', what);
    *length = (uint8_t)number(scan, 10, 32, what);
    *address = *length ? bytes & UINT32_MAX << (32 - *length) : 0;
}

static void range(struct scan *scan, const char *what, uint16_t *first, uint16_t *last)
{
    *first = (uint16_t)number(scan, 10, UINT16_MAX, what);
    skip_blanks(scan);
    expect(scan, ':', what);
    skip_blanks(scan);
    *last = (uint16_t)number(scan, 10, UINT16_MAX, what);
    if (*first > *last)
        fail(scan, "%s: %u is above %u", what, (unsigned)*first, (unsigned)*last);
}

static void protocol(struct scan *scan, struct bench_rule *rule)
{
    uint32_t value = hex_byte(scan, "protocol"), mask;
    expect(scan, '/', "protocol");
    mask = hex_byte(scan, "protocol mask");
    if (mask != 0 && mask != 255)
        fail(scan, "protocol mask: 0x00 or 0xFF expected");
    rule->any_protocol = mask == 0;
    rule->protocol = mask ? (uint8_t)value : 0;
}

static void rule_line(struct scan *scan, struct bench_rule *rule)
{
    expect(scan, '@', "filter");
    prefix(scan, "source", &rule->src, &rule->src_length);
    skip_blanks(scan);
    prefix(scan, "destination", &rule->dst, &rule->dst_length);
    skip_blanks(scan);
    range(scan, "source port", &rule->src_first, &rule->src_last);
    skip_blanks(scan);
    range(scan, "destination port", &rule->dst_first, &rule->dst_last);
    skip_blanks(scan);
    protocol(scan, rule);
    if (*scan->at && !strchr(" \t\r\n", *scan->at))
        fail(scan, "protocol mask: a blank or the end of the line expected");
}

static void packet_line(struct scan *scan, struct bench_packet *packet)
{
    static const struct {
        const char *name;
        uint32_t most;
    } columns[] = {
        {"source",           UINT32_MAX},
        {"destination",      UINT32_MAX},
        {"source port",      UINT16_MAX},
        {"destination port", UINT16_MAX},
        {"protocol",         UINT8_MAX },
        {"sixth number",     UINT32_MAX},
        {"seventh number",   UINT32_MAX}
    };
    uint32_t values[7] = {0};
    for (size_t i = 0; i < 7 && !scan->failed; i++) {
        skip_blanks(scan);
        if (i >= 5 && at_end(scan))
            break;
        values[i] = number(scan, 10, columns[i].most, columns[i].name);
        if (*scan->at && !strchr(" \t\r\n", *scan->at))
            fail(scan, "%s: '%c' is no digit", columns[i].name, *scan->at);
    }
    if (!at_end(scan))
        fail(scan, "more than seven numbers");
    *packet = (struct bench_packet){values[0], values[1], (uint16_t)values[2], (uint16_t)values[3],
                                    (uint8_t)values[4]};
}

/* Calls `line` for every line that is not blank. */
static bool each_line(FILE *in, struct scan *scan, bool (*line)(struct scan *, void *), void *user)
{
    char text[512];
    scan->error[0] = '\0';
    while (!scan->failed && fgets(text, sizeof text, in)) {
        scan->line++;
        scan->at = text;
        if (!strchr(text, '\n') && strlen(text) == sizeof text - 1)
            fail(scan, "longer than %zu bytes", sizeof text - 2);
        else if (!at_end(scan) && !line(scan, user))
            fail(scan, "no memory");
    }
    if (ferror(in))
        fail(scan, "cannot be read");
    return !scan->failed;
}

static bool add_rule(struct scan *scan, void *user)
{
    struct bench_rules *rules = user;
    struct bench_rule *rule = bench_rules_push(rules);
    if (!rule)
        return false;
    rule->id = (uint32_t)(rules->count - 1);
    rule->allow = rule->id % 3 != 2;
    rule_line(scan, rule);
    return true;
}

static bool add_packet(struct scan *scan, void *user)
{
    struct bench_packet *packet = bench_packets_push(user);
    if (!packet)
        return false;
    packet_line(scan, packet);
    return true;
}

bool bench_rules_read(FILE *in, const char *name, struct bench_rules *rules,
                      char error[BENCH_ERROR])
{
    struct scan scan = {.name = name, .error = error};
    *rules = (struct bench_rules){0};
    if (each_line(in, &scan, add_rule, rules))
        return true;
    bench_rules_free(rules);
    return false;
}

bool bench_packets_read(FILE *in, const char *name, struct bench_packets *packets,
                        char error[BENCH_ERROR])
{
    struct scan scan = {.name = name, .error = error};
    *packets = (struct bench_packets){0};
    if (each_line(in, &scan, add_packet, packets))
        return true;
    bench_packets_free(packets);
    return false;
}

static void write_prefix(FILE *out, uint32_t address, unsigned length)
{
    fprintf(out, "%u.%u.%u.%u/%u\t", address >> 24, address >> 16 & 255, address >> 8 & 255,
            address & 255, length);
}

bool bench_rules_write(FILE *out, const struct bench_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct bench_rule *rule = &rules->items[i];
        fputc('@', out);
        write_prefix(out, rule->src, rule->src_length);
        write_prefix(out, rule->dst, rule->dst_length);
        fprintf(out, "%u : %u\t%u : %u\t0x%02X/0x%02X\n", (unsigned)rule->src_first,
                (unsigned)rule->src_last, (unsigned)rule->dst_first, (unsigned)rule->dst_last,
                (unsigned)rule->protocol, rule->any_protocol ? 0u : 255u);
    }
    return fflush(out) == 0 && !ferror(out);
}

bool bench_packets_write(FILE *out, const struct bench_packets *packets)
{
    for (size_t i = 0; i < packets->count; i++) {
        const struct bench_packet *p = &packets->items[i];
        fprintf(out, "%" PRIu32 "\t%" PRIu32 "\t%u\t%u\t%u\n", p->src, p->dst,
                (unsigned)p->src_port, (unsigned)p->dst_port, (unsigned)p->protocol);
    }
    return fflush(out) == 0 && !ferror(out);
}
