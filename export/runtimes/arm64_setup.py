"""An Arm for a machine that is none, laid into the cache once: `make arm64`.

    python -m export.runtimes.arm64_setup [MIRROR]

LiteRT's aarch64 wheel and NumPy's come with pip. Python itself is in a container where docker or
podman can start one for linux/arm64; else Debian's packages are unpacked, with the qemu that runs
them: nothing is installed, and nobody has to be root. MIRROR is an archive of Debian's; by default
the one that this machine's apt takes its packages from.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from export.child import ChildError, run_python
from export.runtimes.arm64 import ENGINES, IMAGE, NATIVE, PACKAGES, PYTHON, find_arm64, laid
from zoo.checks import UserError

SUITE = "trixie"  # the first with qemu 10: older ones crash in LiteRT
LIBRARIES = (
    *("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1", "libssl3t64", "libffi8"),
    *("libbz2-1.0", "liblzma5", "libzstd1"),
)
PARTS = (f"python{PYTHON}-minimal", f"libpython{PYTHON}-minimal", f"libpython{PYTHON}-stdlib")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT = """\
APT::Architecture "arm64";
APT::Architectures {{"arm64"; "amd64";}};
APT::Sandbox::User "root";
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
"""
TRIAL = 120  # seconds, to import two packages under emulation


def main(mirror: str | None) -> None:
    if platform.machine() in NATIVE:
        return print("This machine is an Arm: nothing to lay.")
    if laid().is_dir():
        return print(f"{laid()} is there. Delete it to have it laid anew.")
    laid().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".arm64-", dir=laid().parent) as name:
        folder = Path(name) / "laid"
        _wheels(folder / "site")
        engine = next((one for one in ENGINES if _starts(one)), None)
        if engine is None:
            _debian(folder, Path(name), mirror)
        else:
            (folder / "engine").write_text(engine)
        folder.rename(laid())
    _try()
    print(f"{laid()}: {', '.join(one.name for one in find_arm64())}.")


def _wheels(site: Path) -> None:
    pins = [f"{name}=={version(name)}" for name in PACKAGES]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    options = ["--quiet", "--no-deps", "--no-compile", "--only-binary=:all:", *platforms]
    for_python = ["--implementation", "cp", "--python-version", PYTHON]
    pip = [sys.executable, "-m", "pip", "install", "--target", str(site)]
    _say("wheels for aarch64")
    _run([*pip, *options, *for_python, *pins], "pip could not get the wheels for aarch64")


def _starts(engine: str) -> bool:
    """Tell whether an engine runs containers of an Arm; gets the image on the way."""
    if shutil.which(engine) is None:
        return False
    command = [engine, "run", "--rm", "--platform", "linux/arm64", IMAGE, "uname", "-m"]
    _say(f"{IMAGE} for linux/arm64 in {engine}")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() in NATIVE


def _debian(folder: Path, work: Path, mirror: str | None) -> None:
    """Lay `qemu-aarch64` and `root`, a Python of an Arm with its libraries, into a folder."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise UserError(
                f"There is no {tool} to get an Arm's Python with, and no container of one starts: "
                "install docker or podman, so that they run --platform linux/arm64."
            )
    archive = mirror or _archive()
    apt = work / "apt"
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={KEYS}] {archive} {SUITE} main\n")
    (apt / "apt.conf").write_text(APT.format(folder=apt))
    environment = os.environ | {"APT_CONFIG": str(apt / "apt.conf")}
    _say(f"Debian's Python for arm64, and qemu, from {archive}")
    failed = f"apt-get could not get {SUITE}'s packages from {archive}"
    _run(["apt-get", "-q", "update"], failed, env=environment)
    packages = ["qemu-user:amd64", *LIBRARIES, *PARTS]
    _run(["apt-get", "-q", "download", *packages], failed, env=environment, cwd=apt)
    for package in apt.glob("*.deb"):
        into = folder / "root" if package.stem.endswith("_arm64") else work / "host"
        _run(["dpkg-deb", "-x", str(package), str(into)], f"dpkg-deb could not unpack {package}")
    (folder / "root" / "lib").symlink_to("usr/lib")
    shutil.copy2(work / "host" / "usr" / "bin" / "qemu-aarch64", folder)


def _archive() -> str:
    """Return the archive of Debian's that this machine's apt knows."""
    listed = subprocess.run(
        ["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        if found := re.match(r"'(\S+/debian/)dists/", line):
            return found[1]
    raise UserError(
        "This machine's apt names no archive of Debian's. Give one: make arm64 MIRROR=URL."
    )


def _try() -> None:
    """Have the child import what it needs; what does not run does not stay."""
    try:
        with tempfile.TemporaryDirectory(prefix="pocketzoo-") as nothing:
            for one in find_arm64():
                run_python(one.child(Path(nothing), TRIAL), TRIAL)
    except ChildError as error:
        shutil.rmtree(laid())
        raise UserError(f"LiteRT for Arm does not start here: the process {error}") from error


def _run(command: list[str], failed: str, **given: Any) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, **given)
    if ran.returncode:
        last = "\n".join(ran.stderr.strip().splitlines()[-5:])
        raise UserError(f"{failed}. Its last lines:\n{last}")


def _say(what: str) -> None:
    print(f"Getting {what} ...", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else None)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
