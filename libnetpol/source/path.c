/* SPDX-License-Identifier: Apache-2.0 */
/* Field paths as Kubernetes writes them: a key that is no plain word stands in brackets. */
#include "source/reader.h"
#include <stdio.h>

enum { KEY_SHOWN = 128 };

static bool plain_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '$';
}

static size_t after(size_t used, int wrote)
{
    return wrote > 0 ? used + (size_t)wrote : used;
}

size_t np_source_path_key(char *buffer, size_t size, size_t used, struct np_slice key)
{
    bool plain = key.len > 0;
    if (used >= size) {
        return used;
    }
    for (size_t i = 0; i < key.len; i++) {
        plain = plain && plain_character(key.ptr[i]);
    }
    int len = (int)(key.len < KEY_SHOWN ? key.len : KEY_SHOWN);
    const char *format = plain ? "%s%.*s" : "%s[%.*s]";
    return after(
        used, snprintf(buffer + used, size - used, format, plain && used ? "." : "", len, key.ptr));
}

size_t np_source_path_index(char *buffer, size_t size, size_t used, size_t index)
{
    return used >= size ? used : after(used, snprintf(buffer + used, size - used, "[%zu]", index));
}
