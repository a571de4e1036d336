# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command share: running it, and where things are."""

import json
import os
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHARED = SOURCE.parent / "shared"
NETPOL = os.environ.get("NETPOL", str(SOURCE / "build/dev/tools/netpol/netpol"))
CLUSTER = "examples/cluster"


class Result:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*args, stdin="", env=None, cwd=SOURCE):
    """Runs the command; never on a terminal."""
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    environment.update(env or {})
    return Result(subprocess.run([NETPOL, *args], input=stdin, env=environment, cwd=cwd,
                                 capture_output=True, text=True, timeout=300))
