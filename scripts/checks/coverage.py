#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py [ROOT [SPEC_FOLDER]]: every line of the coverage maps has its proof.

docs/coverage/README.md describes the maps. Each row must name tests that exist, or say why there
is none. Where the documents that a map covers are at hand (SPEC_FOLDER, default ROOT/../shared/spec),
every bullet, table row and sentence of the covered sections must have its row, and no row may be left over.

coverage.py --list SPEC.md SECTION...: prints the items of a document, with their numbers.
"""

import hashlib
import pathlib
import re
import sys

import project

COVERS = re.compile(r"<!-- covers: (\S+\.md)((?: [0-9.]+)+) -->")
ROW = re.compile(r"\| *([0-9][0-9.]*/[0-9]+)(?:~([0-9a-f]{4}))? *\|(.*)\|(.*)\|\s*$")
PROOF = re.compile(r"`([^`#]+)(?:#([^`]+))?`")
# none: states no behaviour of ours; later: a later piece of the project builds it.
EXCUSE = re.compile(r"^(none|later): \S.{9,}")
RULE = re.compile(r"\|[-|: ]+$")
HEADING = re.compile(r"#+ ([0-9]+(?:\.[0-9]+)*)\.? ")


def within(section, wanted):
    return any(section == name or section.startswith(name + ".") for name in wanted)


def sentences(prose):
    """What a paragraph outside bullets and tables says, statement by statement."""
    return [piece for piece in re.split(r"(?<=[.;])\s+(?=[A-Za-z_`(])", prose) if piece]


def blocks(document):
    """(section, text) of each bullet, table row and sentence, in order."""
    section, prose, inside = "", "", False
    lines = document.read_text().splitlines()
    for line, below in zip(lines, lines[1:] + [""]):
        heading = HEADING.match(line)
        bullet = re.match(r"(- |[0-9]+\. )", line)
        plain = line.strip() and not (heading or bullet or line.startswith(("|", " ")))
        if plain:
            prose += " " + line
            inside = False
            continue
        if line.startswith(" ") and not inside:
            prose += " " + line
            continue
        yield from ((section, piece) for piece in sentences(prose.strip()))
        prose = ""
        if heading:
            section = heading.group(1)
        elif bullet:
            inside = True
            yield section, line
        elif line.startswith("|") and not (RULE.match(line) or RULE.match(below)):
            yield section, line
        if not line.strip():
            inside = False
    yield from ((section, piece) for piece in sentences(prose.strip()))


def mark(text):
    """Four digits that change when the statement does, so that a map notices."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:4]


def items(document, wanted):
    """(number, mark, first words) of each statement in the wanted sections."""
    counts = {}
    for section, text in blocks(document):
        if within(section, wanted):
            counts[section] = counts.get(section, 0) + 1
            yield f"{section}/{counts[section]}", mark(text), text.strip("|- ")[:90]


def judge_proof(root, proof):
    """What is wrong with the last cell of a row, or None."""
    if EXCUSE.match(proof):
        return None
    named = PROOF.findall(proof)
    if not named:
        return "neither a test nor a reason"
    for name, word in named:
        path = root / name
        if not name.startswith(("tests/", "fuzz/")) or not path.exists():
            return f"{name} is not a test"
        if word:
            files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
            if not any(word in file.read_text(errors="replace") for file in files):
                return f"{name} has no {word}"
    return None


def judge_completeness(name, document, sections, seen):
    """The items without a row, the rows without an item, and the rows whose item has changed."""
    there = {number: (now, words) for number, now, words in items(document, sections)}
    for number in sorted(set(there) - set(seen)):
        yield f"{name}: {document.name} {number} is not covered: {there[number][1]}"
    for number, (line, then) in sorted(seen.items()):
        if number not in there:
            yield f"{name}:{line}: {document.name} has no {number}"
        elif then and then != there[number][0]:
            yield (f"{name}:{line}: {document.name} {number} has changed, is now "
                   f"~{there[number][0]}: {there[number][1]}")


def judge_map(root, spec, path):
    name, covered, findings = path.relative_to(root), None, []
    parts = []  # (document, sections, {number: (line, mark)})
    for line_number, line in enumerate(path.read_text().splitlines(), 1):
        covers = COVERS.match(line)
        if covers:
            parts.append((covers.group(1), covers.group(2).split(), {}))
            covered = parts[-1]
        row = ROW.match(line)
        if not row:
            if line.startswith("|") and not re.match(r"\|( item|[-|: ]+$)", line):
                findings.append(f"{name}:{line_number}: not a row of a map")
            continue
        if covered is None:
            findings.append(f"{name}:{line_number}: a row before any 'covers:'")
            continue
        if row.group(1) in covered[2]:
            findings.append(f"{name}:{line_number}: {row.group(1)} stands twice")
        covered[2][row.group(1)] = (line_number, row.group(2))
        wrong = judge_proof(root, row.group(4).strip())
        if wrong:
            findings.append(f"{name}:{line_number}: {row.group(1)}: {wrong}")
    if not any(rows for _, _, rows in parts):
        findings.append(f"{name}:1: covers nothing")
    for document, sections, rows in parts:
        if (spec / document).is_file():
            findings += judge_completeness(name, spec / document, sections, rows)
    return findings


def main():
    if sys.argv[1:2] == ["--list"]:
        for number, now, words in items(pathlib.Path(sys.argv[2]), sys.argv[3:]):
            print(f"| {number}~{now} | {words} | |")
        return
    root = project.root_from_arguments()
    spec = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root.parent / "shared/spec"
    if not spec.is_dir():
        print(f"SKIP: {spec} is not here: completeness of the coverage maps is not judged")
    maps = sorted(path for path in (root / "docs/coverage").glob("*.md")
                  if path.name != "README.md")
    findings = [finding for path in maps for finding in judge_map(root, spec, path)]
    project.finish("coverage", findings, len(maps))


main()
