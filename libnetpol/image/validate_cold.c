/* SPDX-License-Identifier: Apache-2.0 */
/* What the answers mean: every text begins inside STRINGS, and therefore ends there. */
#include "image/layout.h"
#include "image/project.h"

static bool is_text(const struct np_image *image, uint32_t offset)
{
    return offset < image->count[NP_SECTION_STRINGS];
}

static bool rules_valid(const struct np_image *image)
{
    const struct np_rule_record *rules = image->section[NP_SECTION_RULES];
    bool valid = image->count[NP_SECTION_RULES] == image->header->n_rules;
    for (uint32_t i = 0; i < image->count[NP_SECTION_RULES]; i++) {
        const struct np_rule_record *rule = &rules[i];
        valid = valid && is_text(image, rule->policy) && is_text(image, rule->rule) &&
                is_text(image, rule->title) && is_text(image, rule->position) &&
                is_text(image, rule->tier) && is_text(image, rule->option) &&
                is_text(image, rule->log) && rule->action >= -1 &&
                rule->action < NETPOL_ACTION_COUNT;
    }
    return valid;
}

static bool programs_valid(const struct np_image *image)
{
    const struct np_program_record *programs = image->section[NP_SECTION_PROGRAMS];
    bool valid = true;
    for (uint32_t i = 0; i < image->count[NP_SECTION_PROGRAMS]; i++) {
        valid = valid && is_text(image, programs[i].listener) &&
                is_text(image, programs[i].terminating) &&
                is_text(image, programs[i].originating) &&
                programs[i].parser < NETPOL_PARSER_COUNT && programs[i].auth < NETPOL_AUTH_COUNT;
    }
    return valid;
}

static bool endpoints_valid(const struct np_image *image)
{
    const struct np_endpoint_record *records = image->section[NP_SECTION_ENDPOINTS];
    const uint32_t *nodes = image->section[NP_SECTION_NODES];
    bool valid = true;
    for (uint32_t i = 0; i < image->count[NP_SECTION_NODES]; i++) {
        valid = valid && is_text(image, nodes[i]);
    }
    for (uint32_t i = 0; i < image->count[NP_SECTION_ENDPOINTS]; i++) {
        const struct np_endpoint_record *record = &records[i];
        valid = valid && is_text(image, record->namespace_name) && is_text(image, record->name) &&
                is_text(image, record->workload_kind) && is_text(image, record->workload_name) &&
                record->node <= image->count[NP_SECTION_NODES];
    }
    return valid;
}

/* The way from labels to signatures; its parts check themselves. */
static bool projection_valid(const struct np_image *image)
{
    struct np_projection projection;
    struct np_kinds kinds;
    return np_projection_open(image->section[NP_SECTION_PROJECTION],
                              image->count[NP_SECTION_PROJECTION], &projection) &&
           np_kinds_open(image->section[NP_SECTION_KINDS], image->count[NP_SECTION_KINDS],
                         &kinds) &&
           np_combos_valid(image->section[NP_SECTION_COMBOS], image->count[NP_SECTION_COMBOS],
                           image->header->n_signatures);
}

const char *np_validate_cold(const struct np_image *image)
{
    const char *strings = image->section[NP_SECTION_STRINGS];
    const struct np_pair_record *options = image->section[NP_SECTION_OPTIONS];
    uint32_t length = image->count[NP_SECTION_STRINGS];
    if (length == 0 || strings[0] != '\0' || strings[length - 1] != '\0') {
        return "the texts do not end";
    }
    bool valid = rules_valid(image) && programs_valid(image) && endpoints_valid(image) &&
                 projection_valid(image);
    for (uint32_t i = 0; i < image->count[NP_SECTION_OPTIONS]; i++) {
        valid = valid && is_text(image, options[i].name) && is_text(image, options[i].value);
    }
    return valid ? NULL : "a name, a rule, a program or an option is outside";
}
