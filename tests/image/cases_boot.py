"""A box that was just flashed, with everything there; and what cases ask of what they saw."""

import socket
import time

import judge
from stage import Failed


def expect(good, what):
    if not good:
        raise Failed(what)


def judge_firsts(scene):
    """Of what arrived: no gap, the order at each bed, one content a name."""
    arrived = list(scene.link.arrived)
    firsts = judge.firsts_of(arrived)
    broken = [*judge.judge_no_gap(firsts), *judge.judge_order(firsts), *judge.judge_content(arrived, one_epoch=False), *judge.judge_once(arrived)]
    expect(not broken, f"what arrived is not whole: {'; '.join(broken[:3])}")
    return len(firsts)


def listeners(scene):
    """(port, whether others than the box reach it by address) of each TCP socket that is listened at."""
    found = set()
    for line in scene.shell("cat /proc/net/tcp /proc/net/tcp6").splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == "0A":
            address, port = words[1].rsplit(":", 1)
            found.add((int(port, 16), address not in ("0100007F", "00000000000000000000000001000000")))
    return found


HL7_PORT, CLOSED_PORT = 2575, 2999


def connects(scene, port):
    """Whether a connection from outside reaches the box. QEMU takes it in any case, so the box is asked."""
    with socket.create_connection(("127.0.0.1", scene.machine.forwarded[port]), timeout=10):
        end = time.monotonic() + 6
        while time.monotonic() < end:
            lines = scene.shell("cat /proc/net/tcp /proc/net/tcp6").splitlines()
            words = [line.split() for line in lines if len(line.split()) > 3]
            if any(word[1].endswith(f":{port:04X}") and word[3] in ("01", "03") for word in words):
                return True
    return False


def judge_firewall(bench, scene):
    """What is not asked for is closed, though a program listens there; what is listened to is open."""
    rules = scene.shell("nft list chain inet wardgate input")
    for words in ("policy drop", f"tcp dport {HL7_PORT} accept", "tcp dport 22 "):
        expect(words in rules, f"the firewall that is in force lacks {words!r}: {rules}")
    for port in (HL7_PORT, CLOSED_PORT):  # the gateway opens no line that has no bed
        scene.shell(f"systemd-run --quiet --unit=listens-{port} busybox nc -ll -p {port} -e cat")
    scene.wait("programs listen", lambda: {HL7_PORT, CLOSED_PORT} <= {port for port, _ in listeners(scene)}, 30, 1)
    expect(connects(scene, HL7_PORT), f"port {HL7_PORT} of an HL7 bus is closed")
    expect(not connects(scene, CLOSED_PORT), f"port {CLOSED_PORT} is open, and nothing asked for it")
    scene.shell(f"nft insert rule inet wardgate input tcp dport {CLOSED_PORT} accept")
    expect(connects(scene, CLOSED_PORT), f"port {CLOSED_PORT} stays closed when the firewall is opened: nothing is seen of it")
    scene.shell("systemctl stop 'listens-*'; nft -f /etc/nftables.conf")
    bench.say(f"the firewall is in force: port {HL7_PORT} of an HL7 bus is open, another one is closed")


def judge_mounts(scene):
    """Nothing can be run from what can be written to."""
    options = {line.split()[1]: line.split()[3].split(",") for line in scene.shell("cat /proc/mounts").splitlines()}
    for where in ("/efi", "/data", "/var", "/tmp"):
        expect({"noexec", "nosuid", "nodev"} <= set(options.get(where, [])), f"{where} is mounted {options.get(where)}")
    expect("ro" in options["/"], "the root is writable")
    for where in ("/efi", "/data"):
        code, said = scene.shell(f"cp /usr/bin/true {where}/true && {where}/true", check=False)
        expect(code != 0, f"a program in {where} runs")
        scene.shell(f"rm -f {where}/true")


def boot(bench):
    """a flashed box watches its beds, says so, and its alerts arrive; what it lets in, and what can be run on it"""
    scene = bench.scene(forwards=(HL7_PORT, CLOSED_PORT))
    scene.card.write("wardgate.yaml", scene.config().replace("beds:\n", f"  central: {{kind: hl7, listen: \"0.0.0.0:{HL7_PORT}\"}}\nbeds:\n"))
    seconds = scene.boot()
    scene.wait_for_stays()
    bench.say(f"watched {seconds:.1f} s after power-on")
    first = scene.raise_alarm("b1")
    expect(first["delivery"]["durable"], "the first alert was not durable")
    begun, ended = scene.raise_alarm("b3"), scene.end_alarm("b3")
    expect(ended["id"] == begun["id"] and ended["seq"] > begun["seq"], f"the end of {begun['id']} is that of {ended['id']}")

    scene.wait_shell()
    expect(scene.status().get("storage", {}).get("state") == "ok", "the store does not say that it is well")
    open_ports = {port for port, from_outside in listeners(scene) if from_outside}
    expect(open_ports <= {22}, f"something listens beside SSH: {sorted(open_ports)}")
    closed, opened = (int(scene.shell(f"systemctl show -p {what} --value {unit}")) for what, unit in (
        ("ExecMainExitTimestampMonotonic", "nftables"), ("ExecMainStartTimestampMonotonic", "systemd-networkd")))
    expect(0 < closed <= opened, f"the firewall is loaded at {closed} us, behind the network ({opened} us)")
    judge_firewall(bench, scene)
    judge_mounts(scene)
    passwords = [line for line in scene.shell("cat /etc/shadow").splitlines() if line.split(":")[1] not in ("*", "!", "!*", "!!")]
    expect(not passwords, f"a password would be taken: {passwords}")
    written, said = scene.shell("touch /usr/written", check=False)
    expect(written != 0, "the root can be written to")
    scene.shell("rauc status --output-format=shell >/dev/null")
    asked, said = scene.shell("systemd-run --quiet --wait --pipe --collect --uid=wardgate rauc status --output-format=shell", check=False)
    expect(asked != 0, f"the gateway's user may tell RAUC what to do: {said!r}")
    identity = scene.shell("cat /etc/machine-id; hostname; ls /data/etc")
    scene.wait("the report says that beds are watched", lambda: "3 beds" in scene.shell("cat /efi/report.txt", check=False)[1], 90, 2)
    scene.power_down()
    expect("3 beds" in scene.report(), f"report.txt does not say that 3 beds are watched: {scene.report()!r}")
    bench.say(f"{judge_firsts(scene)} alerts arrived, report.txt says: {first_line(scene.report())}")

    scene.machine.more += ["-device", "VGA"]
    scene.boot()
    scene.wait_shell()
    scene.wait("the screen says that beds are watched", lambda: "watches 3 beds" in scene.shell("cat /dev/vcs1"), 90, 2)
    scene.machine.ask("screendump", filename=scene.path("screen.png"), format="png")
    expect(scene.shell("cat /etc/machine-id; hostname; ls /data/etc") == identity, "the box has another identity at its second boot")
    scene.end_alarm("b1")
    bench.say(f"{judge_firsts(scene)} alerts over two boots")
    scene.power_down()


def first_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "nothing"
