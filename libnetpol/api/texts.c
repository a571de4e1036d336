/* SPDX-License-Identifier: Apache-2.0 */
/* The words for actions, planes, sides, reasons and missing facts, as JSON output shows them. */
#include <netpol/eval.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const actions[] = {"allow", "inspect", "unknown", "deny"};
static const char *const planes[] = {"none", "network", "mesh"};
static const char *const sides[] = {"none", "egress", "ingress"};
static const char *const reasons[] = {
#define REASON_TEXT(name, text) text,
    NETPOL_REASON_MAP(REASON_TEXT)
#undef REASON_TEXT
};

_Static_assert(COUNT(actions) == NETPOL_ACTION_COUNT, "one word per action");
_Static_assert(COUNT(reasons) == NETPOL_REASON_COUNT, "one word per reason");

static const char *pick(const char *const *table, size_t count, int value)
{
    return value >= 0 && (size_t)value < count ? table[value] : "?";
}

const char *netpol_action_text(int action)
{
    return pick(actions, COUNT(actions), action);
}

const char *netpol_plane_text(int plane)
{
    return pick(planes, COUNT(planes), plane);
}

const char *netpol_side_text(int side)
{
    return pick(sides, COUNT(sides), side);
}

const char *netpol_reason_text(int reason)
{
    return pick(reasons, COUNT(reasons), reason);
}

const char *netpol_missing_text(uint32_t one_bit)
{
    switch (one_bit) {
#define MISSING_TEXT(name, bit, text) \
    case 1u << (bit):                 \
        return text;
        NETPOL_MISSING_MAP(MISSING_TEXT)
#undef MISSING_TEXT
    default:
        return "?";
    }
}
