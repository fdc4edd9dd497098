"""Time and memory of reading a large table and a large folder of pictures.

    python -m benchmarks.readers                     # 1,000,000 x 20 rows; 50,000 PNGs of 32x32x3
    python -m benchmarks.readers --rows 10000 --pictures 1000 --side 64

Each is read in a process of its own, the pictures twice: decoded, and from the cache. Memory is the
largest resident size of that process, Keras and its backend included; a process that only imports
them is the first line.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 10


def write_table(path: Path, rows: int) -> None:
    """Write 12 columns of numbers, 4 of categories, dates, gaps, an identifier and a target."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        names = [f"n{i}" for i in range(12)] + [f"c{i}" for i in range(4)]
        file.write(",".join(["id", *names, "when", "gaps", "y"]) + "\n")
        for start in range(0, rows, 10_000):
            count = min(10_000, rows - start)
            numbers, kinds = rng.normal(size=(count, 12)), rng.integers(0, 12, (count, 4))
            for i in range(count):
                cells = [str(start + i), *(f"{value:.5f}" for value in numbers[i])]
                cells += [f"kind {value}" for value in kinds[i]]
                cells += [f"20{i % 24:02d}-0{1 + i % 9}-1{i % 10}", str(i) if i % 3 else ""]
                file.write(",".join([*cells, f"{numbers[i].sum():.4f}"]) + "\n")


def write_pictures(folder: Path, count: int, side: int) -> None:
    """Write noisy square images in color, by class."""
    for label in range(CLASSES):
        (folder / f"class_{label}").mkdir(parents=True)

    def write(number: int) -> None:
        values = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
        path = folder / f"class_{number % CLASSES}" / f"{number}.png"
        Image.fromarray(values).save(path, compress_level=1)

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, range(count)))


def read(path: Path | None, target: str | None) -> None:
    """Read, and print what it took."""
    import zoo

    started, worked, what = time.monotonic(), time.process_time(), "import only"
    if path is not None:
        data = zoo.load_data(path, reading=zoo.Reading(target=target))
        rows = sum(len(x) for x in (data.x_train, data.x_validation, data.x_test))
        what = f"{path.name}: {rows:,} rows of {data.input_shape}"
    seconds, cpu = time.monotonic() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{what}: {seconds:.1f} s ({cpu:.1f} s of CPU), {peak:.2f} GiB resident at most", flush=True
    )


def apart(path: Path | None, target: str | None = None) -> None:
    """Read in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=read, args=(path, target))
    process.start()
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--side", type=int, default=32)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        os.environ["POCKETZOO_CACHE"] = str(folder / "cache")
        write_table(folder / "table.csv", wanted.rows)
        write_pictures(folder / "pictures", wanted.pictures, wanted.side)
        apart(None)
        apart(folder / "table.csv", "y")
        apart(folder / "pictures")
        apart(folder / "pictures")


if __name__ == "__main__":
    main()
