/* SPDX-License-Identifier: Apache-2.0 */
/* What a part asks for beside its action, as words and as members of JSON. */
#include "analyze/explain.h"
#include "match/names.h"

static bool program_of(const struct netpol_matcher *matcher, uint32_t program,
                       struct netpol_program_info *out)
{
    return program && np_names_program(&matcher->image, program, out);
}

static void json_member(struct np_text *out, const char *name, const char *value)
{
    if (*value) {
        np_text_addf(out, ",\"%s\":", name);
        np_text_json(out, np_slice_of(value));
    }
}

void np_program_json(struct np_text *out, const struct netpol_matcher *matcher, uint32_t program)
{
    struct netpol_program_info info;
    if (!program_of(matcher, program, &info)) {
        return;
    }
    if (info.auth != NETPOL_AUTH_NONE) {
        json_member(out, "auth", netpol_auth_text(info.auth));
    }
    if (info.parser != NETPOL_PARSER_NONE) {
        np_text_addf(out, ",\"redirect\":{\"parser\":\"%s\"", netpol_parser_text(info.parser));
        if (info.priority) {
            np_text_addf(out, ",\"priority\":%d", info.priority);
        }
        json_member(out, "listener", info.listener);
        json_member(out, "terminatingTLS", info.terminating);
        json_member(out, "originatingTLS", info.originating);
        np_text_add(out, "}", 1);
    }
}

void np_program_text(struct np_text *out, const struct netpol_matcher *matcher, uint32_t program,
                     const char *before)
{
    struct netpol_program_info info;
    if (!program_of(matcher, program, &info)) {
        return;
    }
    if (info.parser != NETPOL_PARSER_NONE) {
        np_text_addf(out, "%sredirect %s", before, netpol_parser_text(info.parser));
        np_text_addf(out, "%s%s", *info.listener ? " to " : "", info.listener);
        np_text_addf(out, "%s%s", *info.terminating ? ", terminating TLS " : "", info.terminating);
        np_text_addf(out, "%s%s", *info.originating ? ", originating TLS " : "", info.originating);
    }
    if (info.auth != NETPOL_AUTH_NONE) {
        np_text_addf(out, "%sauthentication %s", before, netpol_auth_text(info.auth));
    }
}
