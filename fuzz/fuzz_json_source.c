/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader, against jansson: one value that jansson accepts is accepted (but for limits and
 * Lists), and gives the same tree; the text of an integer is what stands in the source; automatic
 * choice of the format never fails in another way than the reader it chose.
 */
#include "source_check.h"

static void check_integers(const struct source_check *check, const struct np_node *node)
{
    if (node->kind == NP_INT) {
        size_t start = check->line_starts[node->line - 1] + node->column - 1;
        MUST(start + node->text.len <= check->size);
        MUST(memcmp(check->bytes + start, node->text.ptr, node->text.len) == 0);
        MUST(node->length == node->text.len);
    }
    for (size_t i = 0; node->kind == NP_LIST && i < node->list.count; i++) {
        check_integers(check, node->list.items[i]);
    }
    for (size_t i = 0; node->kind == NP_MAP && i < node->map.count; i++) {
        check_integers(check, node->map.members[i].value);
    }
}

static void check_against(const struct np_node *node, json_t *value)
{
    size_t i;
    const char *key;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        MUST(node->kind == NP_MAP && node->map.count == json_object_size(value));
        i = 0;
        json_object_foreach(value, key, item)
        {
            MUST(np_slice_is(node->map.members[i].key, key));
            check_against(node->map.members[i++].value, item);
        }
        break;
    case JSON_ARRAY:
        MUST(node->kind == NP_LIST && node->list.count == json_array_size(value));
        json_array_foreach(value, i, item)
        {
            check_against(node->list.items[i], item);
        }
        break;
    case JSON_STRING:
        MUST(node->kind == NP_STRING && np_slice_is(node->text, json_string_value(value)));
        break;
    case JSON_INTEGER:
        MUST(node->kind == NP_INT && node->integer == json_integer_value(value));
        break;
    case JSON_REAL:
        MUST(node->kind == NP_FLOAT && node->real == json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        MUST(node->kind == NP_BOOL && node->boolean == json_is_true(value));
        break;
    default:
        MUST(node->kind == NP_NULL);
    }
}

static void each(struct source_check *check, const struct np_document *document)
{
    check_integers(check, document->root);
    if (check->user && document->path_prefix[0] == '\0') {
        check_against(document->root, check->user);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_check first = {.each = each}, again = {.each = each}, any = {0};
    bool mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
    json_t *value = NULL;
    if (!memchr(data, '\0', size)) { /* jansson overlooks a NUL byte behind a number */
        value = json_loadb((const char *)data + (mark ? 3 : 0), size - (mark ? 3 : 0),
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    }
    first.user = value;
    check_read(&first, data, size, NP_FORMAT_JSON);
    check_read(&again, data, size, NP_FORMAT_JSON);
    MUST(first.hash == again.hash && first.status == again.status);
    const struct netpol_diag *diag = netpol_diags_at(first.diags, 0);
    if (value && first.status != NETPOL_OK) {
        MUST(strncmp(diag->code, "NP14", 4) == 0 || strncmp(diag->code, "NP13", 4) == 0);
    }
    json_decref(value);
    check_read(&any, data, size, NP_FORMAT_AUTO);
    check_close(&first);
    check_close(&again);
    check_close(&any);
    return 0;
}
