/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of identities; all of it from the image. */
#include "image/identity.h"
#include "match/identity.h"
#include "match/table.h"

const char *netpol_identity_kind_text(int kind)
{
    static const char *const texts[NETPOL_IDENTITY_KIND_COUNT] = {
        [NETPOL_IDENTITY_RESERVED] = "reserved",
        [NETPOL_IDENTITY_LABELS] = "labels",
        [NETPOL_IDENTITY_PREFIX] = "prefix"};
    return kind >= 0 && kind < NETPOL_IDENTITY_KIND_COUNT ? texts[kind] : "?";
}

static const struct np_identity_record *record_at(const struct netpol_matcher *matcher, size_t i)
{
    const struct np_identity_record *records = matcher->image.section[NP_SECTION_IDENTITIES];
    return i < matcher->image.count[NP_SECTION_IDENTITIES] ? &records[i] : NULL;
}

size_t netpol_identity_count(const struct netpol_matcher *matcher)
{
    return matcher ? matcher->image.count[NP_SECTION_IDENTITIES] : 0;
}

int netpol_identity_at(const struct netpol_matcher *matcher, size_t i, struct netpol_identity *out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    const struct np_identity_record *record = record_at(matcher, i);
    if (!record) {
        return NETPOL_ERR_NOT_FOUND;
    }
    *out = (struct netpol_identity){.number = record->number,
                                    .n_labels = record->n_labels,
                                    .kind = record->kind,
                                    .family = record->family,
                                    .length = record->length};
    memcpy(out->address, record->address, sizeof out->address);
    return NETPOL_OK;
}

const char *netpol_identity_label(const struct netpol_matcher *matcher, size_t i, size_t k)
{
    const struct np_identity_record *record = matcher ? record_at(matcher, i) : NULL;
    if (!record || k >= record->n_labels) {
        return NULL;
    }
    const uint32_t *labels = matcher->image.section[NP_SECTION_IDENTITY_LABELS];
    return (const char *)matcher->image.section[NP_SECTION_STRINGS] + labels[record->labels + k];
}

int netpol_identity_find(const struct netpol_matcher *matcher, uint32_t number, size_t *i)
{
    if (!matcher || !i) {
        return NETPOL_ERR_ARGUMENT;
    }
    uint32_t index = np_identity_index(&matcher->image, number);
    if (index == matcher->image.count[NP_SECTION_IDENTITIES]) {
        return NETPOL_ERR_NOT_FOUND;
    }
    *i = index;
    return NETPOL_OK;
}

int netpol_identity_ends(const struct netpol_view *view, const struct netpol_tuple *tuple, int side,
                         uint32_t *src, uint32_t *dst)
{
    if (!view || !tuple || !src || !dst || side < NETPOL_SIDE_NONE || side > NETPOL_SIDE_INGRESS) {
        return NETPOL_ERR_ARGUMENT;
    }
    const struct netpol_matcher *matcher = view->matcher;
    *src = *dst = NETPOL_IDENTITY_UNKNOWN;
    if (!np_identities_there(&matcher->image)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    const struct np_table *table =
        view->endpoints ? np_endpoints_table(view->endpoints) : &matcher->frozen;
    return np_match_identities(&matcher->hot, table, tuple, side, src, dst) ? NETPOL_OK
                                                                            : NETPOL_ERR_ARGUMENT;
}

int netpol_identity_of(const struct netpol_view *view, uint64_t ref, uint8_t family,
                       const uint8_t address[16], uint32_t *number)
{
    struct netpol_tuple tuple = {.src_ref = ref, .family = family};
    uint32_t other;
    if (!number || (!ref && !address)) {
        return NETPOL_ERR_ARGUMENT;
    }
    tuple.flags = (uint16_t)(NETPOL_TUPLE_DST_NO_ADDRESS | (ref ? NETPOL_TUPLE_SRC_REF : 0));
    if (ref) {
        tuple.family = 0;
    } else {
        memcpy(tuple.src, address, sizeof tuple.src);
    }
    return netpol_identity_ends(view, &tuple, NETPOL_SIDE_NONE, number, &other);
}
