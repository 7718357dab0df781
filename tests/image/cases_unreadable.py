"""A boot partition that is there and cannot be read: a worn card."""

import time

from card import BOOT, SECTOR
from cases_boot import expect
from cases_input import forget_report, says, told_line
from cases_update import wait_good

NOT_MOUNTED = "the boot partition cannot be mounted"
PADDING = "# another one\n"
BETWEEN = 256 << 10  # firmware reads 64 KiB at once: a bad sector so near behind the boot loader keeps that from being loaded
STAYS_S = 100  # longer than it takes to mark a version as good, or to find that it cannot be


def unreadable(bench):
    """bad sectors in wardgate.yaml, then in the file system of the boot partition: told, and the last good configuration goes on"""
    scene = bench.scene()
    good = scene.config()
    scene.boot()
    wait_good(scene, bench.bundles().version)
    scene.power_down()

    scene.machine.more += ["-device", "VGA"]
    scene.card.write("between", bytes(BETWEEN))
    scene.card.write("wardgate.yaml", good + PADDING * 200)
    forget_report(scene)
    scene.machine.bad_sectors = scene.card.sectors_of((PADDING * 60).encode())
    goes_on(bench, scene, f"{len(scene.machine.bad_sectors)} sectors of wardgate.yaml", "wardgate.yaml cannot be read")
    scene.wait("report.txt tells of it, too", lambda: all(says(scene, (words,)) for words in ("wardgate.yaml cannot be read", "NOT that of this partition")), 120, 3)
    bench.say("report.txt: " + told_line(scene.shell("cat /efi/report.txt"), ("wardgate.yaml cannot be read",)))
    scene.power_down()

    # Firmware and boot loader do without what stands there, the kernel does not mount it.
    scene.machine.bad_sectors = [scene.card.partitions()[BOOT][0] // SECTOR + 1]
    goes_on(bench, scene, "a sector of its file system", NOT_MOUNTED)
    told = scene.shell("wardgate box report", check=False)[1]
    expect(NOT_MOUNTED in told and "there is no such file" not in told, f"the report does not tell of it: {told}")
    expect(scene.shell("grep ' /efi ' /proc/mounts", check=False)[1] == "", "the boot partition is mounted: nothing is seen of that")
    time.sleep(STAYS_S)
    expect(not scene.machine.has_seen("RESET"), "the box starts itself again")
    scene.raise_alarm("b1")
    scene.power_down()

    scene.machine.bad_sectors = []
    scene.boot()
    scene.wait_shell()
    scene.end_alarm("b1")
    scene.wait("report.txt says that all is well", lambda: all(says(scene, (words,)) for words in ("watches 3 beds", "the one of this partition is in force")), 120, 3)
    scene.power_down()


def goes_on(bench, scene, what, words):
    """Watched with the last good one, and told of on the console and the screen."""
    seconds = scene.boot()
    scene.wait(f"{what}: the console says so", lambda: words in scene.machine.said(), 240, 2)
    scene.wait_shell()
    scene.wait(f"{what}: the screen says so", lambda: words in scene.shell("cat /dev/vcs1"), 90, 2)
    line = next(line.strip() for line in scene.machine.said().splitlines() if words in line)
    bench.say(f"{what} cannot be read: watched {seconds:.1f} s after power-on, the console: {line}")
