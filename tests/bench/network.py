"""Modbus TCP: what hundreds of monitors, each at an address of its own, cost."""

import time

from scene import Failed, Scene, VITALS, pss_kb, row, seconds

UNITS = 64  # behind one socket of the ward


def tcp_scene(s, monitors):
    """The ward's sockets listen on all of 127/8: to the gateway each monitor has an address of its own."""
    links = range((monitors + UNITS - 1) // UNITS)
    ward = "".join(f"tcp net{link} 0.0.0.0:{s.ward_port + link} turnaround=2ms\n" for link in links)
    buses, beds = "", ""
    for i in range(monitors):
        link, unit = i // UNITS, i % UNITS + 1
        ward += f"monitor m{i + 1} net{link} {unit} counting\n"
        host = f"127.0.{1 + i // 200}.{1 + i % 200}"
        buses += f"  n{i + 1}: {{kind: modbus-tcp, host: {host}, port: {s.ward_port + link}}}\n"
        beds += f"  b{i + 1}: {{bus: n{i + 1}, address: {unit}, profile: counting, class: adult}}\n"
    s.start_broker()
    s.start_ward(ward)
    return f"buses:\n{buses}beds:\n{beds}"


def start(s, monitors, interval, publish="500ms"):
    s.write_gateway(tcp_scene(s, monitors), interval, publish=publish)
    s.subscribe("+/vitals")
    s.start_gateway()
    s.wait_until_polled(monitors)


def answered(s):
    return sum(line["answered"] for line in s.report()["lines"])


def cpu_per_poll(s, duration_s):
    """(ms per 1,000 polls, switches a poll, polls a second, threads)."""
    polls, before = answered(s), s.usage()
    time.sleep(duration_s)
    polls, after = answered(s) - polls, s.usage()
    if polls == 0:
        raise Failed("the gateway polls nothing")
    return ((after.cpu_ns - before.cpu_ns) / 1e6 * 1000 / polls, (after.switches - before.switches) / polls,
            polls / duration_s, after.threads)


def measure_tcp_case(monitors, threads_limit):
    case = f"{monitors} monitors, 1 Hz, {len(VITALS)} vitals, windows of 60 s"
    with Scene() as s:
        start(s, monitors, "1s")
        cpu, switches, rate, threads = cpu_per_poll(s, seconds(8))
    yield row("tcp_answers", case, rate, "answers/s", "least", 0.99 * monitors, "asked for", monitors)
    yield row("tcp_cpu", case, cpu, "ms/1000 polls", "most", 60)
    yield row("tcp_switches", case, switches, "a poll")
    yield row("tcp_threads", case, threads, "threads", "most", threads_limit)


def measure_tcp():
    yield from measure_tcp_case(64, 8)
    yield from measure_tcp_case(256, 8)


def measure_memory():
    """After the longest window is full."""
    for monitors, limit in ((64, 8), (256, 16)):
        with Scene() as s:
            start(s, monitors, "1s")
            time.sleep(seconds(62))
            pss = pss_kb(s.gateway_pid)
        yield row("tcp_memory", f"{monitors} monitors, windows of 60 s full", pss / 1000, "MB (PSS)", "most", limit)


def measure_growth():
    """As many observations a second from many monitors as from few: all else is the same."""
    cost = {}
    for monitors, interval in ((8, "100ms"), (256, "3200ms")):
        with Scene() as s:
            start(s, monitors, interval, publish="100ms")
            time.sleep(8)  # at 3.2 s a poll stays begin late, each with an alert
            cost[monitors] = cpu_per_poll(s, seconds(10))[0]
    yield row("growth_of_cpu", "8 to 256 TCP monitors, 80 polls/s", (cost[256] / cost[8] - 1) * 100, "%", "most", 10,
              "8 monitors", cost[8], "ms/1000 polls")


FIGURES = {"tcp": (measure_tcp, 5), "tcp_memory": (measure_memory, 1), "growth": (measure_growth, 3)}
