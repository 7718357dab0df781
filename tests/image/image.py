"""image.py: the image in an emulated box, wired to the simulated ward (DESIGN.md, The image in QEMU).

    IMAGE_TESTS  which cases, by name, with commas (all of them); `help` lists them
    TARGET       x86_64 or aarch64
    IMAGE        the image, build/image/TARGET/wardgate.img unless said; it is copied, never changed
    IMAGE_CUTS   how often `cuts` takes the power away (20)
    IMAGE_SEED   what is drawn follows from it (1)

Each case prints a line; what its box said on the console is kept in build/image/TARGET/test-logs/CASE. Exit status 0
when all that were asked for passed.
"""

import os
import re
import shutil
import sys
import tempfile
import time
import traceback

sys.path[:0] = ["tests/kill", "tests/image"]
sys.dont_write_bytecode = True

import drive  # noqa: E402
import judge  # noqa: E402
from machine import need_programs  # noqa: E402
from stage import Failed  # noqa: E402

import cases  # noqa: E402
from bundles import Bundles  # noqa: E402
from scene import Scene  # noqa: E402

TARGET = os.environ.get("TARGET") or "x86_64"
OUT = f"build/image/{TARGET}"
LOGS = os.path.abspath(OUT + "/test-logs")


class Bench:
    """What a case gets: scenes, which are put away after it, whatever became of it."""

    made = None

    def __init__(self, name, work):
        self.name, self.work, self.target = name, work, TARGET
        self.out = os.path.abspath(OUT)
        self.image = os.path.abspath(os.environ.get("IMAGE") or f"{OUT}/wardgate.img")
        self.seed = int(os.environ.get("IMAGE_SEED") or 1)
        self.cuts = int(os.environ.get("IMAGE_CUTS") or 20)
        self.scenes = []

    def scene(self, name=None, **options):
        scene = Scene(name or self.name, self.target, options.pop("image", self.image), self.work, **options)
        self.scenes.append(scene)
        return scene

    def bundles(self):
        """Made when the first case wants one, then there for all."""
        if Bench.made is None:
            folder = os.path.join(self.work, "bundles")
            os.makedirs(folder)
            Bench.made = Bundles(folder, self.target, self.out)
        return Bench.made

    def say(self, text):
        print(f"       {self.name}: {text}", flush=True)

    def close(self):
        for number, scene in enumerate(self.scenes):
            scene.close()
            scene.keep_logs(os.path.join(LOGS, self.name if scene.name == self.name else f"{self.name}-{scene.name}"))
            scene.remove()


def play(name, work):
    """What was wrong; None: it passed."""
    bench = Bench(name, work)
    shutil.rmtree(os.path.join(LOGS, name), ignore_errors=True)
    try:
        cases.CASES[name](bench)
    except Failed as failed:
        return str(failed)
    except Exception:  # whatever else it is, it must not pass
        return traceback.format_exc()
    finally:
        bench.close()
    return None


def show_console(name):
    path = os.path.join(LOGS, name, "console.log")
    if os.path.exists(path):
        with open(path, errors="replace", encoding="utf-8") as console:
            lines = re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|\r", "", console.read()).splitlines()
        print("\n".join(f"       | {line}" for line in lines[-15:]))


def chosen():
    names = [name for name in (os.environ.get("IMAGE_TESTS") or "").replace(",", " ").split()]
    wrong = [name for name in names if name not in cases.CASES]
    if wrong:
        for name, case in cases.CASES.items():
            print(f"  {name:10} {case.__doc__.splitlines()[0]}")
        if wrong != ["help"]:
            print(f"wardgate: no such case ({wrong[0]}), use some of these")
        sys.exit(0 if wrong == ["help"] else 2)
    return names or list(cases.CASES)


def main():
    names = chosen()
    need_programs(TARGET)
    judge.self_test()
    os.makedirs(OUT, exist_ok=True)
    work = tempfile.mkdtemp(prefix="test.", dir=os.path.abspath(OUT))
    bad = []
    try:
        drive.self_test(work)
        for name in names:
            begun = time.monotonic()
            fault = play(name, work)
            print(f"{'ok' if fault is None else 'FAILED':6} {time.monotonic() - begun:6.0f} s  {name}"
                  + ("" if fault is None else f": {fault}"), flush=True)
            if fault is not None:
                bad.append(name)
                show_console(name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"logs: {LOGS}")
    print(f"{len(names) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
