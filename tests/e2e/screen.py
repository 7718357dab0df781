"""screen.py ROWS COLS PROGRAM WORD...: runs a program on a terminal of its own (a pty) and knows what that terminal shows.

One command a line on standard input; each is answered by a line `ok` or `failed WHY`, and a failure is followed by the screen.

    expect SECONDS TEXT     until the screen has the text        without SECONDS TEXT   until it no longer has it
    row SECONDS TEXT TEXT   until one row has both, in this order
    key NAME                enter esc tab up down pgup pgdn home end erase, or the letters themselves
    size ROWS COLS          another size                         signal NAME            to the program
    quiet SECONDS BYTES     that long no more than so many bytes come
    ended SECONDS STATUS    the program has ended with that exit status, and the terminal is as it was before
    stopped SECONDS         it has stopped, and the terminal is as it was before
    show                    prints the screen, then ok

It knows the few sequences that the program may use; any other one is a failure of the next command.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "pgup": "\x1b[5~",
        "pgdn": "\x1b[6~", "home": "\x1b[H", "end": "\x1b[F", "erase": "\x7f"}
SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


def find_word(line, text):
    """Where text begins, and a word with it (b01 is also in the commit of a version); or -1."""
    match = re.search(r"(?<![0-9A-Za-z+])" + re.escape(text), line)
    return match.start() if match else -1


class Screen:
    def __init__(self, rows, cols):
        self.modes = {"25": True, "7": True, "1049": False}
        self.strange = None
        self.held = b""
        self.resize(rows, cols)

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.clear()
        self.row = self.col = 0

    def clear(self):
        self.cells = [[" "] * self.cols for _ in range(self.rows)]

    def feed(self, data):
        data = self.held + data
        text = data.decode("utf-8", "ignore" if len(data) < 4 else "replace")
        cut = text.rfind("\x1b")  # a sequence may come in two pieces
        if cut >= 0 and not SEQUENCE.match(text[cut:]) and len(text) - cut < 16:
            self.held = text[cut:].encode()
            text = text[:cut]
        else:
            self.held = b""
        at = 0
        while at < len(text):
            match = SEQUENCE.match(text, at)
            if match:
                self.obey(*match.groups())
                at = match.end()
            else:
                self.put(text[at])
                at += 1

    def obey(self, private, numbers, letter):
        if private and letter in "hl" and numbers in self.modes:
            self.modes[numbers] = letter == "h"
            if numbers == "1049":
                self.clear()
        elif letter == "H" and not private:
            row, col = (numbers.split(";") + ["1", "1"])[:2]
            self.row, self.col = int(row or 1) - 1, int(col or 1) - 1
        elif letter == "J" and numbers == "2":
            self.clear()
        elif letter != "m" or private:
            self.strange = f"ESC [ {private}{numbers}{letter}"

    def put(self, character):
        if character in "\r\n":
            return
        if ord(character) < 32 or 127 <= ord(character) < 160:
            self.strange = f"control character {ord(character)}"
            return
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if self.row >= self.rows or self.col + width > self.cols:
            self.strange = f"writes beyond the screen: {character!r} at {self.row + 1};{self.col + 1}"
            return
        self.cells[self.row][self.col] = character
        if width == 2:
            self.cells[self.row][self.col + 1] = ""
        self.col += width

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def is_given_back(self):
        return self.modes == {"25": True, "7": True, "1049": False}


class Terminal:
    def __init__(self, rows, cols, words):
        self.screen = Screen(rows, cols)
        self.master, slave = pty.openpty()
        self.slave = slave
        self.size(rows, cols)
        self.before = termios.tcgetattr(slave)
        self.process = os.fork()
        if self.process == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.execvp(words[0], words)
        self.count = 0
        self.status = None

    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            self.count += len(data)
            self.screen.feed(data)

    def until(self, seconds, test):
        end = time.monotonic() + float(seconds)
        while not test():
            if time.monotonic() >= end:
                return False
            self.pump(0.05)
        return True

    def reap(self, flags):
        if self.status is None:
            found, status = os.waitpid(self.process, os.WNOHANG | flags)
            if found:
                self.status = status
        return self.status is not None

    def check_given_back(self):
        self.until(0.2, lambda: False)
        if not self.screen.is_given_back():
            return f"the terminal is left in another state: {self.screen.modes}"
        if termios.tcgetattr(self.slave) != self.before:
            return "the terminal is left with other settings"
        return None

    def do_expect(self, seconds, text):
        if not self.until(seconds, lambda: any(find_word(line, text) >= 0 for line in self.screen.lines())):
            return f"not on the screen: {text}"

    def do_without(self, seconds, text):
        if not self.until(seconds, lambda: not any(find_word(line, text) >= 0 for line in self.screen.lines())):
            return f"still on the screen: {text}"

    def do_row(self, seconds, text):
        first, second = text.split(" ", 1)
        if not self.until(seconds, lambda: any(0 <= find_word(line, first) < line.rfind(second) for line in self.screen.lines())):
            return f"no row with {first} and then {second}"

    def do_key(self, name):
        os.write(self.master, KEYS.get(name, name).encode())
        self.until(0.15, lambda: False)  # an escape is a key by itself when nothing follows

    def do_size(self, rows, cols):
        self.until(0.1, lambda: False)
        self.screen.resize(int(rows), int(cols))
        self.size(int(rows), int(cols))

    def do_signal(self, name):
        os.kill(self.process, getattr(signal, "SIG" + name))

    def do_quiet(self, seconds, most):
        before = self.count
        self.until(seconds, lambda: False)
        if self.count - before > int(most):
            return f"{self.count - before} bytes in {seconds} s"
        if self.count == before:
            return "not one byte: the clock stands still"

    def do_ended(self, seconds, wanted):
        if not self.until(seconds, lambda: self.reap(0)):
            return "it goes on"
        if os.waitstatus_to_exitcode(self.status) != int(wanted):
            return f"it ended with {os.waitstatus_to_exitcode(self.status)}"
        return self.check_given_back()

    def do_stopped(self, seconds):
        if not self.until(seconds, lambda: self.reap(os.WUNTRACED)) or not os.WIFSTOPPED(self.status):
            return "it has not stopped"
        self.status = None
        return self.check_given_back()

    def do_show(self):
        print("\n".join(self.screen.lines()))

    def obey(self, line):
        word, *rest = line.split(" ", 1)
        arguments = rest[0].split(" ", 1) if rest else []
        if word == "key":
            arguments = rest
        why = getattr(self, "do_" + word)(*arguments)
        return why or (self.screen.strange and f"sends what it should not: {self.screen.strange}")


def main():
    terminal = Terminal(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    commands = b""
    while True:
        while b"\n" not in commands:
            ready, _, _ = select.select([0, terminal.master], [], [], 1)
            if terminal.master in ready:
                terminal.pump(0)
                if terminal.reap(0):
                    time.sleep(0.01)
            if 0 in ready:
                piece = os.read(0, 4096)
                if not piece:
                    return
                commands += piece
        line, commands = commands.split(b"\n", 1)
        why = terminal.obey(line.decode())
        print("failed " + why + "\n" + "\n".join(terminal.screen.lines()) if why else "ok", flush=True)


main()
