/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: each number once and in its range, labels that are there, prefixes as they nest. */
#include "image/identity.h"
#include "image/layout.h"

static bool in_range(uint32_t number, uint8_t kind)
{
    switch (kind) {
    case NETPOL_IDENTITY_RESERVED:
        return number != 0 && number < NETPOL_IDENTITY_FIRST;
    case NETPOL_IDENTITY_LABELS: /* a cluster may have given any */
        return number >= NETPOL_IDENTITY_FIRST && number < NETPOL_IDENTITY_FIRST_LOCAL;
    default:
        return kind == NETPOL_IDENTITY_PREFIX && number > NETPOL_IDENTITY_FIRST_LOCAL &&
               number < 2 * NETPOL_IDENTITY_FIRST_LOCAL;
    }
}

/* Nothing behind the length; no prefix: nothing at all. */
static bool address_valid(const struct np_identity_record *record)
{
    bool prefix = record->kind == NETPOL_IDENTITY_PREFIX;
    unsigned most = !prefix ? 0 : record->family == 4 ? 32 : 128;
    bool rest = false;
    for (unsigned bit = record->length; bit < 128; bit++) {
        rest = rest || (record->address[bit / 8] >> (7 - bit % 8) & 1);
    }
    bool family = prefix ? record->family == 4 || record->family == 6 : record->family == 0;
    return family && record->length <= most && !rest;
}

static bool labels_valid(const struct np_image *image, const struct np_identity_record *record)
{
    const uint32_t *labels = image->section[NP_SECTION_IDENTITY_LABELS];
    uint32_t count = image->count[NP_SECTION_IDENTITY_LABELS];
    if (record->labels > count || record->n_labels > count - record->labels) {
        return false;
    }
    for (uint32_t i = 0; i < record->n_labels; i++) {
        if (labels[record->labels + i] >= image->count[NP_SECTION_STRINGS]) {
            return false;
        }
    }
    return true;
}

static bool records_valid(const struct np_image *image, uint32_t *n_prefixes)
{
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    bool valid = true;
    for (uint32_t i = 0; i < image->count[NP_SECTION_IDENTITIES]; i++) {
        valid = valid && in_range(records[i].number, records[i].kind) &&
                (i == 0 || records[i - 1].number < records[i].number) &&
                address_valid(&records[i]) && labels_valid(image, &records[i]);
        *n_prefixes += records[i].kind == NETPOL_IDENTITY_PREFIX;
    }
    return valid;
}

/* Each once, in order, and `outer` what following it from the one before would find. */
static bool prefixes_valid(const struct np_image *image)
{
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    const struct np_identity_prefix *prefixes = image->section[NP_SECTION_IDENTITY_PREFIXES];
    for (uint32_t i = 0; i < image->count[NP_SECTION_IDENTITY_PREFIXES]; i++) {
        uint32_t at = prefixes[i].identity, outer = i;
        if (at >= image->count[NP_SECTION_IDENTITIES] ||
            records[at].kind != NETPOL_IDENTITY_PREFIX) {
            return false;
        }
        const struct np_identity_record *record = &records[at];
        if (i && np_identity_order(&records[prefixes[i - 1].identity], record) >= 0) {
            return false;
        }
        while (outer && !np_identity_holds(&records[prefixes[outer - 1].identity], record->family,
                                           record->address)) {
            outer = prefixes[outer - 1].outer;
        }
        if (prefixes[i].outer != outer) {
            return false;
        }
    }
    return true;
}

static bool endpoints_valid(const struct np_image *image)
{
    const struct np_endpoint_record *endpoints = image->section[NP_SECTION_ENDPOINTS];
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    bool valid = true;
    for (uint32_t i = 0; valid && i < image->count[NP_SECTION_ENDPOINTS]; i++) {
        uint32_t at = endpoints[i].identity ? np_identity_index(image, endpoints[i].identity) : 0;
        valid = endpoints[i].identity == 0 || (at < image->count[NP_SECTION_IDENTITIES] &&
                                               records[at].kind == NETPOL_IDENTITY_LABELS);
    }
    return valid;
}

const char *np_validate_identities(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    uint32_t n_prefixes = 0;
    bool valid =
        records_valid(image, &n_prefixes) &&
        image->count[NP_SECTION_IDENTITY_PREFIXES] == n_prefixes && prefixes_valid(image) &&
        endpoints_valid(image) &&
        (header->next_identity == 0 || (header->next_identity >= NETPOL_IDENTITY_FIRST &&
                                        header->next_identity <= NETPOL_IDENTITY_LAST)) &&
        (header->next_prefix == 0 || in_range(header->next_prefix, NETPOL_IDENTITY_PREFIX));
    return valid ? NULL : "an identity is none, is there twice, or has no labels";
}
