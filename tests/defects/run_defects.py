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
                      r"unit/source/|.*faults|tool/list|bench)")
# Tried first: they catch most.
FIRST = ["unit/dialect/lowering", "matcher", "properties", "matrix", "unit/reference/eval",
         "unit/model/ends", "unit/model/selector", "unit/model/inventory"]


def defects():
    text = (ROOT / "libnetpol/base/defect.def").read_text()
    return re.findall(r"^NP_DEFECT\((\w+),\s*\"(.*)\"\)$", text, re.M)


def commands(build):
    """Name, command and working directory of the tests, the most telling first."""
    shown = subprocess.run(["ctest", "--show-only=json-v1", "-L", "quick"], cwd=build, check=True,
                           capture_output=True, text=True)
    found = []
    for test in json.loads(shown.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        if "command" in test and not LEFT_OUT.match(test["name"]):
            found.append((test["name"], test["command"], properties))
    order = {name: i for i, name in enumerate(FIRST)}
    return sorted(found, key=lambda t: order.get(t[0], len(order)))


def fails(test, defect):
    name, command, properties = test
    environment = dict(os.environ)
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
    """The name of the first test that notices, or None."""
    for test in tests:
        if fails(test, defect):
            return test[0]
    return None


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
        caught = list(pool.map(lambda d: catch(tests, d[0]), wanted))
    for (name, what), by in zip(wanted, caught):
        print(f"{name}: {what}: " + (f"caught by {by}" if by else "NOT CAUGHT"))
    count = sum(by is not None for by in caught)
    print(f"{count} of {len(wanted)} seeded defects caught in {time.monotonic() - began:.0f} s, "
          f"by {len(set(caught) - {None})} of {len(tests)} tests")
    return 0 if count == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
