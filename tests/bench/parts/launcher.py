"""A launcher of `tests/bench/run` and its measurements."""

import contextlib
import os
import random
import re
import subprocess
import time
from statistics import median

from needs import compile_c, on_path

NOWHERE = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]


class Failed(Exception):
    """A launcher that did not end well measures nothing."""


class Launcher:
    """What launches the child, and the times of its runs in µs."""

    def __init__(self, name, words, environment):
        self.name = name
        self.words = [str(word) for word in words]
        self.environment = environment
        self.walls, self.cpus = [], []

    def run(self):
        """Runs it in silence; returns its wall and its processor time."""
        start = time.perf_counter()
        child = os.posix_spawn(self.words[0], self.words, self.environment, file_actions=NOWHERE)
        _, status, used = os.wait4(child, 0)
        wall = time.perf_counter() - start
        if status != 0:
            raise Failed(f"{self.name}: it ended with {os.waitstatus_to_exitcode(status)}")
        return wall * 1e6, (used.ru_utime + used.ru_stime) * 1e6

    def measure(self):
        wall, cpu = self.run()
        self.walls.append(wall)
        self.cpus.append(cpu)

    def ratio(self, other):
        """The median of the ratios of both, round by round, and that of the minima."""
        pairs = zip(self.walls, other.walls)
        return median(a / b for a, b in pairs), min(self.walls) / min(other.walls)


class Disk:
    """What appending a record and syncing it takes in a directory, in µs."""

    def __init__(self, directory):
        self.file = open(directory / "disk", "ab", buffering=0)
        self.walls = []

    def run(self):
        start = time.perf_counter()
        self.file.write(b"x" * 600)
        os.fdatasync(self.file.fileno())
        return (time.perf_counter() - start) * 1e6

    def measure(self):
        self.walls.append(self.run())


# Time

@contextlib.contextmanager
def alone():
    """Takes one processor, and a raised priority where that is allowed."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(processors)})
    raised = True
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        raised = False
    try:
        yield raised
    finally:
        if raised:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, processors)


def time_all(launchers, rounds, warm_up):
    """Runs all in turns, in another order each round; says whether it had priority."""
    lot = random.Random(1)
    order = list(launchers)
    with alone() as raised:
        for turn in range(warm_up + rounds):
            lot.shuffle(order)
            for launcher in order:
                if turn < warm_up:
                    launcher.run()
                else:
                    launcher.measure()
    return raised


# What a busy machine does not change

def watched(tool, launcher):
    """Runs a launcher under a tool; returns its process id and what it output."""
    words = [str(word) for word in tool] + launcher.words
    with subprocess.Popen(words, env=launcher.environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        output, _ = running.communicate()
    return (running.pid, output) if running.returncode == 0 else (None, None)


def least(count, figure):
    """The least of some counts: what comes on top comes from outside."""
    found = [figure() for _ in range(count)]
    return None if None in found else min(found)


def instructions(launcher, directory):
    """What the launcher itself executes. One that becomes the child is not seen."""
    tool = ["valgrind", "-q", "--tool=callgrind", "--trace-children=no",
            f"--callgrind-out-file={directory}/callgrind.%p"]
    process, _ = watched(tool, launcher)
    profile = directory / f"callgrind.{process}"
    if not profile.exists():
        return None
    summary = re.search(r"^summary: (\d+)", profile.read_text(), re.MULTILINE)
    return int(summary[1]) if summary else None


def lines(launcher, directory, *flags):
    """What strace prints: a line for each system call and each signal."""
    trace = directory / "trace"
    process, _ = watched(["strace", "-qq", *flags, "-o", trace], launcher)
    return len(trace.read_bytes().splitlines()) if process else None


def peak(launcher, program):
    process, output = watched([program], launcher)
    return int(output) if process else None


def count_all(launchers, directory):
    """Peak in KiB, instructions, lines with those of the child, lines without,
    by the launcher's name; what cannot be counted is none."""
    failed, program = compile_c("peak")
    if failed:
        print(f"not built: peak: {failed}")
    has = {tool: on_path(tool) is not None for tool in ("valgrind", "strace")}
    return {one.name: [
        None if failed else least(3, lambda: peak(one, program)),
        least(2, lambda: instructions(one, directory)) if has["valgrind"] else None,
        least(3, lambda: lines(one, directory, "-f")) if has["strace"] else None,
        least(1, lambda: lines(one, directory)) if has["strace"] else None,
    ] for one in launchers}
