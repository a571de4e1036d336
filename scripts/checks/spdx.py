#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""spdx.py [ROOT]: every source says its licence in its first three lines."""

import project

SUFFIXES = project.C_FILES | {".cpp", ".def", ".cmake", ".map", ".py", ".sh"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def is_source(path):
    if path.suffix in SUFFIXES or path.name == "CMakeLists.txt":
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def main():
    root = project.root_from_arguments()
    findings, count = [], 0
    for path in project.files(root):
        if not is_source(path):
            continue
        count += 1
        with path.open(encoding="utf-8") as file:
            head = [file.readline() for line in range(3)]
        if not any(LICENCE in line for line in head):
            findings.append(f"{path.relative_to(root)}:1: {LICENCE} is missing")
    project.finish("spdx", findings, count)


main()
