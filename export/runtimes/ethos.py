"""Arm Ethos-U: compilation of a `.tflite` file for the NPU by Vela."""

import csv
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.child import ChildError, need, run_python
from export.tflite.audit import audit
from zoo.devices.cores import CORES, NPU

# written out so that a new version does not move the numbers: feature maps in SRAM, weights in
# off-chip flash
TARGET = ["--config=Arm/vela.ini", "--memory-mode=Shared_Sram"]
ON_NPU = "CUSTOM:ethos-u"  # what replaces the operators that Vela took, a whole run of them in one


@dataclass(frozen=True)
class EthosRun:
    """What Vela made of a file. Where it refused, the numbers are 0."""

    npu_share: float  # of the file's operators, over all its subgraphs; 0 to 1
    cpu_operators: tuple[str, ...]  # types, one entry for each operator left to the CPU
    sram_bytes: int  # peak, of what the NPU runs
    cycles: int  # of one inference, by Vela's model of the NPU, without what the CPU runs
    inference_us: float  # the same in microseconds at the clock of Vela's system, 500 MHz
    loops: bool  # Vela counts the body of a loop once, so the last two are not of an inference
    refused: str | None  # why there is no compiled file, with the log's last lines

    def figures(self) -> dict[str, Any]:
        """Return what a report shows."""
        return {
            "npu_share": self.npu_share,
            "cpu_operators": list(self.cpu_operators),
            "sram_bytes": self.sram_bytes,
            "cycles": self.cycles,
            "inference_us": self.inference_us,
            "loop_counted_once": self.loops,
        }


def compile_ethos(path: Path, timeout: float = 1800, core: str = NPU) -> EthosRun:
    """Compile a `.tflite` file for an Ethos-U and read Vela's estimate of one inference.

    Operators are counted in the file before and after: Vela's own count is of its inner graph,
    where a SOFTMAX is 29 operators, and of the last subgraph only.

    Args:
        core: which one, of `zoo.devices.cores.CORES`.

    Raises:
        UserError: the package ethos-u-vela is not installed; missing or damaged file.
    """
    need("ethosu", "ethos-u-vela")
    operators = Counter(audit(path).operators)
    loops = "WHILE" in operators
    with tempfile.TemporaryDirectory() as folder:
        system = f"--system-config={CORES[core].system}"
        target = [f"--accelerator-config={core}", system, *TARGET]
        arguments = [str(path.resolve()), *target, f"--output-dir={folder}"]
        try:
            # in there, because some of Vela's options write into the current folder
            run_python(["-m", "ethosu.vela", *arguments], timeout, folder)
            (compiled,) = Path(folder).glob("*_vela.tflite")
            (summary,) = Path(folder).glob("*_summary_*.csv")
        except ChildError as error:
            refused = f"Vela could not compile it: the process {error}"
            return EthosRun(0.0, (), 0, 0, 0.0, loops, refused)
        left = Counter(audit(compiled).operators)
        with summary.open(newline="") as file:
            row = next(csv.DictReader(file))
    del left[ON_NPU]
    return EthosRun(
        npu_share=(operators.total() - left.total()) / max(operators.total(), 1),
        cpu_operators=tuple(sorted(left.elements())),
        sram_bytes=round(float(row["sram_memory_used"]) * 1024),
        cycles=round(float(row["cycles_total"])),
        inference_us=float(row["inference_time"]) * 1e6,
        loops=loops,
        refused=None,
    )
