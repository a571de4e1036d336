#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does the suite notice when the library is wrong?

Switches the seeded defects (libnetpol/base/defect.def) on one at a time and runs the quick tests of
a build that has them until one fails. First all of them must pass without a defect. Prints a line
for each defect and fails when one was not caught.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What is about the sources, the build or memory, and so cannot see a wrong verdict.
LEFT_OUT = re.compile(r"^(checks|install|headers|exports|examples|fuzz|format|defects|unit/base/|"
                      r"unit/source/|.*faults|tool/list|bench|cross)")
# Tried first, by the part of the library that is wrong.
FIRST = {
    "model": ["unit/model/", "unit/dialect/lowering", "properties", "matrix", "unit/reference/"],
    "dialects": ["unit/dialect/", "cases/kubernetes"],
    "calico": ["cases/calico", "unit/dialect/calico", "calico"],  # the random sets last
    "cilium": ["cases/cilium", "unit/dialect/cilium", "cilium"],
    "names": ["unit/api/names", "names"],
    "compile": ["matcher", "unit/compile/"],
    "match": ["matcher", "unit/match/"],
    "image": ["unit/image/", "matcher"],
}


def defects():
    """Name, part of the library and meaning of every defect."""
    found, part = [], ""
    for line in (ROOT / "libnetpol/base/defect.def").read_text().splitlines():
        if heading := re.match(r"/\* ---- (\w+) ---- \*/", line):
            part = heading[1]
        elif entry := re.match(r"NP_DEFECT\((\w+), \"(.*)\"\)$", line):
            found.append((entry[1], part, entry[2]))
    return found


def commands(build):
    """Name, command and properties of the tests."""
    shown = subprocess.run(["ctest", "--show-only=json-v1", "-L", "quick"], cwd=build, check=True,
                           capture_output=True, text=True)
    found = []
    for test in json.loads(shown.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        if "command" in test and not LEFT_OUT.match(test["name"]):
            found.append((test["name"], test["command"], properties))
    return found


def fails(test, defect):
    name, command, properties = test
    environment = dict(os.environ)
    environment.update(v.split("=", 1) for v in properties.get("ENVIRONMENT", []))
    if defect:
        environment["NETPOL_DEFECT"] = defect
    try:
        done = subprocess.run(command, cwd=properties.get("WORKING_DIRECTORY"), env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=300)
    except subprocess.TimeoutExpired:
        return True
    wanted = properties.get("PASS_REGULAR_EXPRESSION")
    if wanted:
        return not re.search("|".join(wanted), done.stdout + done.stderr, re.M)
    return done.returncode not in (0, properties.get("SKIP_RETURN_CODE", 0))


def catch(tests, defect):
    """The name of the first test that notices, or None, and how long it took to get there."""
    began = time.monotonic()
    name, part, _ = defect
    first = FIRST.get(part, [])

    def place(test):
        return next((i for i, begin in enumerate(first) if test[0].startswith(begin)), len(first))

    for test in sorted(tests, key=place):
        if fails(test, name):
            return test[0], time.monotonic() - began
    return None, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--some", type=int, metavar="N", help="every N-th defect only")
    parser.add_argument("--only", help="this one")
    arguments = parser.parse_args()
    wanted = [d for d in defects()[::arguments.some or 1]
              if arguments.only in (None, d[0])]
    tests = commands(arguments.build)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        broken = [t[0] for t, bad in zip(tests, pool.map(lambda t: fails(t, None), tests)) if bad]
    if broken or not tests or not wanted:
        print("without a defect these fail:", ", ".join(broken) or "no tests, or no defect")
        return 1
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        caught = list(pool.map(lambda d: catch(tests, d), wanted))
    for (name, part, what), (by, seconds) in zip(wanted, caught):
        print(f"{part}: {name}: {what}: {f'caught by {by}' if by else 'NOT CAUGHT'}, "
              f"{seconds:.1f} s")
    names = {by for by, _ in caught if by}
    count = sum(by is not None for by, _ in caught)
    print(f"{count} of {len(wanted)} seeded defects caught in {time.monotonic() - began:.0f} s, "
          f"by {len(names)} of {len(tests)} tests")
    return 0 if count == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
