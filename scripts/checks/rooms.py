#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rooms.py [ROOT]: a room includes only public headers and rooms listed before it.

The order is the one of libnetpol/CMakeLists.txt. The public headers include each other and the
language's own; the command and the examples see public headers only; a library that we link is
included by the room that owns it and by nobody else.
"""

import re

import project

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# match runs per packet and is part of libnetpol-runtime: it sees less than its place would allow.
ALLOWED = {"match": {"base", "image", "regex", "match"}}
# header of a library -> the room that alone includes it
OWNERS = {"yaml.h": "source", "jansson.h": "source", "libcidr.h": "model", "xxhash.h": "base",
          "sha2.h": "dialect"}
PUBLIC_ONLY = ("include", "tools", "examples")


def room_order(root):
    text = (root / "libnetpol/CMakeLists.txt").read_text()
    return re.search(r"set\(NETPOL_ROOMS([^)]*)\)", text).group(1).split()


def judge_library(path, room, order, quoted, target):
    """What is wrong with one include of a library file, or None."""
    if not quoted:
        owner = OWNERS.get(target, room)
        return None if owner == room else f"<{target}> belongs to room {owner}"
    if "/" not in target:
        return None if (path.parent / target).is_file() else "write the room: \"room/file.h\""
    other = target.split("/")[0]
    if other not in order:
        return f"{other} is not a room"
    allowed = ALLOWED.get(room, set(order[:order.index(room) + 1]))
    return None if other in allowed else f"room {room} must not know room {other}"


def judge_public(path, root, quoted, target):
    """Public headers, the command and the examples: <netpol/...> and what lies beside them."""
    if not quoted:
        return None
    if path.is_relative_to(root / "include"):
        return "a public header includes with <>"
    if (path.parent / target).is_file():
        return None
    return "only public headers and files beside it may be included"


def main():
    root = project.root_from_arguments()
    order = room_order(root)
    findings, count = [], 0
    for path in project.files(root):
        parts = path.relative_to(root).parts
        in_library = parts[0] == "libnetpol" and len(parts) > 2
        if path.suffix not in project.C_FILES or not (in_library or parts[0] in PUBLIC_ONLY):
            continue
        count += 1
        if in_library and parts[1] not in order:
            findings.append(f"{path.relative_to(root)}:1: {parts[1]} is not a listed room")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, target = match.group(1) == '"', match.group(2)
            wrong = (judge_library(path, parts[1], order, quoted, target) if in_library
                     else judge_public(path, root, quoted, target))
            if wrong:
                findings.append(f"{path.relative_to(root)}:{number}: {target}: {wrong}")
    project.finish("rooms", findings, count)


main()
