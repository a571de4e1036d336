#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sizes.py [ROOT]: files and functions stay under the caps.

A file has at most 800 lines, and is named when it has over 500; a function has at most 80. A
function is what stands between a "{" and a "}" in the first column, as our style writes them.
"""

import project

FILE_HARD, FILE_SOFT, FUNCTION_HARD = 800, 500, 80


def function_start(lines, brace):
    """The first line of the signature whose body opens at lines[brace]."""
    start = brace
    while start > 0:
        above = lines[start - 1]
        if not above.strip() or above.startswith(("#", "}")) or above.rstrip().endswith(
                (";", "*/", "}")):
            break
        start -= 1
    return start


def functions(lines):
    """Yields (first line number, name, length) of each function."""
    brace = None
    for index, line in enumerate(lines):
        if line.rstrip() == "{":
            brace = index
        elif line.startswith("}") and brace is not None:
            start = function_start(lines, brace)
            signature = " ".join(lines[start:brace])
            name = signature.split("(")[0].split()[-1].lstrip("*") if "(" in signature else "?"
            yield start + 1, name, index - start + 1
            brace = None


def main():
    root = project.root_from_arguments()
    findings, notes, count = [], [], 0
    for path in project.files(root):
        if path.suffix not in project.C_FILES:
            continue
        count += 1
        name = path.relative_to(root)
        lines = path.read_text().splitlines()
        if len(lines) > FILE_HARD:
            findings.append(f"{name}:1: {len(lines)} lines, the cap is {FILE_HARD}")
        elif len(lines) > FILE_SOFT:
            notes.append(f"{name}: {len(lines)} lines, over {FILE_SOFT}")
        for line, function, length in functions(lines):
            if length > FUNCTION_HARD:
                findings.append(f"{name}:{line}: {function}() has {length} lines, "
                                f"the cap is {FUNCTION_HARD}")
    for note in notes:
        print(f"note: {note}")
    project.finish("sizes", findings, count)


main()
