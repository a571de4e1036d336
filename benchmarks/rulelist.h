/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_RULELIST_H
#define NETPOL_BENCHMARKS_RULELIST_H
/*
 * Lists of 5-tuple rules as routers, firewalls and Linux chains hold them, and packets to ask them.
 *
 * Lists are made up after published statistics of real ones (how long prefixes are, which kinds of
 * port ranges go together, which protocols occur, how prefixes nest and repeat), or read from files
 * in the ClassBench formats. The same shape, count and seed give the same list on every machine.
 * The first rule that holds a packet decides. IPv4 only, as in the published lists.
 */
#include "image/cut.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct bench_rule {
    uint32_t src, dst; /* first address, host order */
    uint8_t src_length, dst_length;
    uint16_t src_first, src_last, dst_first, dst_last; /* ports, bounds included */
    uint8_t protocol, any_protocol;
    uint8_t allow;
    uint32_t id; /* place in the list, from 0 */
};
struct bench_packet {
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint8_t protocol;
};
struct bench_rules {
    struct bench_rule *items;
    size_t count, capacity;
};
struct bench_packets {
    struct bench_packet *items;
    size_t count, capacity;
};
#define BENCH_NO_RULE UINT32_MAX
enum { BENCH_ERROR = 256 };

/* The shapes: "acl" (router), "fw" (firewall), "ipc" (Linux chain); NULL ends the list. */
extern const char *const bench_rule_shapes[];
/* Exactly count rules, none twice. False: no such shape, or no memory. */
bool bench_rules_make(const char *shape, size_t count, uint64_t seed, struct bench_rules *rules);
/* Nine of ten from inside a random rule's box (not always the first that holds), one anywhere. */
bool bench_packets_make(const struct bench_rules *rules, size_t count, uint64_t seed,
                        struct bench_packets *packets);
void bench_rules_free(struct bench_rules *rules);
void bench_packets_free(struct bench_packets *packets);

bool bench_rule_holds(const struct bench_rule *rule, const struct bench_packet *packet);
/* The oracle: id of the first rule that holds, by linear scan; else BENCH_NO_RULE. */
uint32_t bench_rules_first(const struct bench_rules *rules, const struct bench_packet *packet);
/* As the library asks: a box with value id, and a key. */
struct np_box bench_rule_box(const struct bench_rule *rule);
struct np_cut_key bench_packet_key(const struct bench_packet *packet);

/*
 * ClassBench files. A filter is a line
 *     @1.2.3.0/24<TAB>0.0.0.0/0<TAB>0 : 65535<TAB>80 : 80<TAB>0x06/0xFF[<TAB>flags/mask]
 * (flags are not looked at; the format has no action: every third rule denies, the others allow). A
 * header of a trace is a line of numbers: source, destination, source port, destination port,
 * protocol, then up to two that are not looked at. Empty lines are skipped. False: error says which
 * line of `name` is wrong and why; nothing is kept.
 */
bool bench_rules_read(FILE *in, const char *name, struct bench_rules *rules,
                      char error[BENCH_ERROR]);
bool bench_packets_read(FILE *in, const char *name, struct bench_packets *packets,
                        char error[BENCH_ERROR]);
/* False: writing failed. Actions are not written; see above. */
bool bench_rules_write(FILE *out, const struct bench_rules *rules);
bool bench_packets_write(FILE *out, const struct bench_packets *packets);

/* Room for one more at the end, zeroed; NULL: no memory. */
struct bench_rule *bench_rules_push(struct bench_rules *rules);
struct bench_packet *bench_packets_push(struct bench_packets *packets);
#endif
