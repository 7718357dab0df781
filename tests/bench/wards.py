"""Simulated wards: how many days of one a minute of processor time holds, so that `make test-sim` can be run for long."""

import re
import subprocess

import scene
from scene import BUILD, row

PROGRAM = BUILD + "/tests/sim"
SEED, DAYS = 1, 1


def measure_days():
    """By the processor time of the run itself, whoever else is at work."""
    done = subprocess.run([PROGRAM, str(SEED), str(DAYS)], capture_output=True, text=True, check=False)
    found = re.search(r"of CPU \(([\d.]+) a minute\)", done.stdout)
    if done.returncode != 0 or found is None:
        raise scene.Failed(f"the simulated ward ends early: {done.stderr.strip()[:200]}")
    yield row("simulated_days", "8 beds with 6 vitals at 1 Hz, all failing", float(found.group(1)), "a minute of CPU", "least", 8)


FIGURES = {"simulated": (measure_days, 3)}
