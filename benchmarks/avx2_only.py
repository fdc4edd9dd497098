"""Run a benchmark as on a processor with AVX2 and without AVX-512, VNNI or AMX.

    python benchmarks/avx2_only.py FOLDER -m benchmarks.export.operators FILE...

Neither LiteRT nor ONNX Runtime has a switch for this. Copies of both go to FOLDER with every CPUID
instruction replaced by a trap, and a library that answers the trap without those features is
loaded before them. The clock and caches stay those of this machine. Linux, x86-64, gcc, objdump.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("ai_edge_litert", "onnxruntime")
CPUID, TRAP = b"\x0f\xa2", b"\xcc\x90"
SOURCE = r"""
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <ucontext.h>
static void answer(int signal, siginfo_t *info, void *context) {
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  unsigned a, b, c, d, leaf = r[REG_RAX], part = r[REG_RCX];
  __cpuid_count(leaf, part, a, b, c, d);
  if (leaf == 7 && part == 0) {
    b &= ~0xdc230000u;  // AVX512: F, DQ, IFMA, PF, ER, CD, BW, VL
    c &= ~0x00005942u;  // VBMI, VBMI2, GFNI, VNNI, BITALG, VPOPCNTDQ
    d &= ~0x03c0010cu;  // 4VNNIW, 4FMAPS, VP2INTERSECT, AMX, FP16
  }
  if (leaf == 7 && part == 1) {
    a &= ~0x00000030u;  // AVX-VNNI, AVX512-BF16
    d &= ~0x00000030u;  // AVX-VNNI-INT8, AVX-NE-CONVERT
  }
  r[REG_RAX] = a; r[REG_RBX] = b; r[REG_RCX] = c; r[REG_RDX] = d;
}
__attribute__((constructor)) static void start(void) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
}
"""


def prepare(folder: Path) -> None:
    """Fill the folder: the library, and both packages with their CPUIDs replaced."""
    folder.mkdir(parents=True)
    (folder / "answer.c").write_text(SOURCE)
    subprocess.run(
        ["gcc", "-O1", "-shared", "-fPIC", "-o", folder / "answer.so", folder / "answer.c"],
        check=True,
    )
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None, f"{package} is not installed"
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, folder / package)
        for library in (folder / package).rglob("*.so*"):
            patch(library)


def patch(library: Path) -> None:
    content = bytearray(library.read_bytes())
    for place in cpuids(library):
        assert content[place : place + 2] == CPUID
        content[place : place + 2] = TRAP
    library.write_bytes(content)


def cpuids(library: Path) -> list[int]:
    """Return where in the file its CPUID instructions are."""
    command = ["objdump", "-d", "-F", "--no-show-raw-insn", str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    shift, found = 0, []
    for line in lines:
        if head := re.match(r"([0-9a-f]+) <.*\(File Offset: 0x([0-9a-f]+)\)", line):
            shift = int(head[2], 16) - int(head[1], 16)
        elif line.endswith("\tcpuid"):
            found.append(int(line.split(":")[0], 16) + shift)
    return found


def main() -> None:
    folder, *command = sys.argv[1:]
    if not Path(folder).exists():
        prepare(Path(folder))
    paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
    masked = {"LD_PRELOAD": f"{folder}/answer.so", "PYTHONPATH": os.pathsep.join(paths)}
    os.execve(sys.executable, [sys.executable, *command], os.environ | masked)


if __name__ == "__main__":
    main()
