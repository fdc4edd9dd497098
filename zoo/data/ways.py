"""Ways of reading the same files that a search may choose from: front ends of audio, image sizes.

What is in the tables is what published baselines take. The first way is the default. Tables have
none: their numbers are encoded by presets (`mlp_ple_*`, `mlp_tabm_*`), their categories one way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from zoo.data.arrays import Found
from zoo.data.audio import FrontEnd
from zoo.data.reading import Reading
from zoo.data.waveforms import front_end_of

FRONT_END, IMAGE_SIZE = "front_end", "image_size"  # options of `zoo.load_data` and `zoo.Reading`
# what --front-end takes -> whose setting it is
FRONT_ENDS = {
    "log_mel": "micro_speech of TensorFlow Lite Micro: 40 bands, 30 ms every 20 ms",
    "log_mel:stride_ms=10": "Kim et al. 2021, BC-ResNet, arXiv:2106.04140: 40 bands, 30 ms every "
    "10 ms",
    "mfcc:window_ms=40": "Zhang et al. 2017, Hello Edge, arXiv:1711.07128: 10 coefficients, 40 ms "
    "every 20 ms",
    "mfcc:stride_ms=10,coefficients=40": "Tang and Lin 2018, arXiv:1710.10361: 40 coefficients, "
    "30 ms every 10 ms",
}
SHARES = (1.0, 0.7, 1.4)  # of the default side
STEP = 16  # pixels: sides are multiples, which strides and patches divide
FLOAT, MOST = 4, 2**32  # bytes: of a value, and at most of all rows that are read in another way
RESOLUTION = "Howard et al. 2017, MobileNets' resolution multiplier, arXiv:1704.04861"


@dataclass(frozen=True)
class Way:
    """A way of reading a file or folder.

    Attributes:
        option: the option that asks for it: "front_end" or "image_size".
        value: of the option, as on the command line.
        shape: of a row that is read so.
        source: whose setting it is.

    Examples:
        >>> from zoo.data.ways import Way
        >>> Way("image_size", "48x48", (48, 48, 3), "a guess").spelled
        '--image-size 48x48'
    """

    option: str
    value: str
    shape: tuple[int, ...]
    source: str

    @property
    def spelled(self) -> str:
        """The option of a command."""
        return f"--{self.option.replace('_', '-')} {self.value}"

    @property
    def size(self) -> int:
        """Values in a row."""
        return int(np.prod(self.shape))

    def arguments(self, reading: Reading) -> dict[str, Any]:
        """Return the arguments of `zoo.load_data` that read so, whatever else is asked for."""
        if self.option == FRONT_END:
            return {"front_end": self.value, "reading": reading}
        height, width, _ = self.shape
        return {"reading": replace(reading, image_size=(height, width))}

    def made(self, held: Mapping[str, Any]) -> bool:
        """Return whether the rows that a `data.json` describes were read so."""
        if self.option != FRONT_END:
            return tuple((held.get("schema") or {}).get("shape", ())) == self.shape
        front_end = held.get("front_end") or {}
        return bool(front_end) and front_end == asdict(front_end_of(self.value, front_end["rate"]))


def ways_of(found: Found, front_end: object, wanted: object) -> tuple[Way, ...]:
    """Return the ways in which a file or folder may be read, the one of the rows first.

    Empty where there is no other, or where the user has chosen. What would take too many bytes is
    left out.

    Args:
        found: what a reader has read.
        front_end: that is laid over the rows, if any.
        wanted: the front end that the user asked for, if any.
    """
    if isinstance(front_end, FrontEnd) and wanted is None:
        ways = _of_audio(front_end.rate, int(found.arrays["x_train"].shape[1]))
    else:
        channels = int(found.arrays["x_train"].shape[-1]) if found.sizes else 0
        ways = [
            Way(IMAGE_SIZE, f"{height}x{width}", (height, width, channels), RESOLUTION)
            for height, width in found.sizes
        ]
    rows = sum(len(x) for name, x in found.arrays.items() if name.startswith("x_"))
    ways = [*ways[:1], *(way for way in ways[1:] if rows * way.size * FLOAT <= MOST)]
    return tuple(ways) if len(ways) > 1 else ()


def _of_audio(rate: int, samples: int) -> list[Way]:
    """Return the front ends of which a sound has a frame at least."""
    found = []
    for value, source in FRONT_ENDS.items():
        front_end = front_end_of(value, rate)
        frames = front_end.frames(samples)
        if frames:
            found.append(Way(FRONT_END, value, (frames, front_end.features), source))
    return found


def sizes_around(side: int, sides: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the sizes, (height, width), that images may be resized to, the default first.

    A larger one is left out where half of the images have fewer pixels than that: nothing is there
    to be seen.

    Args:
        side: the default.
        sides: the shorter side of each image.
    """
    known = float(np.median(sides))
    others = [max(STEP, round(share * side / STEP) * STEP) for share in SHARES[1:]]
    fitting = [other for other in others if other < side or other <= known]
    return tuple((one, one) for one in dict.fromkeys([side, *fitting]))
