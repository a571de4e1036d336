/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes in one table, so that no check depends on the locale. */
#include "dialect/syntax.h"

enum { LOWER = 1, UPPER = 2, DIGIT = 4, ALNUM = LOWER | UPPER | DIGIT };
enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253, PORT_NAME_MAX = 15 };

static unsigned class_of(char c)
{
    if (c >= 'a' && c <= 'z') {
        return LOWER;
    }
    if (c >= 'A' && c <= 'Z') {
        return UPPER;
    }
    return c >= '0' && c <= '9' ? DIGIT : 0;
}

static bool is(char c, unsigned classes)
{
    return (class_of(c) & classes) != 0;
}

/* Every character of a class or one of `also`; the first and the last of the class. */
static bool shaped(struct np_slice text, unsigned classes, const char *also)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool edge = i == 0 || i == text.len - 1;
        if (!is(c, classes) && (edge || c == '\0' || !strchr(also, c))) {
            return false;
        }
    }
    return text.len > 0;
}

const char *np_syntax_label(struct np_slice text)
{
    if (text.len == 0) {
        return "must not be empty";
    }
    if (text.len > LABEL_MAX) {
        return "must be no more than 63 characters";
    }
    return shaped(text, LOWER | DIGIT, "-")
               ? NULL
               : "must consist of lower case letters, digits and '-', and begin and end with a "
                 "letter or digit";
}

const char *np_syntax_label_1035(struct np_slice text)
{
    const char *wrong = np_syntax_label(text);
    if (wrong) {
        return wrong;
    }
    return is(text.ptr[0], LOWER) ? NULL : "must begin with a lower case letter";
}

const char *np_syntax_subdomain(struct np_slice text)
{
    if (text.len == 0) {
        return "must not be empty";
    }
    if (text.len > SUBDOMAIN_MAX) {
        return "must be no more than 253 characters";
    }
    for (size_t begin = 0; begin <= text.len;) {
        const char *dot = memchr(text.ptr + begin, '.', text.len - begin);
        size_t end = dot ? (size_t)(dot - text.ptr) : text.len;
        /* A part may be longer than 63: the API server only bounds the whole. */
        if (!shaped((struct np_slice){text.ptr + begin, end - begin}, LOWER | DIGIT, "-")) {
            return "must consist of lower case letters, digits, '-' and '.', and each part must "
                   "begin and end with a letter or digit";
        }
        begin = end + 1;
    }
    return NULL;
}

const char *np_syntax_label_key(struct np_slice text)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    struct np_slice name = text;
    if (slash) {
        size_t prefix = (size_t)(slash - text.ptr);
        if (np_syntax_subdomain((struct np_slice){text.ptr, prefix})) {
            return "must have a DNS name in lower case before the '/'";
        }
        name = (struct np_slice){slash + 1, text.len - prefix - 1};
    }
    if (name.len == 0) {
        return slash ? "must have a name after the '/'" : "must not be empty";
    }
    if (name.len > LABEL_MAX) {
        return "must have a name of no more than 63 characters";
    }
    return shaped(name, ALNUM, "-_.")
               ? NULL
               : "must have a name of letters, digits, '-', '_' and '.' that begins and ends with "
                 "a letter or digit";
}

const char *np_syntax_label_value(struct np_slice text)
{
    if (text.len > LABEL_MAX) {
        return "must be no more than 63 characters";
    }
    return text.len == 0 || shaped(text, ALNUM, "-_.")
               ? NULL
               : "must consist of letters, digits, '-', '_' and '.', and begin and end with a "
                 "letter or digit";
}

const char *np_syntax_port_name(struct np_slice text)
{
    if (text.len == 0) {
        return "must not be empty";
    }
    if (text.len > PORT_NAME_MAX) {
        return "must be no more than 15 characters";
    }
    bool letter = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is(c, LOWER | DIGIT) && c != '-') {
            return "must consist of lower case letters, digits and '-'";
        }
        if (c == '-' && i > 0 && text.ptr[i - 1] == '-') {
            return "must not have two '-' in a row";
        }
        letter = letter || is(c, LOWER);
    }
    if (!letter) {
        return "must have at least one letter";
    }
    return text.ptr[0] == '-' || text.ptr[text.len - 1] == '-' ? "must not begin or end with '-'"
                                                               : NULL;
}

uint8_t np_syntax_protocol(struct np_slice text)
{
    static const struct {
        const char *name;
        uint8_t number;
    } protocols[] = {
        {"TCP",  6  },
        {"UDP",  17 },
        {"SCTP", 132}
    };
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        if (np_slice_is(text, protocols[i].name)) {
            return protocols[i].number;
        }
    }
    return 0;
}
