"""A box in QEMU (TCG): a board with a disk, a console that is kept, a line to monitors, a network, a watchdog, USB."""

import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from card import copy
from link import wait_for
from stage import Failed, free_port

MEMORY_MIB = 512
EMERGENCY_S = 3600  # whatever happens to us, no machine runs for longer

FIRMWARE = {
    "x86_64": ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    "aarch64": ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
}
BOARD = {
    "x86_64": ["-machine", "q35", "-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+aes,+rdrand"],
    "aarch64": ["-machine", "virt", "-cpu", "cortex-a57"],
}
LINE = {"x86_64": "/dev/ttyS1", "aarch64": "/dev/ttyS0"}  # by its name on the box


class Machine:
    """folder: where its files are. line: a pty that its serial port is wired to. usb_line: one behind a USB adapter.
    drive: a Drive that notes what is written. forwards: ports that are reached from here, by `forwarded`, beside that of SSH. network, clock (UTC as of QEMU's -rtc base=), watchdog, more (words for QEMU)."""

    def __init__(self, folder, target, card, line=None, usb_line=None, drive=None, network=True, clock="utc", more=(), forwards=()):
        self.folder, self.target, self.card = folder, target, card
        self.line, self.usb_line, self.drive = line, usb_line, drive
        self.network, self.clock, self.more = network, clock, list(more)
        self.console = os.path.join(folder, "console.log")
        self.ssh_port = free_port()
        self.forwarded = {port: free_port() for port in forwards}
        self.process = self.control = None
        self.events = []
        self.powered_at = None
        self.bad_sectors = []  # of its disk: they cannot be read
        self.seen_from = 0  # where the console of this power-on begins

    # ---- power ----

    def words(self):
        code, variables = FIRMWARE[self.target]
        own = os.path.join(self.folder, "firmware-variables")
        if not os.path.exists(own):
            copy(variables, own)
        disk = f"driver=raw,node-name=disk,cache.direct=off,file.driver=file,file.filename={self.card.path}"
        if self.drive is not None:
            disk = (f"driver=blklogwrites,node-name=disk,log-sector-size=512,file.driver=raw,file.file.driver=file,"
                    f"file.file.filename={self.card.path},log.driver=file,log.filename={self.drive.log}")
        if self.bad_sectors:
            disk = ",".join([f"driver=raw,node-name=disk,file.driver=blkdebug,file.image.driver=file,file.image.filename={self.card.path}"]
                            + [f"file.inject-error.{i}.event=none,file.inject-error.{i}.iotype=read,file.inject-error.{i}.errno=5,"
                               f"file.inject-error.{i}.sector={sector},file.inject-error.{i}.once=off,file.inject-error.{i}.immediately=off"
                               for i, sector in enumerate(self.bad_sectors)])
        words = [
            f"qemu-system-{self.target}", *BOARD[self.target], "-accel", "tcg,thread=multi", "-smp", "2",
            "-m", str(MEMORY_MIB), "-display", "none", "-nodefaults", "-no-user-config", "-rtc", f"base={self.clock}",
            "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,unit=1,file={own}",
            "-blockdev", disk, "-device", "virtio-blk-pci,drive=disk,bootindex=1",
            "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
            "-qmp", f"unix:{os.path.join(self.folder, 'qmp')},server=on,wait=off",
            "-device", "qemu-xhci,id=usb", "-device", "virtio-rng-pci",
            "-device", "i6300esb", "-action", "watchdog=reset",
        ]
        if self.line is not None:
            words += ["-chardev", f"serial,id=line,path={self.line}"]
            words += ["-serial", "chardev:line"] if self.target == "x86_64" else ["-device", "pci-serial,chardev=line"]
        if self.usb_line is not None:
            words += ["-chardev", f"serial,id=usb-line,path={self.usb_line}"]
            words += ["-device", "usb-serial,bus=usb.0,chardev=usb-line,serial=WARD1"]
        if self.network:
            forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in {22: self.ssh_port, **self.forwarded}.items())
            words += ["-netdev", "user,id=net" + forwards,
                      "-device", "virtio-net-pci,netdev=net,romfile="]
        return words + self.more

    def start(self):
        if self.drive is not None:
            self.drive.begin()
        self.seen_from = os.path.getsize(self.console) if os.path.exists(self.console) else 0
        self.events = []
        with open(os.path.join(self.folder, "qemu.log"), "a", encoding="utf-8") as log:
            self.powered_at = time.monotonic()
            self.process = subprocess.Popen(
                ["timeout", "--foreground", "--signal=KILL", str(EMERGENCY_S), *self.words()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for("QEMU listens", self.reaches_control, 30):
            raise Failed(f"QEMU does not start, see {self.folder}/qemu.log")

    def is_on(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As by the mains plug, for whoever has told the disk (drive.py) what that means. `timeout` passes no KILL on."""
        if self.process is None:
            return
        for child in children_of(self.process.pid):
            os.kill(child, signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.close_control()

    # ---- QEMU's own monitor ----

    def reaches_control(self):
        if self.process.poll() is not None:
            raise Failed(f"QEMU ended, see {self.folder}/qemu.log")
        self.control = socket.socket(socket.AF_UNIX)
        try:
            self.control.connect(os.path.join(self.folder, "qmp"))
        except (FileNotFoundError, ConnectionRefusedError):
            self.control.close()
            return False
        self.control.settimeout(30)
        self.answers = self.control.makefile("r")
        self.answers.readline()
        self.ask("qmp_capabilities")
        return True

    def close_control(self):
        if self.control is not None:
            self.control.close()
            self.control = None

    def ask(self, command, **arguments):
        self.control.sendall((json.dumps({"execute": command, "arguments": arguments}) + "\n").encode())
        while True:
            answer = json.loads(self.answers.readline())
            if "event" in answer:
                self.events.append(answer["event"])
                continue
            if "error" in answer:
                raise Failed(f"QEMU: {command}: {answer['error']['desc']}")
            return answer["return"]

    def has_seen(self, event):
        """RESET, WATCHDOG, SHUTDOWN ... since the power was switched on."""
        self.ask("query-status")
        return event in self.events

    def forget_events(self):
        self.ask("query-status")
        self.events = []

    def plug_stick(self, path, name="stick"):
        self.ask("blockdev-add", **{"driver": "raw", "node-name": name, "file": {"driver": "file", "filename": path}})
        self.ask("device_add", driver="usb-storage", id=name + "-usb", drive=name, bus="usb.0", removable=True)

    def pull_stick(self, name="stick"):
        """A box that is just starting may hold on to it for a while."""
        if not wait_for("the stick is gone", lambda: self.let_go(name), 300, 2):
            raise Failed("the stick cannot be pulled")

    def let_go(self, name):
        if name + "-usb" in [device["name"] for device in self.ask("qom-list", path="/machine/peripheral")]:
            self.try_to("device_del", id=name + "-usb")
            return False
        return self.try_to("blockdev-del", **{"node-name": name})

    def try_to(self, command, **arguments):
        try:
            self.ask(command, **arguments)
        except Failed:
            return False
        return True

    # ---- what a person sees and types ----

    def said(self):
        """On the console since the power was switched on, without the controls of a terminal."""
        if not os.path.exists(self.console):
            return ""
        with open(self.console, "rb") as console:
            console.seek(self.seen_from)
            text = console.read().decode(errors="replace")
        return re.sub(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()=>].?)|\r", "", text)

    def ssh_words(self, key):
        return ["ssh", *self.login(key), "root@127.0.0.1"]

    def scp_words(self, key, file, to):
        """As the README has it."""
        return ["scp", "-O", *self.login(key), file, f"root@127.0.0.1:{to}"]

    def login(self, key):
        return ["-F", "none", "-i", key, "-o", f"Port={self.ssh_port}", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
                "-o", "IdentitiesOnly=yes"]


def children_of(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as file:
            found += [int(word) for word in file.read().split()]
    return found


def need_programs(target):
    for program in (f"qemu-system-{target}", "mcopy", "mkfs.fat", "ssh-keygen", "ssh"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            raise Failed(f"no {program}, install it (toolchain/install-dependencies image)")
