/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_IMAGE_PROBE_H
#define NP_TESTS_IMAGE_PROBE_H
/*
 * Everything that an image that was taken is used for: connections of all kinds are evaluated, what
 * the answers mean is read. Nothing may leave the image (a sanitizer watches), no answer may have a
 * value that does not exist.
 */
#include "image/identity.h"
#include "match/identity.h"
#include "match/match.h"

#include <netpol/netpol.h>

struct probe {
    struct np_image image;
    struct np_hot hot;
    struct np_derived derived;
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
        probe->wrong += parts[i]->flags & NP_PART_RESIDUAL ? 1 : 0;
        probe->wrong += parts[i]->rule && parts[i]->rule >= probe->image.header->n_rules;
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

/* A number is reserved, or one of the table. */
static inline void probe_identities(struct probe *probe, const struct netpol_tuple *tuple)
{
    for (int side = NETPOL_SIDE_NONE; side <= NETPOL_SIDE_INGRESS; side++) {
        uint32_t numbers[2];
        (void)np_match_identities(&probe->hot, &probe->table, tuple, side, &numbers[0],
                                  &numbers[1]);
        for (int i = 0; i < 2; i++) {
            bool known =
                numbers[i] < NETPOL_IDENTITY_FIRST || np_identity_index(&probe->image, numbers[i]) <
                                                          probe->image.count[NP_SECTION_IDENTITIES];
            probe->wrong += !known;
        }
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
        probe_identities(probe, &tuple);
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

static inline int probe_sink(void *user, const char *bytes, size_t size)
{
    *(size_t *)user += size;
    return bytes == NULL;
}

static inline void probe_view(const struct netpol_view *view, size_t *wrong)
{
    for (unsigned i = 0; i < 32; i++) {
        struct netpol_tuple tuple = {.family = i % 2 ? 6 : 4, .protocol = 6, .dst_port = 80};
        struct netpol_verdict verdict;
        probe_end(i / 2 % 4, tuple.family, tuple.src);
        probe_end(i / 8, tuple.family, tuple.dst);
        *wrong += netpol_eval(view, &tuple, &verdict) != NETPOL_OK;
        *wrong += verdict.action >= NETPOL_ACTION_COUNT;
    }
}

/* Endpoints that come and go on top of those of the image. */
static inline void probe_changes(struct netpol_matcher *matcher, size_t *wrong)
{
    static const char *const addresses[] = {"10.0.0.3", "fd00::1", "10.7.0.1"};
    static const struct netpol_label labels[] = {
        {"app", "web"}
    };
    struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                        .namespace_name = "prod",
                                        .name = "new",
                                        .labels = labels,
                                        .n_labels = 1,
                                        .addresses = addresses,
                                        .n_addresses = 3};
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    if (netpol_endpoints_create(matcher, &endpoints) != NETPOL_OK) {
        return;
    }
    if (netpol_view_create(matcher, endpoints, &view) == NETPOL_OK) {
        struct netpol_endpoint_entry entry = {
            .size = sizeof entry, .ref = 79, .kind = 1, .node = 1, .family = 4, .address = {10}};
        probe_view(view, wrong);
        *wrong += netpol_endpoints_put(endpoints, 77, &spec) < 0;
        (void)netpol_endpoints_set(endpoints, &entry);
        probe_view(view, wrong);
        (void)netpol_endpoints_remove(endpoints, 77);
        (void)netpol_endpoints_remove(endpoints, 78);
        probe_view(view, wrong);
        (void)netpol_view_find(view, "prod", "web");
        (void)netpol_endpoints_node(endpoints, "web");
    }
    netpol_view_destroy(view);
    netpol_endpoints_destroy(endpoints);
}

/* The same as a user would: as a matcher, and shown in a format (enum netpol_dump_format; beyond:
 * not at all, for it takes long). Returns how many answers were wrong. */
static inline size_t probe_public(struct netpol_ctx *ctx, const void *bytes, size_t size,
                                  unsigned format)
{
    struct netpol_matcher *matcher = NULL;
    size_t wrong = 0, shown = 0;
    if (netpol_matcher_open(ctx, bytes, size, NETPOL_IMAGE_IN_PLACE, NULL, &matcher) != NETPOL_OK) {
        return 0;
    }
    for (size_t i = 0; i < netpol_identity_count(matcher); i++) {
        struct netpol_identity identity;
        size_t at;
        wrong += netpol_identity_at(matcher, i, &identity) != NETPOL_OK ||
                 netpol_identity_find(matcher, identity.number, &at) != NETPOL_OK || at != i;
        for (size_t k = 0; k < identity.n_labels; k++) {
            const char *label = netpol_identity_label(matcher, i, k);
            shown += label ? strlen(label) : 0;
        }
    }
    struct netpol_rule_info info;
    uint64_t generation = netpol_matcher_generation(matcher);
    for (uint32_t rule = 0; rule < 5; rule++) {
        (void)netpol_rule_describe(matcher, rule, generation, &info);
    }
    (void)netpol_matcher_option(matcher, "profile");
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    wrong += netpol_matcher_stats(matcher, &stats) != NETPOL_OK;
    probe_changes(matcher, &wrong);
    if (format <= NETPOL_DUMP_JSON) {
        struct netpol_tuple tuple = {.family = 4, .protocol = 6, .dst_port = 80};
        probe_end(0, 4, tuple.src);
        probe_end(2, 4, tuple.dst);
        (void)netpol_matcher_dump(matcher, (int)format, &tuple, probe_sink, &shown);
    }
    netpol_matcher_unref(matcher);
    return wrong;
}

/* Opens and uses; false: refused. */
static inline bool probe_image(struct probe *probe, const void *bytes, size_t size)
{
    *probe = (struct probe){0};
    if (np_image_open(bytes, size, &probe->image, NULL) != NETPOL_OK) {
        return false;
    }
    np_hot_open(&probe->image, 1, &probe->derived, &probe->hot, &probe->table);
    for (unsigned i = 0; i < 16; i++) {
        probe_pair(probe, i / 4, i % 4, 4);
        probe_pair(probe, i / 4, i % 4, 6);
    }
    probe_cold(probe);
    return true;
}
#endif
