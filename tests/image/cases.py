"""The cases by name, in the order in which they are run: what CI takes comes first."""

import cases_alone
import cases_boot
import cases_cuts
import cases_disks
import cases_fallback
import cases_firewall
import cases_full
import cases_hang
import cases_input
import cases_notes
import cases_power
import cases_unreadable
import cases_update
import cases_watchdog
import cases_windows
import figures

CASES = {
    "boot": cases_boot.boot,
    "update": cases_update.update,
    "windows": cases_windows.windows,
    "gap": cases_windows.gap,
    "fallback": cases_fallback.fallback,
    "watchdog": cases_watchdog.watchdog,
    "well": cases_watchdog.well,
    "hang": cases_hang.hang,
    "notes": cases_notes.notes,
    "full": cases_full.full,
    "lost": cases_full.lost,
    "disks": cases_disks.disks,
    "firewall": cases_firewall.firewall,
    "alone": cases_alone.alone,
    "clock": cases_alone.clock,
    "input": cases_input.files,
    "partition": cases_input.partition,
    "unreadable": cases_unreadable.unreadable,
    "refused": cases_update.refused,
    "power": cases_power.power,
    "cuts": cases_cuts.cuts,
    "figures": figures.figures,
}
