/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP messages by name, as Hubble's summaries have them. Source: layers/icmp4.go, icmp6.go of
 * gopacket (String of type and code). */
#include "analyze/hubble.h"

struct icmp_type {
    uint8_t type;
    const char *name;
    const char *codes; /* "A\0B\0" from 0 on; NULL: the type makes no use of codes */
};
static const struct icmp_type v4[] = {
    {0,  "EchoReply",              NULL                                               },
    {3,  "DestinationUnreachable",
     "Net\0Host\0Protocol\0Port\0FragmentationNeeded\0SourceRoutingFailed\0NetUnknown\0"
     "HostUnknown\0SourceIsolated\0NetAdminProhibited\0HostAdminProhibited\0NetTOS\0HostTOS\0"
     "CommAdminProhibited\0HostPrecedence\0PrecedenceCutoff\0"                        },
    {4,  "SourceQuench",           NULL                                               },
    {5,  "Redirect",               "Net\0Host\0TOS+Net\0TOS+Host\0"                   },
    {8,  "EchoRequest",            NULL                                               },
    {9,  "RouterAdvertisement",    NULL                                               },
    {10, "RouterSolicitation",     NULL                                               },
    {11, "TimeExceeded",           "TTLExceeded\0FragmentReassemblyTimeExceeded\0"    },
    {12, "ParameterProblem",       "PointerIndicatesError\0MissingOption\0BadLength\0"},
    {13, "TimestampRequest",       NULL                                               },
    {14, "TimestampReply",         NULL                                               },
    {15, "InfoRequest",            NULL                                               },
    {16, "InfoReply",              NULL                                               },
    {17, "AddressMaskRequest",     NULL                                               },
    {18, "AddressMaskReply",       NULL                                               },
};
static const struct icmp_type v6[] = {
    {1,   "DestinationUnreachable",
     "NoRouteToDst\0AdminProhibited\0BeyondScopeOfSrc\0AddressUnreachable\0PortUnreachable\0"
     "SrcAddressFailedPolicy\0RejectRouteToDst\0"                                       },
    {2,   "PacketTooBig",           NULL                                                },
    {3,   "TimeExceeded",           "HopLimitExceeded\0FragmentReassemblyTimeExceeded\0"},
    {4,   "ParameterProblem",
     "ErroneousHeaderField\0UnrecognizedNextHeader\0UnrecognizedIPv6Option\0"           },
    {128, "EchoRequest",            NULL                                                },
    {129, "EchoReply",              NULL                                                },
    {133, "RouterSolicitation",     NULL                                                },
    {134, "RouterAdvertisement",    NULL                                                },
    {135, "NeighborSolicitation",   NULL                                                },
    {136, "NeighborAdvertisement",  NULL                                                },
    {137, "Redirect",               NULL                                                },
};

/* The code's name; NULL: it has none. */
static const char *code_of(const struct icmp_type *type, uint8_t code)
{
    const char *at = type->codes;
    for (uint8_t i = 0; at && *at; i++, at += strlen(at) + 1) {
        if (i == code) {
            return at;
        }
    }
    return NULL;
}

void np_hubble_icmp(struct np_text *out, const struct netpol_tuple *tuple)
{
    enum { ICMP = 1 };
    bool four = tuple->protocol == ICMP;
    const struct icmp_type *types = four ? v4 : v6;
    size_t count = four ? sizeof v4 / sizeof *v4 : sizeof v6 / sizeof *v6;
    for (size_t i = 0; i < count; i++) {
        if (types[i].type != tuple->icmp_type) {
            continue;
        }
        const char *code = code_of(&types[i], tuple->icmp_code);
        np_text_addf(out, "%s", types[i].name);
        if (code) {
            np_text_addf(out, "(%s)", code);
        } else if (types[i].codes || tuple->icmp_code) {
            np_text_addf(out, "(Code: %u)", tuple->icmp_code);
        }
        return;
    }
    np_text_addf(out, "%u(%u)", tuple->icmp_type, tuple->icmp_code);
}
