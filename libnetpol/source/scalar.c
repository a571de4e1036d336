/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plain YAML scalar is. This follows go-yaml v2, which kubectl uses, rule by rule, also
 * where YAML 1.2 decides otherwise: y and on are booleans, 010 is eight, 12:30 is a string, 08 (no
 * octal number) is a float. Timestamps stay strings, as they do when kubectl makes JSON of them.
 * Source: kubernetes-sigs/yaml goyaml.v2/resolve.go.
 */
#include "source/decimal.h"
#include "source/node.h"
#include <math.h>

static const struct {
    const char *text;
    uint8_t kind;
    bool boolean;
    double real;
} words[] = {
    {"",      NP_NULL,  false, 0        },
    {"~",     NP_NULL,  false, 0        },
    {"null",  NP_NULL,  false, 0        },
    {"Null",  NP_NULL,  false, 0        },
    {"NULL",  NP_NULL,  false, 0        },
    {"y",     NP_BOOL,  true,  0        },
    {"Y",     NP_BOOL,  true,  0        },
    {"yes",   NP_BOOL,  true,  0        },
    {"Yes",   NP_BOOL,  true,  0        },
    {"YES",   NP_BOOL,  true,  0        },
    {"true",  NP_BOOL,  true,  0        },
    {"True",  NP_BOOL,  true,  0        },
    {"TRUE",  NP_BOOL,  true,  0        },
    {"on",    NP_BOOL,  true,  0        },
    {"On",    NP_BOOL,  true,  0        },
    {"ON",    NP_BOOL,  true,  0        },
    {"n",     NP_BOOL,  false, 0        },
    {"N",     NP_BOOL,  false, 0        },
    {"no",    NP_BOOL,  false, 0        },
    {"No",    NP_BOOL,  false, 0        },
    {"NO",    NP_BOOL,  false, 0        },
    {"false", NP_BOOL,  false, 0        },
    {"False", NP_BOOL,  false, 0        },
    {"FALSE", NP_BOOL,  false, 0        },
    {"off",   NP_BOOL,  false, 0        },
    {"Off",   NP_BOOL,  false, 0        },
    {"OFF",   NP_BOOL,  false, 0        },
    {".nan",  NP_FLOAT, false, NAN      },
    {".NaN",  NP_FLOAT, false, NAN      },
    {".NAN",  NP_FLOAT, false, NAN      },
    {".inf",  NP_FLOAT, false, INFINITY },
    {".Inf",  NP_FLOAT, false, INFINITY },
    {".INF",  NP_FLOAT, false, INFINITY },
    {"+.inf", NP_FLOAT, false, INFINITY },
    {"+.Inf", NP_FLOAT, false, INFINITY },
    {"+.INF", NP_FLOAT, false, INFINITY },
    {"-.inf", NP_FLOAT, false, -INFINITY},
    {"-.Inf", NP_FLOAT, false, -INFINITY},
    {"-.INF", NP_FLOAT, false, -INFINITY},
};

enum { WORD_MAX = 5, NUMBER_MAX = 1100 };

static bool resolve_word(struct np_node *node)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (np_slice_is(node->text, words[i].text)) {
            node->kind = words[i].kind;
            if (node->kind == NP_BOOL) {
                node->boolean = words[i].boolean;
            } else if (node->kind == NP_FLOAT) {
                node->real = words[i].real;
            }
            return true;
        }
    }
    return false;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* The base that a prefix announces; *skip is its length. */
static unsigned base_of(const char *digits, size_t len, size_t *skip)
{
    *skip = 0;
    if (len < 2 || digits[0] != '0') {
        return 10;
    }
    *skip = 2;
    switch (digits[1] | 0x20) {
    case 'x':
        return 16;
    case 'b':
        return 2;
    case 'o':
        return 8;
    default:
        *skip = 1;
        return 8;
    }
}

/*
 * Go's ParseInt, then ParseUint, with base 0. Past 64 bits a decimal number would become a float
 * in go-yaml; it stays an integer here, marked BIG, because no digit of it may be lost.
 */
static bool resolve_integer(struct np_node *node, const char *plain, size_t len)
{
    bool negative = plain[0] == '-';
    bool sign = negative || plain[0] == '+';
    const char *digits = plain + sign;
    size_t count = len - sign, skip;
    unsigned base = base_of(digits, count, &skip);
    if (count == skip) {
        return false;
    }
    uint64_t value = 0;
    bool overflow = false;
    for (size_t i = skip; i < count; i++) {
        unsigned digit = (unsigned)digit_value(digits[i]);
        if (digit >= base) {
            return false;
        }
        overflow |= __builtin_mul_overflow(value, base, &value);
        overflow |= __builtin_add_overflow(value, digit, &value);
    }
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    bool big = overflow || value > most;
    /* ParseUint knows no sign; what neither takes is a string, unless it is decimal. */
    if (big && base != 10 && (overflow || sign)) {
        return false;
    }
    node->kind = NP_INT;
    if (big) {
        node->flags |= NP_NODE_BIG;
        node->integer = negative ? INT64_MIN : INT64_MAX;
    } else {
        node->integer = negative ? (int64_t)(0 - value) : (int64_t)value;
    }
    if (skip == 1) {
        node->flags |= NP_NODE_OCTAL;
    }
    return true;
}

/* [-+]? (\.D+ | D+(\.D*)?) ([eE][-+]?D+)? to a double; the point's place goes into the exponent. */
static bool parse_float(const char *text, size_t len, double *out)
{
    char number[NP_DECIMAL_DIGITS_MAX];
    size_t used = 0, i = 0, digits = 0;
    long exponent = 0, written = 0;
    bool point = false, negative = len && text[0] == '-';
    i += negative || (len && text[0] == '+');
    for (; i < len && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
        if (text[i] == '.') {
            if (point) {
                return false;
            }
            point = true;
            continue;
        }
        digits++;
        if (used < sizeof number) {
            number[used++] = text[i];
            exponent -= point;
        } else {
            /* Past any precision: only "was there anything" can still matter for rounding. */
            number[used - 1] = text[i] != '0' ? '1' : number[used - 1];
            exponent += !point;
        }
    }
    if (digits == 0) {
        return false;
    }
    if (i < len && (text[i] | 0x20) == 'e') {
        bool minus = i + 1 < len && text[i + 1] == '-';
        i += i + 1 < len && (minus || text[i + 1] == '+') ? 2 : 1;
        if (i == len) {
            return false;
        }
        for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
            written = written < 1000000 ? written * 10 + (text[i] - '0') : written;
        }
        exponent += minus ? -written : written;
    }
    if (i != len) {
        return false;
    }
    double value = np_decimal_to_double(number, used, exponent);
    *out = negative ? -value : value;
    return !isinf(value);
}

bool np_scalar_float(struct np_slice text, double *out)
{
    return parse_float(text.ptr, text.len, out);
}

/* Copies text without '_'. */
static size_t strip(struct np_slice text, char plain[NUMBER_MAX])
{
    size_t len = 0;
    plain[0] = '\0';
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '_') {
            plain[len++] = text.ptr[i];
        }
    }
    return len;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Go's underscoreOK: each between two digits. */
static bool separates_digits(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '_' && (i == 0 || i + 1 == text.len || !is_digit(text.ptr[i - 1]) ||
                                   !is_digit(text.ptr[i + 1]))) {
            return false;
        }
    }
    return true;
}

/*
 * What begins with a digit or a sign loses every '_' before go-yaml looks at it; what begins with
 * a point goes to ParseFloat as it is.
 */
static void resolve_number(struct np_node *node, bool point)
{
    char plain[NUMBER_MAX];
    double real;
    if (node->text.len > sizeof plain || (point && !separates_digits(node->text))) {
        return;
    }
    size_t len = strip(node->text, plain);
    if (!point && resolve_integer(node, plain, len)) {
        return;
    }
    if (parse_float(plain, len, &real)) {
        node->kind = NP_FLOAT;
        node->real = real;
    }
}

void np_scalar_resolve(struct np_node *node)
{
    struct np_slice text = node->text;
    char first = text.len ? text.ptr[0] : '~';
    node->kind = NP_STRING;
    if (text.len <= WORD_MAX && strchr("yYnNtTfFoO~.+-", first) && resolve_word(node)) {
        return;
    }
    if (first == '.' || first == '+' || first == '-' || is_digit(first)) {
        resolve_number(node, first == '.');
    }
}
