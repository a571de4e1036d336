/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML reader. Beyond the checks of every source: what it accepts, libyaml accepts when it gets
 * the same bytes without any of our segments and blanks.
 */
#include "source_check.h"
#include <yaml.h>

static bool libyaml_accepts(const uint8_t *data, size_t size)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool done = false, good = true;
    MUST(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, data, size);
    while (!done && good) {
        good = yaml_parser_parse(&parser, &event);
        if (good) {
            done = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&parser);
    return good;
}

static bool has_inner_mark(const struct source_check *check)
{
    for (size_t i = 0; i + 3 <= check->size; i++) {
        if (memcmp(check->bytes + i, "\xEF\xBB\xBF", 3) == 0) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_check first = {0}, again = {0};
    check_read(&first, data, size, NP_FORMAT_YAML);
    check_read(&again, data, size, NP_FORMAT_YAML);
    MUST(first.hash == again.hash && first.status == again.status);
    MUST(first.documents == again.documents);
    if (first.status == NETPOL_OK && !has_inner_mark(&first)) {
        MUST(libyaml_accepts(data, size));
    }
    check_close(&first);
    check_close(&again);
    return 0;
}
