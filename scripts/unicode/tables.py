#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tables.py [LIBRE2]: writes the Unicode tables of libnetpol/regex/build, as libre2 has them.

ask.cc asks libre2 itself, so a class here is what the class is there. The names of classes are
found among the texts of the shared library (default: where Debian has it); what is no name of a
class is not answered. Needs g++ and libre2-dev.
"""

import pathlib
import re
import string
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOM = HERE.parent.parent / "libnetpol/regex/build"
DEFAULT = "/usr/lib/x86_64-linux-gnu/libre2.so.9"
HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unicode 15.0.0 as libre2 2022-06-01 of Debian 12 has it. Written by scripts/unicode/tables.py,
 * which asks that library; not to be edited.
 *
"""


def names_in(library):
    """Texts of the library that may be names; a linker shares the ends of texts."""
    texts = subprocess.run(["strings", "-n", "1", library], check=True, capture_output=True,
                           text=True).stdout
    names = set(string.ascii_uppercase)
    names.update(a + b for a in string.ascii_uppercase for b in string.ascii_lowercase)
    for text in re.findall(r"[A-Z][A-Za-z_]*$", texts, re.MULTILINE):
        names.update(text[i:] for i, c in enumerate(text) if c.isupper())
    return sorted(name for name in names if len(name) <= 40)


def ask(library):
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/ask"
        subprocess.run(["g++", "-O2", "-o", program, HERE / "ask.cc", "-lre2", "-lpthread"],
                       check=True)
        return subprocess.run([program], input="\n".join(names_in(library)), check=True,
                              capture_output=True, text=True).stdout


def wrapped(words, first):
    """Words joined by commas, in lines of at most 100 columns."""
    lines, line = [], first
    for index, word in enumerate(words):
        word += "," if index + 1 < len(words) else ")"
        if len(line) + len(word) > 100:
            lines.append(line)
            line = ""
        line += word
    return "\n".join(lines + [line]) + "\n"


def groups(answers):
    """One line a class: from the end of the range before (0) to the next, and its length."""
    out = [HEAD + """ * NP_UNICODE_GROUP(name, gap, length, gap, length, ...): the ranges of a class from the first to
 * the last; gap: code points that are not in it since the range before. Sorted by name; a class of
 * one letter is the union of those of two letters that begin with it.
 */
"""]
    for line in sorted(answers):
        _, name, *numbers = line.split()
        if len(name) == 1 or name == "Any":
            continue
        words, at = [], 0
        for first, last in zip(map(int, numbers[::2]), map(int, numbers[1::2])):
            words += [str(first - at), str(last - first + 1)]
            at = last + 1
        out.append(wrapped(words, f"NP_UNICODE_GROUP({name},"))
    return "".join(out)


def folds(answers):
    out = [HEAD + """ * NP_UNICODE_FOLD(first, last, step): each code point of the range is equal, when case is ignored,
 * to the one `step` further on; from there on again, until the circle is closed. Step 0: the range
 * is made of pairs that are equal. Sorted, not overlapping.
 */
"""]
    following, pairs = {}, {}
    for line in answers:
        orbit = sorted(map(int, line.split()[1:]))
        for index, code in enumerate(orbit):
            following[code] = orbit[(index + 1) % len(orbit)]
        if len(orbit) == 2 and orbit[1] == orbit[0] + 1:
            pairs[orbit[0]] = orbit[1]
    codes, i = sorted(following), 0
    while i < len(codes):
        first = last = codes[i]
        step = following[first] - first
        if first in pairs:
            step, last = 0, first + 1
            while last + 1 in pairs:
                last += 2
        else:
            while following.get(last + 1, 0) - (last + 1) == step and last + 1 not in pairs:
                last += 1
        out.append(f"NP_UNICODE_FOLD({first:#x}, {last:#x}, {step})\n")
        while i < len(codes) and codes[i] <= last:
            i += 1
    return "".join(out)


def main():
    answers = ask(sys.argv[1] if len(sys.argv) > 1 else DEFAULT).splitlines()
    (ROOM / "unicode_groups.def").write_text(groups(a for a in answers if a.startswith("group ")))
    (ROOM / "unicode_fold.def").write_text(folds(a for a in answers if a.startswith("fold ")))


main()
