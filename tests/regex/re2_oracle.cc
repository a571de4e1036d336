// SPDX-License-Identifier: Apache-2.0
#include "re2_oracle.h"

#include <re2/re2.h>

struct re2_oracle {
    RE2 *regex;
};

static enum re2_answer answer_of(RE2::ErrorCode code)
{
    switch (code) {
    case RE2::ErrorBadEscape:
        return RE2_BAD_ESCAPE;
    case RE2::ErrorBadCharClass:
    case RE2::ErrorBadCharRange:
        return RE2_BAD_CLASS;
    case RE2::ErrorMissingBracket:
        return RE2_MISSING_BRACKET;
    case RE2::ErrorMissingParen:
        return RE2_MISSING_PAREN;
    case RE2::ErrorUnexpectedParen:
        return RE2_UNEXPECTED_PAREN;
    case RE2::ErrorTrailingBackslash:
        return RE2_TRAILING_BACKSLASH;
    case RE2::ErrorRepeatArgument:
        return RE2_NOTHING_TO_REPEAT;
    case RE2::ErrorRepeatSize:
        return RE2_BAD_REPEAT_SIZE;
    case RE2::ErrorRepeatOp:
        return RE2_REPEATED_REPEAT;
    case RE2::ErrorBadPerlOp:
        return RE2_BAD_GROUP;
    case RE2::ErrorBadUTF8:
        return RE2_BAD_UTF8;
    case RE2::ErrorBadNamedCapture:
        return RE2_BAD_NAME;
    default:
        return RE2_TOO_LARGE;
    }
}

enum re2_answer re2_oracle_create(const char *pattern, size_t size, struct re2_oracle **out)
{
    RE2::Options options;
    options.set_log_errors(false);
    RE2 *regex = new RE2(re2::StringPiece(pattern, size), options);
    *out = nullptr;
    if (!regex->ok()) {
        enum re2_answer answer = answer_of(regex->error_code());
        delete regex;
        return answer;
    }
    *out = new re2_oracle{regex};
    return RE2_FINE;
}

bool re2_oracle_full_match(const struct re2_oracle *oracle, const char *text, size_t size)
{
    return RE2::FullMatch(re2::StringPiece(text, size), *oracle->regex);
}

void re2_oracle_destroy(struct re2_oracle *oracle)
{
    if (oracle) {
        delete oracle->regex;
        delete oracle;
    }
}
