# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files the project has, and how a finding is reported."""

import pathlib
import subprocess
import sys

C_FILES = {".c", ".h"}


def root_from_arguments():
    """The tree to look at: the first argument, or the tree this file is in."""
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1]).resolve()
    return pathlib.Path(__file__).resolve().parents[2]


def files(root):
    """Every file of the project: what git knows, or else what lies in the tree."""
    try:
        listing = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout
        paths = [root / name for name in listing.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in root.rglob("*") if "build" not in path.parts]
    return sorted(path for path in set(paths) if path.is_file())


def finish(check, findings, looked_at):
    """Prints the findings and ends the program: 1 when there are any, or nothing was looked at."""
    for finding in findings:
        print(finding)
    if not looked_at:
        print(f"{check}: nothing to look at")
    print(f"{check}: {looked_at} files, {len(findings)} findings")
    sys.exit(1 if findings or not looked_at else 0)
