/* SPDX-License-Identifier: Apache-2.0 */
/* The outline of an image: what it is, its sections, who is in which class, then the tables. */
#include "analyze/dump.h"
#include "image/layout.h"

static void write_bits(uint32_t value, const char *const *names, size_t count, const char *key,
                       struct np_outline *out)
{
    np_outline_list(out, key, true);
    for (size_t i = 0; i < count; i++) {
        if (value >> i & 1) {
            np_outline_text(out, NULL, names[i]);
        }
    }
    np_outline_close(out);
}

static void write_head(const struct np_dump *dump, struct np_outline *out)
{
    static const char *const flags[] = {
        "wide ports",        "variants",  "mesh",   "mapped addresses denied",
        "shared is unknown", "nodes",     "egress", "ingress",
        "relations",         "two worlds"};
    const struct np_image_header *header = dump->image->header;
    np_outline_map(out, "image", true);
    np_outline_number(out, "version", header->version);
    np_outline_number(out, "bytes", header->bytes);
    np_outline_number(out, "hot", header->hot_bytes);
    np_outline_textf(out, "checksum", "%016llx", (unsigned long long)header->checksum);
    write_bits(header->flags, flags, sizeof flags / sizeof *flags, "flags", out);
    np_outline_close(out);
    np_outline_map(out, "counts", true);
    np_outline_number(out, "signatures", header->n_signatures);
    np_outline_number(out, "subjects", header->n_near);
    np_outline_number(out, "classes", header->n_classes);
    np_outline_number(out, "port classes", header->n_port_classes);
    np_outline_number(out, "rules", header->n_rules);
    np_outline_number(out, "policies", header->n_policies);
    np_outline_close(out);
}

static void write_options(const struct np_dump *dump, struct np_outline *out)
{
    const struct np_pair_record *pairs = dump->image->section[NP_SECTION_OPTIONS];
    np_outline_map(out, "options", true);
    for (uint32_t i = 0; i < dump->image->count[NP_SECTION_OPTIONS]; i++) {
        np_outline_text(out, np_dump_string(dump, pairs[i].name),
                        np_dump_string(dump, pairs[i].value));
    }
    np_outline_close(out);
}

static void write_sections(const struct np_dump *dump, struct np_outline *out)
{
    const struct np_image_header *header = dump->image->header;
    np_outline_list(out, "sections", false);
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        np_outline_map(out, NULL, true);
        np_outline_text(out, "section", np_section_shapes[i].name);
        np_outline_text(out, "kept", np_section_shapes[i].cold ? "cold" : "hot");
        np_outline_number(out, "at", header->sections[i].offset);
        np_outline_number(out, "bytes", header->sections[i].bytes);
        np_outline_number(out, "elements", dump->image->count[i]);
        np_outline_close(out);
    }
    np_outline_close(out);
}

static void write_members(const struct np_dump *dump, uint32_t signature, struct np_outline *out)
{
    char name[256];
    np_outline_list(out, "members", true);
    if (signature < NP_SIG_FIRST) {
        static const char *const special[] = {"none", "an end of which nothing is known",
                                              "an end that no compile has seen"};
        np_outline_text(out, NULL, special[signature]);
    }
    for (uint32_t i = dump->first_member[signature]; i < dump->first_member[signature + 1]; i++) {
        np_dump_member_name(dump, &dump->members.items[i], name);
        np_outline_text(out, NULL, name);
    }
    np_outline_close(out);
}

static void write_signatures(const struct np_dump *dump, struct np_outline *out)
{
    static const char *const bits[] = {"node", "missing", "service", "no address",
                                       "IPv4", "IPv6",    "inside"};
    np_outline_list(out, "signatures", false);
    for (uint32_t s = 0; s < dump->n_signatures && out->status == NETPOL_OK; s++) {
        uint32_t entry = dump->hot->sig_class[s];
        np_outline_map(out, NULL, true);
        np_outline_number(out, "signature", s);
        np_outline_number(out, "class", entry & NP_SIG_CLASS_MASK);
        write_bits(entry >> 24, bits, sizeof bits / sizeof *bits, "bits", out);
        for (int side = 0; side < NP_SIDES; side++) {
            uint32_t near = s < dump->hot->n_near ? s : 0; /* the rest judge nothing */
            np_outline_number(out, np_dump_sides[side], dump->groups[side][near]);
        }
        write_members(dump, s, out);
        np_outline_close(out);
    }
    np_outline_close(out);
}

static void write_classes(const struct np_dump *dump, struct np_outline *out)
{
    np_outline_list(out, "classes", false);
    for (uint32_t c = 0; c < dump->image->header->n_classes && out->status == NETPOL_OK; c++) {
        np_outline_map(out, NULL, true);
        np_outline_number(out, "class", c);
        np_outline_list(out, "signatures", true);
        for (uint32_t s = 0; s < dump->n_signatures; s++) {
            if ((dump->hot->sig_class[s] & NP_SIG_CLASS_MASK) == c) {
                np_outline_number(out, NULL, s);
            }
        }
        np_outline_close(out);
        np_outline_close(out);
    }
    np_outline_close(out);
}

static uint64_t count_used(const void *slots, size_t element, size_t key, unsigned bits,
                           uint32_t probes)
{
    uint64_t used = 0;
    for (size_t i = 0; probes && i < (size_t)1 << bits; i++) {
        uint64_t word;
        memcpy(&word, (const char *)slots + i * element + key, sizeof word);
        used += word != 0;
    }
    return used;
}

static void write_occupancy(const struct np_dump *dump, struct np_outline *out)
{
    const struct np_table *t = dump->table;
    uint64_t comb = 0;
    for (uint32_t i = 0; i < dump->image->count[NP_SECTION_COMB]; i++) {
        comb += dump->hot->comb[i].base != 0;
    }
    const struct {
        const char *name;
        uint64_t used, all;
        uint32_t probes;
    } tables[] = {
        {"COMB",       comb, dump->image->count[NP_SECTION_COMB], 1},
        { "SLOTS4",
         count_used(t->slots4, sizeof *t->slots4, offsetof(struct np_slot4,    key), t->bits4,
         t->probes4),
         dump->image->count[NP_SECTION_SLOTS4], t->probes4},
        {          "SLOTS6",
         count_used(t->slots6, sizeof *t->slots6, offsetof(struct np_slot6,    key), t->bits6,
         t->probes6),
         dump->image->count[NP_SECTION_SLOTS6], t->probes6},
        {          "REFS",
         count_used(t->refs,   sizeof *t->refs,   offsetof(struct np_slot_ref, ref), t->bits_ref,
         t->probes_ref),
         dump->image->count[NP_SECTION_REFS], t->probes_ref},
    };
    np_outline_list(out, "occupancy", false);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        np_outline_map(out, NULL, true);
        np_outline_text(out, "table", tables[i].name);
        np_outline_number(out, "used", tables[i].used);
        np_outline_number(out, "of", tables[i].all);
        np_outline_number(out, "probes", tables[i].probes);
        np_outline_close(out);
    }
    np_outline_close(out);
}

static void write_identities(const struct np_dump *dump, struct np_outline *out)
{
    const struct np_image *image = dump->image;
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    const uint32_t *labels = image->section[NP_SECTION_IDENTITY_LABELS];
    if (image->count[NP_SECTION_IDENTITIES] == 0) {
        return; /* of another engine */
    }
    np_outline_list(out, "identities", false);
    for (uint32_t i = 0; i < image->count[NP_SECTION_IDENTITIES]; i++) {
        np_outline_map(out, NULL, true);
        np_outline_number(out, "identity", records[i].number);
        np_outline_text(out, "kind", netpol_identity_kind_text(records[i].kind));
        np_outline_list(out, "labels", true);
        for (uint32_t k = 0; k < records[i].n_labels; k++) {
            np_outline_text(out, NULL, np_dump_string(dump, labels[records[i].labels + k]));
        }
        np_outline_close(out);
        np_outline_close(out);
    }
    np_outline_close(out);
}

static int write_outline(const struct np_dump *dump, const struct netpol_matcher *matcher,
                         bool json, const struct netpol_tuple *tuple, netpol_sink_fn sink,
                         void *user)
{
    struct np_outline out;
    np_outline_begin(&out, dump->ctx, json, sink, user);
    if (json) {
        np_outline_number(&out, "version", 1);
    }
    if (tuple) {
        np_dump_trace(dump, tuple, &out);
    }
    write_head(dump, &out);
    write_options(dump, &out);
    write_sections(dump, &out);
    write_signatures(dump, &out);
    write_classes(dump, &out);
    np_dump_ports(dump, &out);
    np_dump_groups(dump, &out);
    write_occupancy(dump, &out);
    np_dump_cuts(dump, &out);
    np_dump_selectors(dump, matcher, &out);
    write_identities(dump, &out);
    return np_outline_finish(&out);
}

int np_dump_run(const struct netpol_matcher *matcher, int format, const struct netpol_tuple *tuple,
                netpol_sink_fn sink, void *user)
{
    struct np_dump dump;
    int status = np_dump_open(matcher, &dump);
    if (status == NETPOL_OK) {
        status = format == NETPOL_DUMP_DOT
                     ? np_dump_dot(&dump, tuple, sink, user)
                     : write_outline(&dump, matcher, format == NETPOL_DUMP_JSON, tuple, sink, user);
    }
    np_dump_free(&dump);
    return status;
}
