/* SPDX-License-Identifier: Apache-2.0 */
/* What verdicts say: in words, as JSON output shows them, and with staged policies in force. */
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

static const char *const parsers[] = {"none", "http", "dns", "kafka", "tls", "other"};
static const char *const auths[] = {"none", "required", "always-fail"};

_Static_assert(COUNT(parsers) == NETPOL_PARSER_COUNT, "one word per parser");
_Static_assert(COUNT(auths) == NETPOL_AUTH_COUNT, "one word per authentication");
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

const char *netpol_parser_text(int parser)
{
    return pick(parsers, COUNT(parsers), parser);
}

const char *netpol_auth_text(int auth)
{
    return pick(auths, COUNT(auths), auth);
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

int netpol_part_pending(const struct netpol_part *part)
{
    if (!part) {
        return NETPOL_UNKNOWN;
    }
    for (int action = 0; action < NETPOL_ACTION_COUNT; action++) {
        if (part->flags & NETPOL_PART_STAGED_ALLOW << action) {
            return action;
        }
    }
    return part->action;
}

int netpol_verdict_pending(const struct netpol_verdict *verdict)
{
    int worst = NETPOL_ALLOW;
    if (!verdict) {
        return NETPOL_UNKNOWN;
    }
    const struct netpol_part *const parts[] = {&verdict->egress, &verdict->ingress, &verdict->mesh};
    for (size_t i = 0; i < COUNT(parts); i++) {
        int action = netpol_part_pending(parts[i]);
        worst = action > worst ? action : worst;
    }
    return worst;
}
