"""A box among what it is for: a ward of two monitors on a serial line and more of them in the network, a broker, and the
hands of an engineer, who flashes it, edits two files on its boot partition, reads report.txt, and plugs sticks in."""

import json
import os
import shutil
import subprocess
import time

from card import Card, run
from link import wait_for
from machine import LINE, Machine
from stage import LIMIT, NORMAL, PROFILE, RULE, RULES, Failed, Stage, until

HOST = "10.0.2.2"  # this machine, as the box sees it (QEMU's user network)
SERIAL_BEDS = 2
BOOT_S = 600  # a bound for failures: a boot takes 20 to 60 s on an idle machine
REPORT = "report.txt"
STORE_MIB = 16

# As quick as a line may be asked, so that little time is waited for.
SLOWER = PROFILE.replace("200ms", "300ms")


class Scene(Stage):
    """name: of the case. image: flashed onto a disk of its own. options: of Machine."""

    def __init__(self, name, target, image, work, beds=3, more="", rules=RULES, usb=False, **options):
        self.name, self.target, self.work = name, target, work
        self.usb = usb
        super().__init__(beds=beds, rules=rules, more=more)
        self.key = self.path("engineer")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "engineer", "-f", self.key])
        self.card = Card.flashed(image, os.path.join(work, name + ".img"))
        if target == "x86_64":
            self.card.spare_the_timer()
        self.options = options
        self.machine = None
        self.set_up()

    # ---- the ward ----

    def start_ward(self):
        lines = [f"control {self.path('ward.sock')}",
                 f"line line-a {self.path('line-a')} baud=19200 parity=even turnaround=2ms",
                 f"tcp gw 127.0.0.1:{self.ward_port} turnaround=1ms"]
        lines += [f"monitor {bed} {'line-a' if i < SERIAL_BEDS else 'gw'} {i + 1} generated seed={i + 1}"
                  for i, bed in enumerate(self.beds)]
        self.write("ward.conf", "\n".join(lines) + "\n")
        self.start([os.environ["WARD"], "-q", self.path("ward.conf")], "ward.log")
        if not wait_for("the ward is ready", self.reaches_ward, 10):
            raise Failed("the ward is not ready")
        self.answers = self.control.makefile("r")
        self.ask_ward(f"line-a stamp {self.path('stamps')}")
        for bed in self.beds:
            self.set_rate(bed, NORMAL)

    # ---- the boot partition ----

    def config(self, brokers=None):
        device = "/dev/ttyUSB0" if self.usb else LINE[self.target]
        beds = "".join(
            f"  {bed}: {{bus: {'line-a' if i < SERIAL_BEDS else 'gw'}, address: {i + 1}, profile: quick, class: adult}}\n"
            for i, bed in enumerate(self.beds))
        return (
            "gateway: {id: gw-box, site: test, ward: w1}\n"
            f"store: {{path: /var/lib/wardgate, size: {STORE_MIB}MiB, trends: 1h}}\n"
            f'uplink: {{brokers: ["mqtt://{HOST}:{self.link.port}"], insecure: true, keep_alive: 5s}}\n'
            f"stay_after: 1s\nrules: [rules/kill.yaml]\n{self.more}"
            f"buses:\n  line-a: {{kind: modbus-rtu, device: {device}, baud: 19200, parity: even}}\n"
            f"  gw: {{kind: modbus-tcp, host: {HOST}, port: {self.ward_port}}}\nbeds:\n{beds}")

    def network(self):
        with open(self.key + ".pub", encoding="ascii") as file:
            return f"ssh:\n  keys:\n    - {file.read().strip()}\n"

    def set_up(self):
        """What the README has a person do on a laptop."""
        self.card.write("wardgate.yaml", self.config())
        self.card.write("network.yaml", self.network())
        self.card.write("rules/kill.yaml", self.rules_text())
        self.card.write("profiles/quick.yaml", SLOWER)

    def rules_text(self):
        with open(self.path("rules/kill.yaml"), encoding="utf-8") as file:
            return file.read()

    def report(self):
        """report.txt, of a box that is off."""
        return self.card.read(REPORT) or ""

    # ---- the box ----

    def start_gateway(self):
        """Power on."""
        with self.hand:
            self.struck = False
            self.starts += 1
            self.mark = self.reads()
            if self.machine is None:
                line = self.path("line-a")
                self.machine = Machine(self.folder, self.target, self.card, line=None if self.usb else line,
                                       usb_line=line if self.usb else None, **self.options)
            self.machine.start()

    def strike_gateway(self):
        with self.hand:
            if not self.struck:
                self.struck = True
                self.machine.kill()

    def kill_gateway(self):
        self.strike_gateway()

    def power_down(self):
        """As people do it: the plug is pulled. What the disk had been given by then it keeps (else: drive.py)."""
        self.strike_gateway()

    def is_watched(self, beds=None, mark=None):
        """Each of these beds was read since the power came on, or since the mark."""
        now, mark = self.reads(), mark or self.mark
        return all(now[bed] - mark[bed] >= 2 for bed in beds or self.beds)

    def wait_for_stays(self, patience_s=BOOT_S):
        super().wait_for_stays(patience_s)

    def wait_watched(self, beds=None, patience_s=BOOT_S, mark=None):
        begun = time.monotonic()
        self.wait("the beds are watched", lambda: self.is_watched(beds, mark), patience_s)
        return time.monotonic() - begun

    def wait(self, what, done, patience_s, step_s=0.2):
        end = time.monotonic() + patience_s
        while not done():
            if not self.machine.is_on():
                raise Failed(f"the box went off by itself before: {what}")
            if time.monotonic() > end:
                raise Failed(f"not within {patience_s:g} s: {what}")
            time.sleep(step_s)

    def boot(self, beds=None):
        self.start_gateway()
        return self.wait_watched(beds)

    def shell(self, command, check=True, input=None, patience_s=180):
        """What a command said on the box, over SSH with the key that was given."""
        try:
            done = subprocess.run([*self.machine.ssh_words(self.key), command], capture_output=True, check=False,
                                  input=input, timeout=patience_s, **({} if input is not None else {"stdin": subprocess.DEVNULL}))
        except subprocess.TimeoutExpired as late:
            raise Failed(f"no answer from the box within {patience_s} s: {command}") from late
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        if check and done.returncode != 0:
            raise Failed(f"on the box, {command}: status {done.returncode}: {said[-600:]}")
        return said if check else (done.returncode, said)

    def wait_shell(self, patience_s=BOOT_S):
        """sshd comes after the ward."""
        self.wait("a shell over SSH", lambda: self.shell("true", check=False)[0] == 0, patience_s, 1)

    def status(self):
        code, said = self.shell("wardgate status --json", check=False)
        try:
            return json.loads(said.splitlines()[0]) if code == 0 else {}
        except (ValueError, IndexError):
            return {}

    def ask_gateway(self, command, *words):
        raise NotImplementedError("by shell()")

    def history(self):
        return [json.loads(line) for line in self.shell("wardgate history --json").splitlines()]

    def slot(self):
        """A or B, as the kernel was told."""
        line = self.shell("cat /proc/cmdline")
        return line.split("rauc.slot=")[1][0]

    def version(self):
        return self.shell("wardgate --version").split()[-1]

    # ---- alarms ----

    def alerts(self, bed, rule=RULE, phase=None):
        return [a.alert for a in list(self.link.arrived) if a.alert.get("bed") == bed and a.alert["rule"] == rule
                and (phase is None or a.alert["phase"] == phase)]

    def raise_alarm(self, bed, over=10, patience_s=240):
        """A rate above the limit; the alert that it is told by."""
        before = len(self.alerts(bed, phase="start"))
        self.set_rate(bed, LIMIT + over)
        self.wait(f"the alarm of {bed} arrives", lambda: len(self.alerts(bed, phase="start")) > before, patience_s)
        return self.alerts(bed, phase="start")[-1]

    def end_alarm(self, bed, patience_s=240):
        before = len(self.alerts(bed, phase="end"))
        self.set_rate(bed, NORMAL)
        self.wait(f"the alarm of {bed} ends", lambda: len(self.alerts(bed, phase="end")) > before, patience_s)
        return self.alerts(bed, phase="end")[-1]

    # ---- the end ----

    def keep_logs(self, folder):
        """What was said on its console and by its journal outlives the case."""
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(self.folder):
            if name.endswith((".log", ".txt", ".conf", ".png")) or name == "stamps":
                shutil.copy(self.path(name), folder)
        try:
            report = self.report()
        except Failed as failed:
            report = str(failed) + "\n"
        with open(os.path.join(folder, REPORT), "w", encoding="utf-8") as file:
            file.write(report)

    def close(self):
        if self.machine is not None:
            self.machine.kill()
        super().close()

    def remove(self):
        super().remove()
        for suffix in ("", ".before", ".log"):
            if os.path.exists(self.card.path + suffix):
                os.unlink(self.card.path + suffix)
