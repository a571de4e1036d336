/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/range.h"

static unsigned address_bytes(uint8_t family)
{
    return family == NP_IPV4 ? 4 : 16;
}

bool np_range_step_up(struct np_address *address)
{
    for (unsigned i = address_bytes(address->family); i-- > 0;) {
        if (++address->bytes[i] != 0) {
            return true;
        }
    }
    return false;
}

void np_range_step_down(struct np_address *address)
{
    for (unsigned i = address_bytes(address->family); i-- > 0;) {
        if (address->bytes[i]-- != 0) {
            return;
        }
    }
}

struct np_address np_range_last(const struct np_prefix *prefix)
{
    struct np_address last = prefix->address;
    for (unsigned bit = prefix->length; bit < address_bytes(last.family) * 8; bit++) {
        last.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    }
    return last;
}

bool np_range_follows(const struct np_address *last, const struct np_address *next)
{
    struct np_address after = *last;
    return after.family == next->family && np_range_step_up(&after) &&
           np_address_equal(&after, next);
}

void np_range_name(const struct np_address *first, const struct np_address *last, char out[100])
{
    char text[46];
    for (unsigned length = 0; length <= address_bytes(first->family) * 8; length++) {
        struct np_prefix prefix = {.address = *first, .length = (uint8_t)length};
        struct np_address end = np_range_last(&prefix);
        bool aligned = true;
        for (unsigned bit = length; bit < address_bytes(first->family) * 8; bit++) {
            aligned = aligned && !(first->bytes[bit / 8] & 0x80u >> bit % 8);
        }
        if (aligned && np_address_equal(&end, last)) {
            char whole[50];
            np_prefix_format(&prefix, whole);
            memcpy(out, whole, sizeof whole);
            return;
        }
    }
    size_t len = np_address_format(first, text);
    memcpy(out, text, len);
    out[len++] = '-';
    np_address_format(last, text);
    memcpy(out + len, text, sizeof text);
}
