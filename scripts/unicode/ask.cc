// SPDX-License-Identifier: Apache-2.0
// Asks libre2 what its classes and case folding are. Names of classes, one a line, come on standard
// input; those that RE2 knows are answered by "group NAME FIRST LAST ...", and every code point
// that RE2 folds by "fold CODE CODE ...": itself and what it is equal to when case is ignored.
#include <re2/re2.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

static const int LAST = 0x10FFFF;
static const int BLOCK = 256;

static void add(std::string &text, int c)
{
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xE0 | c >> 12);
        text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    } else {
        text += static_cast<char>(0xF0 | c >> 18);
        text += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80) {
        text += static_cast<char>(0x80 | (c & 0x3F));
    }
}

static std::string one(int c)
{
    std::string text;
    add(text, c);
    return text;
}

static std::vector<int> members(const std::string &name)
{
    RE2::Options quiet;
    quiet.set_log_errors(false);
    RE2 in("\\p{" + name + "}", quiet);
    RE2 none("\\P{" + name + "}*", quiet);
    std::vector<int> found;
    if (!in.ok()) {
        return found;
    }
    for (int block = 0; block <= LAST; block += BLOCK) {
        std::string text;
        for (int c = block; c < block + BLOCK; c++) {
            add(text, c);
        }
        if (RE2::FullMatch(text, none)) {
            continue;
        }
        for (int c = block; c < block + BLOCK; c++) {
            if (RE2::FullMatch(one(c), in)) {
                found.push_back(c);
            }
        }
    }
    return found;
}

static void tell_group(const std::string &name)
{
    std::vector<int> found = members(name);
    if (found.empty()) {
        return;
    }
    std::printf("group %s", name.c_str());
    for (size_t i = 0; i < found.size(); i++) {
        if (i == 0 || found[i] != found[i - 1] + 1) {
            std::printf(" %d", found[i]);
        }
        if (i + 1 == found.size() || found[i] + 1 != found[i + 1]) {
            std::printf(" %d", found[i]);
        }
    }
    std::printf("\n");
}

// Only these may be more than themselves: ideographs, syllables and what is not assigned has no
// case. Each is looked for in the text of all of them.
static void tell_folding()
{
    std::vector<int> candidates;
    RE2 may("[\\pL\\pM\\pN\\pS\\pP]");
    RE2 never("[\\p{Han}\\p{Hangul}\\p{Yi}\\p{Tangut}\\p{Cuneiform}\\p{Egyptian_Hieroglyphs}]");
    std::string all;
    for (int c = 0; c <= LAST; c++) {
        if (RE2::FullMatch(one(c), may) && !RE2::FullMatch(one(c), never)) {
            candidates.push_back(c);
            add(all, c);
        }
    }
    for (int c : candidates) {
        char pattern[32];
        std::snprintf(pattern, sizeof pattern, "((?i)\\x{%x})", c);
        RE2 folded(pattern);
        re2::StringPiece rest(all);
        std::string hit;
        std::vector<std::string> hits;
        while (RE2::FindAndConsume(&rest, folded, &hit)) {
            hits.push_back(hit);
        }
        if (hits.size() < 2) {
            continue;
        }
        std::printf("fold %d", c);
        for (int other : candidates) {
            for (const std::string &text : hits) {
                if (other != c && text == one(other)) {
                    std::printf(" %d", other);
                }
            }
        }
        std::printf("\n");
    }
}

int main()
{
    std::string name;
    while (std::getline(std::cin, name)) {
        tell_group(name);
    }
    tell_folding();
    return 0;
}
