"""A kernel that stands still: every processor of the box goes round in one place and takes no interrupt."""

import os
import socket
import time

from cases_boot import expect
from cases_watchdog import WATCHDOG_S
from stage import Failed

HELD_S = 120  # hold-watchdog: without the gateway
SLACK_S = 90  # an emulated box may run slower than its clock

# Where the program counter and the flags stand in what the debugger is given, what is done to the flags, and a jump to itself.
PROCESSORS = {
    "x86_64": (128, 8, 136, lambda flags: flags & ~0x200, "ebfe"),
    "aarch64": (256, 8, 264, lambda flags: flags | 0x3C0, "00000014"),
}


class Debugger:
    """QEMU's own (-gdb), by its remote protocol. The box stands while it is connected."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(60)
        self.stream = self.socket.makefile("rb")
        self.read()  # that the box was stopped

    def ask(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) & 255:02x}".encode())
        return self.read()

    def read(self):
        while self.stream.read(1) != b"$":
            pass
        answer = b""
        while (byte := self.stream.read(1)) != b"#":
            answer += byte
        self.stream.read(2)
        self.socket.sendall(b"+")
        return answer.decode()

    def freeze(self, target):
        counter, size, flags_at, change, loop = PROCESSORS[target]
        threads = self.ask("qfThreadInfo")
        while (more := self.ask("qsThreadInfo")) not in ("l", ""):
            threads += "," + more[1:]
        for thread in threads[1:].split(","):
            self.ask("Hg" + thread)
            registers = bytearray.fromhex(self.ask("g"))
            where = int.from_bytes(registers[counter : counter + size], "little")
            flags = int.from_bytes(registers[flags_at : flags_at + 4], "little")
            registers[flags_at : flags_at + 4] = change(flags).to_bytes(4, "little")
            for said in (self.ask(f"M{where:x},{len(loop) // 2:x}:{loop}"), self.ask("G" + registers.hex())):
                if said != "OK":
                    raise Failed(f"the debugger does not change processor {thread}: {said}")
        self.socket.sendall(b"$D#44")
        self.stream.read(1)
        self.socket.close()
        return len(threads[1:].split(","))


def freeze(bench, scene, when):
    """Until the watchdog has reset it, and its beds are watched again."""
    scene.machine.forget_events()
    count = Debugger(scene.debugger).freeze(bench.target)
    mark = scene.reads()
    stood = time.monotonic()
    scene.wait(f"the watchdog resets a kernel that stands still {when}", lambda: scene.machine.has_seen("WATCHDOG"),
               2 * HELD_S + SLACK_S, 0.5)
    seconds = time.monotonic() - stood
    expect(not scene.is_watched(mark=mark), f"{when}: it was not still, beds were read")
    expect(scene.machine.has_seen("RESET"), "the watchdog bit, but the box was not reset")
    watched = scene.wait_watched(mark=scene.reads())
    bench.say(f"{count} processors stood still {when}: reset after {seconds:.0f} s, watched again {watched:.0f} s later")
    return seconds


def hang(bench):
    """a kernel that stands still in the initrd, beside a gateway with the watchdog and one without: the board's watchdog resets it"""
    scene = bench.scene(more=f"watchdog: {{device: /dev/watchdog-box, timeout: {WATCHDOG_S}s}}\n")
    scene.debugger = os.path.join(scene.folder, "debugger")
    scene.options["more"] = ["-gdb", f"unix:{scene.debugger},server=on,wait=off"]
    scene.start_gateway()
    scene.wait("the slot is started", lambda: "slot A is started" in scene.machine.said(), 300, 0.1)
    expect(freeze(bench, scene, "in the initrd") <= HELD_S + SLACK_S, "that took too long")

    scene.wait_shell()
    fed = lambda: scene.status().get("watchdog", {}).get("hardware")
    scene.wait("the gateway has the watchdog", lambda: fed() == "fed", 90, 2)
    scene.wait("nobody else has it", lambda: scene.shell("pidof watchdog", check=False)[1] == "", 60, 2)
    expect(freeze(bench, scene, "while the gateway feeds the watchdog") <= WATCHDOG_S + SLACK_S, "that took too long")
    scene.power_down()

    scene.more = ""
    scene.set_up()
    scene.boot()
    scene.wait_shell()
    expect(fed() == "not_used", f"the gateway says of the watchdog: {fed()}")
    scene.wait("the box feeds it itself", lambda: scene.shell("pidof watchdog", check=False)[0] == 0, 240, 2)
    freeze(bench, scene, "beside a gateway without the watchdog")
    scene.power_down()
