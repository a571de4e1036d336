/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as sections of an image. */
#include "compile/internal.h"
#include "dialect/cilium/identity.h"
#include "image/identity.h"

#include <stdlib.h>

struct emitting {
    struct np_emit *emit;
    np_identity_text_fn text;
    void *user;
    struct np_identity_record *records;
    uint32_t *labels;
    struct np_identity_prefix *prefixes;
    uint32_t n_records, n_labels, n_prefixes;
};

/* ---- labels ---- */

static uint32_t count_texts(struct np_slice labels)
{
    uint32_t count = 0;
    for (size_t i = 0; i < labels.len; i++) {
        count += labels.ptr[i] == '\0';
    }
    return count;
}

static void add(struct emitting *e, struct np_identity_record record, struct np_slice labels)
{
    record.labels = e->n_labels;
    for (size_t at = 0; at < labels.len;) {
        struct np_slice text = np_slice_of(labels.ptr + at);
        e->labels[e->n_labels++] = e->text(e->user, text);
        at += text.len + 1;
    }
    record.n_labels = e->n_labels - record.labels;
    e->records[e->n_records++] = record;
}

/* ---- by number ---- */

static int by_number(const void *a, const void *b)
{
    const struct np_identity *x = *(const struct np_identity *const *)a,
                             *y = *(const struct np_identity *const *)b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool add_list(struct emitting *e, const struct np_identity_list *list, uint8_t kind)
{
    const struct np_identity **order = np_emit_alloc(e->emit, list->count, sizeof *order);
    for (uint32_t i = 0; order && i < list->count; i++) {
        order[i] = &list->items[i];
    }
    if (order && list->count > 1) {
        qsort(order, list->count, sizeof *order, by_number);
    }
    for (uint32_t i = 0; order && i < list->count; i++) {
        struct np_identity_record record = {.number = order[i]->number, .kind = kind};
        if (kind == NETPOL_IDENTITY_PREFIX) {
            record.family = order[i]->prefix.address.family;
            record.length = order[i]->prefix.length;
            memcpy(record.address, order[i]->prefix.address.bytes, sizeof record.address);
        }
        if (record.number) {
            add(e, record, order[i]->labels);
        }
    }
    return order != NULL;
}

/* Label sets and reserved numbers, which come first, as they were. */
static void add_before(struct emitting *e, const struct np_image *before)
{
    const struct np_identity_record *records = before->section[NP_SECTION_IDENTITIES];
    const uint32_t *labels = before->section[NP_SECTION_IDENTITY_LABELS];
    while (e->n_records < before->count[NP_SECTION_IDENTITIES] &&
           records[e->n_records].kind != NETPOL_IDENTITY_PREFIX) {
        e->n_labels += records[e->n_records].n_labels;
        e->n_records++;
    }
    if (e->n_records) {
        memcpy(e->records, records, e->n_records * sizeof *records);
    }
    if (e->n_labels) {
        memcpy(e->labels, labels, e->n_labels * sizeof *labels);
    }
}

/* ---- prefixes ---- */

static int by_prefix(const void *a, const void *b)
{
    const struct np_identity_record *x = *(const struct np_identity_record *const *)a,
                                    *y = *(const struct np_identity_record *const *)b;
    return np_identity_order(x, y);
}

static bool add_prefixes(struct emitting *e)
{
    const struct np_identity_record **order = np_emit_alloc(e->emit, e->n_records, sizeof *order);
    e->prefixes = np_emit_alloc(e->emit, e->n_records, sizeof *e->prefixes);
    if (!order || !e->prefixes) {
        return false;
    }
    for (uint32_t i = 0; i < e->n_records; i++) {
        if (e->records[i].kind == NETPOL_IDENTITY_PREFIX) {
            order[e->n_prefixes++] = &e->records[i];
        }
    }
    if (e->n_prefixes > 1) {
        qsort(order, e->n_prefixes, sizeof *order, by_prefix);
    }
    for (uint32_t i = 0; i < e->n_prefixes; i++) {
        uint32_t outer = i;
        while (outer && !np_identity_holds(order[outer - 1], order[i]->family, order[i]->address)) {
            outer = e->prefixes[outer - 1].outer;
        }
        e->prefixes[i] = (struct np_identity_prefix){(uint32_t)(order[i] - e->records), outer};
    }
    return true;
}

/* ---- all of them ---- */

static uint32_t count_list(const struct np_identity_list *list, uint32_t *n_labels)
{
    for (uint32_t i = 0; i < list->count; i++) {
        *n_labels += count_texts(list->items[i].labels);
    }
    return list->count;
}

/* Room for all that may be added. */
static bool make_room(struct emitting *e, const struct np_identities *identities,
                      const struct np_image *before)
{
    uint32_t n_labels = 0, n = count_list(&identities->pods, &n_labels) +
                               count_list(&identities->prefixes, &n_labels);
    for (uint32_t number = 1; number <= NETPOL_IDENTITY_WORLD_IPV6; number++, n++) {
        n_labels += count_texts(np_cilium_reserved_labels(number));
    }
    n += before ? before->count[NP_SECTION_IDENTITIES] : 0;
    n_labels += before ? before->count[NP_SECTION_IDENTITY_LABELS] : 0;
    e->records = np_emit_alloc(e->emit, n, sizeof *e->records);
    e->labels = np_emit_alloc(e->emit, n_labels, sizeof *e->labels);
    return e->records && e->labels;
}

int np_identities_emit(struct np_emit *emit, const struct np_identities *identities,
                       const struct np_image *before, np_identity_text_fn text, void *user)
{
    struct emitting e = {.emit = emit, .text = text, .user = user};
    struct np_image_header *header = &emit->writer.header;
    if (!identities->any) {
        return NETPOL_OK;
    }
    before = identities->same_pods ? before : NULL;
    if (!make_room(&e, identities, before)) {
        return NETPOL_ERR_MEMORY;
    }
    if (before) {
        add_before(&e, before);
    }
    for (uint32_t n = 1; !before && n <= NETPOL_IDENTITY_WORLD_IPV6; n++) {
        add(&e, (struct np_identity_record){.number = n}, np_cilium_reserved_labels(n));
    }
    if (!add_list(&e, &identities->pods, NETPOL_IDENTITY_LABELS) ||
        !add_list(&e, &identities->prefixes, NETPOL_IDENTITY_PREFIX) || !add_prefixes(&e)) {
        return NETPOL_ERR_MEMORY;
    }
    header->next_identity = identities->pods.next;
    header->next_prefix = identities->prefixes.next;
    header->flags |= identities->dual ? NP_IMAGE_DUAL_WORLD : 0;
    np_emit_section(emit, NP_SECTION_IDENTITIES, e.records, e.n_records * sizeof *e.records);
    np_emit_section(emit, NP_SECTION_IDENTITY_LABELS, e.labels, e.n_labels * sizeof *e.labels);
    np_emit_section(emit, NP_SECTION_IDENTITY_PREFIXES, e.prefixes,
                    e.n_prefixes * sizeof *e.prefixes);
    return NETPOL_OK;
}
