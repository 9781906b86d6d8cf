"""What `tests/bench/run` needs: its own small programs, and those of others at
fixed versions, below the target directory."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PARTS = PROJECT / "tests" / "bench" / "parts"
BUILT = PROJECT / "target" / "bench" / "run"
JUST, MISE, OLD = "1.59.0", "2026.9.15", "0.3.0"
MUSL, GLIBC, STATIC_GLIBC = "static musl", "glibc", "static glibc"


def give_up(why):
    print(f"bench: {why}", file=sys.stderr)
    sys.exit(2)


def tried(words, **options):
    """Runs a command; returns nothing, or why it failed."""
    try:
        run = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, **options)
    except OSError as error:
        return str(error)
    if run.returncode == 0:
        return None
    output = run.stdout.strip().splitlines() or [f"{words[0]} exited {run.returncode}"]
    return next((line for line in output if "error" in line.lower()), output[-1]).strip()


def on_path(name):
    program = shutil.which(name)
    if program is None:
        print(f"not installed: {name}: it is not on PATH")
    return program


# Its own

def compile_c(name, *flags):
    """Compiles a part written in C; returns why that failed, and its program."""
    program = BUILT / name
    words = ["cc", "-O2", "-static", "-s", *flags, "-o", program, PARTS / f"{name}.c"]
    return tried(words), program


def child():
    """Builds the program that is launched, without a C library if that can be."""
    bare = ["-nostdlib", "-Wl,-z,noseparate-code,--build-id=none"]
    for flags in [bare, []]:
        failed, program = compile_c("child", *flags)
        failed = failed or tried([program])
        if not failed:
            return program
    give_up(f"the child cannot be built: {failed}")


def linkage(program):
    """Says how a program is linked, and whether its addresses are fixed."""
    words = ["readelf", "--wide", "--file-header", "--program-headers", program]
    shown = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    fixed = re.search(r"Type:\s+EXEC", shown) is not None
    if " INTERP " in shown:
        return ("musl" if "ld-musl" in shown else GLIBC), fixed
    return (STATIC_GLIBC if b"GLIBC_TUNABLES" in program.read_bytes() else MUSL), fixed


def bare_rust(kind, fixed):
    """Builds the bare launcher with the linkage of another program."""
    program = BUILT / f"bare-{kind.replace(' ', '-')}"
    words = ["rustc", "--edition", "2024", "-C", "opt-level=3", "-C", "lto=fat", "-C", "panic=abort",
             "-C", "strip=symbols", "-o", program, PARTS / "bare.rs"]
    words += ["-C", f"target-feature={'+' if kind.startswith('static') else '-'}crt-static"]
    words += ["-C", "relocation-model=static"] if fixed else []
    words += ["--target", f"{os.uname().machine}-unknown-linux-musl"] if "musl" in kind else []
    return tried(words), program


# Those of others

def just():
    directory = BUILT / f"just-{JUST}"
    pip = [directory / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    return installed("just", JUST, directory / "bin" / "just", lambda: (
        tried([sys.executable, "-m", "venv", directory]) or tried(pip + [f"rust-just=={JUST}"])))


def mise():
    directory = BUILT / f"mise-{MISE}"
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    program = directory / "node_modules" / "@jdxcode" / "mise" / "bin" / "mise"
    return installed("mise", MISE, program, lambda: (
        tried(npm + ["--prefix", directory, f"@jdxcode/mise@{MISE}"])))


def old_qli():
    directory = BUILT / f"qli-{OLD}"

    def install():
        words = ["cargo", "install", "--quiet", "--locked", "qli", "--version", OLD,
                 "--root", directory, "--target-dir", directory / "build"]
        # From a directory without settings of this project.
        failed = tried(words, cwd="/", env=dict(os.environ, CARGO_INCREMENTAL="0"))
        shutil.rmtree(directory / "build", ignore_errors=True)
        return failed

    return installed("qli", OLD, directory / "bin" / "qli", install)


def installed(name, version, program, install):
    """Returns a program, installing it if it is not there; nothing if it cannot be."""
    if tried([program, "--version"]):
        print(f"bench: installing {name} {version}", file=sys.stderr)
        failed = install() or tried([program, "--version"])
        if failed:
            print(f"not installed: {name} {version}: {failed}")
            return None
    return program
