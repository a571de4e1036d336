/* SPDX-License-Identifier: Apache-2.0 */
/* Texts are offsets into STRINGS, each with its NUL; the image was checked when it was opened. */
#include "match/names.h"

static const char *text_at(const struct np_image *image, uint32_t offset)
{
    return (const char *)image->section[NP_SECTION_STRINGS] + offset;
}

static struct np_slice slice_at(const struct np_image *image, uint32_t offset)
{
    return np_slice_of(text_at(image, offset));
}

bool np_names_rule(const struct np_image *image, uint32_t number, struct netpol_rule_info *out)
{
    const struct np_rule_record *rules = image->section[NP_SECTION_RULES];
    if (number == 0 || number >= image->count[NP_SECTION_RULES]) {
        return false;
    }
    const struct np_rule_record *rule = &rules[number];
    if (rule->key == 0) { /* of a policy that is gone: numbers are not given twice */
        return false;
    }
    *out = (struct netpol_rule_info){.policy = text_at(image, rule->policy),
                                     .rule = text_at(image, rule->rule),
                                     .title = text_at(image, rule->title),
                                     .position = text_at(image, rule->position),
                                     .tier = text_at(image, rule->tier),
                                     .option = text_at(image, rule->option),
                                     .log = text_at(image, rule->log),
                                     .action = rule->action,
                                     .side = rule->side,
                                     .key = rule->key};
    return true;
}

bool np_names_program(const struct np_image *image, uint32_t program,
                      struct netpol_program_info *out)
{
    const struct np_program_record *programs = image->section[NP_SECTION_PROGRAMS];
    if (program == 0 || program >= image->count[NP_SECTION_PROGRAMS]) {
        return false;
    }
    const struct np_program_record *record = &programs[program];
    *out = (struct netpol_program_info){.parser = record->parser,
                                        .priority = record->priority,
                                        .listener = text_at(image, record->listener),
                                        .terminating = text_at(image, record->terminating),
                                        .originating = text_at(image, record->originating),
                                        .auth = record->auth};
    return true;
}

uint64_t np_names_count(const struct np_image *image)
{
    const struct np_rule_record *rules = image->section[NP_SECTION_RULES];
    uint64_t count = 0;
    for (uint32_t i = 1; i < image->count[NP_SECTION_RULES]; i++) {
        count += rules[i].key != 0;
    }
    return count;
}

const char *np_names_option(const struct np_image *image, const char *name)
{
    const struct np_pair_record *pairs = image->section[NP_SECTION_OPTIONS];
    for (uint32_t i = 1; i < image->count[NP_SECTION_OPTIONS]; i++) { /* the first is the profile */
        if (strcmp(text_at(image, pairs[i].name), name) == 0) {
            return text_at(image, pairs[i].value);
        }
    }
    return NULL;
}

/* ---- endpoints by name ---- */

static const struct np_endpoint_record *endpoint_at(const struct np_image *image, uint32_t i)
{
    return (const struct np_endpoint_record *)image->section[NP_SECTION_ENDPOINTS] + i;
}

/* The first endpoint that does not come before the name. */
static uint32_t first_of(const struct np_image *image, struct np_slice space, struct np_slice name)
{
    uint32_t low = 0, high = image->count[NP_SECTION_ENDPOINTS];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct np_endpoint_record *e = endpoint_at(image, middle);
        int order = np_slice_compare(space, slice_at(image, e->namespace_name));
        order = order ? order : np_slice_compare(name, slice_at(image, e->name));
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_in(const struct np_image *image, uint32_t i, struct np_slice space)
{
    return i < image->count[NP_SECTION_ENDPOINTS] &&
           np_slice_equal(space, slice_at(image, endpoint_at(image, i)->namespace_name));
}

/* Of several workloads of a name the one whose kind comes first. */
static uint64_t find_workload(const struct np_image *image, struct np_slice space,
                              struct np_slice name)
{
    const struct np_endpoint_record *best = NULL;
    for (uint32_t i = first_of(image, space, np_slice_of("")); is_in(image, i, space); i++) {
        const struct np_endpoint_record *e = endpoint_at(image, i);
        if (np_slice_equal(name, slice_at(image, e->workload_name)) &&
            (!best || np_slice_compare(slice_at(image, e->workload_kind),
                                       slice_at(image, best->workload_kind)) < 0)) {
            best = e;
        }
    }
    return best ? best->ref : 0;
}

uint64_t np_names_find(const struct np_image *image, struct np_slice namespace_name,
                       struct np_slice name)
{
    uint32_t i = first_of(image, namespace_name, name);
    if (is_in(image, i, namespace_name) &&
        np_slice_equal(name, slice_at(image, endpoint_at(image, i)->name))) {
        return endpoint_at(image, i)->ref;
    }
    return find_workload(image, namespace_name, name);
}
