"""Time and memory of reading a large table and large folders of pictures, with classes and boxes.

    python -m benchmarks.readers     # 1,000,000 x 20 rows; 50,000 PNGs of 32x32x3; 50,000 JPEGs
    python -m benchmarks.readers --rows 10000 --pictures 1000 --side 64 --boxed 0
    python -m benchmarks.readers --rows 0 --pictures 0    # of JPEGs of 160x120x3 with boxes alone

Each is read in a process of its own, the pictures twice: decoded, and from the cache. Memory is the
largest resident size of that process, Keras and its backend included, and beside it without pages
of files, which the system drops when it needs room; a process that only imports them is the first
line.
"""

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 10
JPEG = 160, 120  # pixels, across and down


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


def write_boxes(folder: Path, count: int) -> None:
    """Write JPEGs of 160x120 pixels with one to five red boxes each, and their COCO file."""
    (folder / "images").mkdir(parents=True)
    rng, images, annotations = np.random.default_rng(0), [], list[dict[str, object]]()
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        image = coarse.resize(JPEG, Image.Resampling.BILINEAR)
        for _ in range(rng.integers(1, 6)):
            sides = rng.integers(12, 60, 2)
            corner = rng.integers(0, np.array(JPEG) - sides)
            image.paste((255, 0, 0), (*corner.tolist(), *(corner + sides).tolist()))
            box = {"bbox": [*corner.tolist(), *sides.tolist()], "area": int(sides.prod())}
            about = {"id": len(annotations), "image_id": number, "iscrowd": 0}
            annotations.append(about | box | {"category_id": len(annotations) % 3})
        image.save(folder / "images" / f"{number}.jpg")
        sizes = {"width": JPEG[0], "height": JPEG[1]}
        images.append({"id": number, "file_name": f"{number}.jpg"} | sizes)
    categories = [{"id": n, "name": name} for n, name in enumerate("abc")]
    held = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(held))


def watch(most: list[int]) -> None:
    """Keep the largest resident size without pages of files, in KiB."""
    while Path("/proc/self/status").exists():
        lines = Path("/proc/self/status").read_text().splitlines()
        most[0] = max(most[0], *(int(s.split()[1]) for s in lines if s.startswith("RssAnon")))
        time.sleep(0.1)


def read(path: Path | None, target: str | None, size: tuple[int, int] | None) -> None:
    """Read, and print what it took."""
    import zoo

    own = [0]
    threading.Thread(target=watch, args=(own,), daemon=True).start()
    started, worked, what = time.monotonic(), time.process_time(), "import only"
    if path is not None:
        data = zoo.load_data(path, reading=zoo.Reading(target=target, image_size=size))
        rows = sum(len(x) for x in (data.x_train, data.x_validation, data.x_test))
        what = f"{path.name}: {rows:,} rows of {data.input_shape}"
    seconds, cpu = time.monotonic() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    memory = f"{peak:.2f} GiB resident at most, {own[0] / 2**20:.2f} without pages of files"
    print(f"{what}: {seconds:.1f} s ({cpu:.1f} s of CPU), {memory}", flush=True)


def apart(
    path: Path | None, target: str | None = None, size: tuple[int, int] | None = None
) -> None:
    """Read in a process of its own."""
    given = (path, target, size)
    process = multiprocessing.get_context("spawn").Process(target=read, args=given)
    process.start()
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--boxed", type=int, default=50_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        os.environ["POCKETZOO_CACHE"] = str(folder / "cache")
        apart(None)
        if wanted.rows:
            write_table(folder / "table.csv", wanted.rows)
            apart(folder / "table.csv", "y")
        if wanted.pictures:
            write_pictures(folder / "pictures", wanted.pictures, wanted.side)
            for _ in range(2):
                apart(folder / "pictures")
        if wanted.boxed:
            write_boxes(folder / "boxes", wanted.boxed)
            for _ in range(2):
                apart(folder / "boxes", size=(96, 96))


if __name__ == "__main__":
    main()
