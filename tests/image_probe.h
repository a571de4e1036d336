/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_IMAGE_PROBE_H
#define NP_TESTS_IMAGE_PROBE_H
/*
 * Everything that an image that was taken is used for: connections of all kinds are evaluated, what
 * the answers mean is read. Nothing may leave the image (a sanitizer watches), no answer may have a
 * value that does not exist.
 */
#include "match/match.h"

#include <netpol/eval.h>

struct probe {
    struct np_image image;
    struct np_hot hot;
    struct np_table table;
    size_t wrong; /* answers with impossible values */
    size_t read;  /* bytes of text */
};

static inline void probe_ask(struct probe *probe, const struct netpol_tuple *tuple)
{
    struct netpol_verdict verdict;
    np_match_eval(&probe->hot, &probe->table, tuple, &verdict);
    const struct netpol_part *parts[] = {&verdict.egress, &verdict.ingress, &verdict.mesh};
    probe->wrong += verdict.action >= NETPOL_ACTION_COUNT;
    for (int i = 0; i < 3; i++) {
        probe->wrong += parts[i]->action >= NETPOL_ACTION_COUNT;
        probe->wrong += parts[i]->reason >= NETPOL_REASON_COUNT;
        bool tree = parts[i]->flags & NP_PART_RESIDUAL; /* a tree that led to a tree */
        probe->wrong += !tree && parts[i]->rule && parts[i]->rule >= probe->image.header->n_rules;
    }
}

/* The ends that images of tests have, some beside them, and their references. */
static inline void probe_end(unsigned which, uint8_t family, uint8_t bytes[16])
{
    static const uint8_t four[][4] = {
        {10,  0,   0,   1  },
        {10,  0,   0,   3  },
        {192, 0,   2,   7  },
        {255, 255, 255, 255}
    };
    static const uint8_t six[][16] = {
        {0xfd,        [15] = 1  },
        {0x20,        1,          0xd, 0xb8, [15] = 9},
        {[10] = 0xff,       0xff,         10, 0, 0, 1},
        {0xff, 2}
    };
    if (family == 4) {
        memcpy(bytes, four[which % 4], 4);
    } else {
        memcpy(bytes, six[which % 4], 16);
    }
}

static inline void probe_pair(struct probe *probe, unsigned src, unsigned dst, uint8_t family)
{
    static const uint8_t protocols[] = {6, 17, 1, 58, 132, 47};
    static const uint16_t ports[] = {0, 80, 443, 65535};
    static const uint16_t flags[] = {0,
                                     NETPOL_TUPLE_LATER_FRAGMENT,
                                     NETPOL_TUPLE_NO_PORTS,
                                     NETPOL_TUPLE_SRC_REF,
                                     NETPOL_TUPLE_DST_REF,
                                     NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS,
                                     NETPOL_TUPLE_DST_NO_ADDRESS};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct netpol_tuple tuple = {.family = family,
                                     .protocol = protocols[(src + i) % 6],
                                     .src_port = ports[(dst + i) % 4],
                                     .dst_port = ports[(src + dst) % 4],
                                     .icmp_type = (uint8_t)(3 + dst),
                                     .flags = flags[i],
                                     .src_ref = 77,
                                     .dst_ref = 77};
        probe_end(src, family, tuple.src);
        probe_end(dst, family, tuple.dst);
        probe_ask(probe, &tuple);
    }
}

static inline void probe_text(struct probe *probe, uint32_t offset)
{
    probe->read += strlen((const char *)probe->image.section[NP_SECTION_STRINGS] + offset);
}

static inline void probe_cold(struct probe *probe)
{
    const struct np_rule_record *rules = probe->image.section[NP_SECTION_RULES];
    const struct np_pair_record *options = probe->image.section[NP_SECTION_OPTIONS];
    const struct np_endpoint_record *records = probe->image.section[NP_SECTION_ENDPOINTS];
    for (uint32_t i = 0; i < probe->image.count[NP_SECTION_RULES]; i++) {
        probe_text(probe, rules[i].policy);
        probe_text(probe, rules[i].position);
    }
    for (uint32_t i = 0; i < probe->image.count[NP_SECTION_OPTIONS]; i++) {
        probe_text(probe, options[i].name);
        probe_text(probe, options[i].value);
    }
    for (uint32_t i = 0; i < probe->image.count[NP_SECTION_ENDPOINTS]; i++) {
        probe_text(probe, records[i].namespace_name);
        probe_text(probe, records[i].name);
    }
}

/* Opens and uses; false: refused. */
static inline bool probe_image(struct probe *probe, const void *bytes, size_t size)
{
    *probe = (struct probe){0};
    if (np_image_open(bytes, size, &probe->image, NULL) != NETPOL_OK) {
        return false;
    }
    np_hot_open(&probe->image, 1, &probe->hot, &probe->table);
    for (unsigned i = 0; i < 16; i++) {
        probe_pair(probe, i / 4, i % 4, 4);
        probe_pair(probe, i / 4, i % 4, 6);
    }
    probe_cold(probe);
    return true;
}
#endif
