"""The engine: instructions an observation takes, which no other program on the machine can change."""

import os
import re
import subprocess

import scene
from scene import BUILD, Scene, row

PROGRAM = BUILD + "/bench/count_pieces"


def measure_instructions():
    a_bed = int(subprocess.run([PROGRAM, "observations"], capture_output=True, text=True, check=True).stdout)
    with Scene() as s:
        out = s.path("callgrind")
        words = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", PROGRAM]
        subprocess.run(words, check=True, env=dict(os.environ))
        words = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out]
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = {int(beds): int(count.replace(",", "")) for count, beds in
             re.findall(r"^\s*([\d,]+) \(.*piece_beds_(\d+)", listed, re.MULTILINE)}
    voting = re.search(r"^\s*([\d,]+) \(.*piece_votes_64", listed, re.MULTILINE)
    if sorted(found) != [8, 64] or voting is None:
        raise scene.Failed("callgrind has not counted the wards")
    each = {beds: count / (beds * a_bed) for beds, count in found.items()}
    for beds, instructions in sorted(each.items()):
        yield row("engine_observation", f"20 rules on its bed, {beds} beds", instructions, "instructions")
    votes = int(voting.group(1).replace(",", "")) / (64 * a_bed)
    yield row("engine_ward_rules", "2 rules over 64 beds, added", votes - each[64], "instructions",
              reference="without them", reference_value=each[64], reference_unit="instructions")
    yield row("engine_growth", "8 to 64 beds", (each[64] / each[8] - 1) * 100, "%", "most", 5)


FIGURES = {"engine": (measure_instructions, 1)}
