"""The Keras backend of this process, checked and set up before Keras is imported."""

import contextlib
import importlib.util
import os
from pathlib import Path

from zoo.checks import UserError, one_of
from zoo.files import cache_folder

BACKENDS = ("tensorflow", "jax", "torch")
CPU = Path("/proc/cpuinfo")
# how long a thread of OpenMP that has nothing to do keeps its core: libgomp (turns of a loop, here
# some microseconds; 300,000 by itself) and LLVM's and Intel's libomp (milliseconds; 200 by itself)
WAITING = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}
# channels below which oneDNN's gradient of a strided 1x1 convolution writes past its buffer, in
# torch and TensorFlow (github.com/uxlfoundation/oneDNN/issues/6035): pixels are chosen before it
NARROW = 16


def require_backend() -> None:
    """Check `KERAS_BACKEND`: a backend pocketzoo is tested on, and installed.

    Raises UserError for an unknown name or one that is not installed. Unset means Keras' own
    default (`~/.keras/keras.json`, else tensorflow).
    """
    backend = os.environ.get("KERAS_BACKEND")
    if not backend:
        return
    one_of("KERAS_BACKEND", backend, BACKENDS)
    if importlib.util.find_spec(backend) is None:
        raise UserError(
            f"KERAS_BACKEND={backend}, but {backend} is not installed. "
            f"Install it with: pip install 'pocketzoo[{backend}]'"
        )


def prepare_backend() -> None:
    """Do what must be done before a backend is imported, whoever imports it."""
    share_cores()
    if os.environ.get("KERAS_BACKEND") == "torch" and importlib.util.find_spec("torch"):
        avoid_broken_kernels()
        name_torch_cache()


def share_cores() -> None:
    """Let threads that wait give their cores away: torch's, scikit-learn's, LightGBM's.

    They spin for milliseconds, which is fast on an idle machine. Beside another process a thread
    that has work waits for one that spins, after every operation: an epoch takes several times as
    long. OpenMP reads these variables when it is loaded; an `OMP_WAIT_POLICY` of the user's own
    stays, as do these.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        for name, value in WAITING.items():
            os.environ.setdefault(name, value)


def do_without_tensorflow() -> None:
    """Keep Keras, in a process of our own, from importing TensorFlow where another backend is used.

    `fit` and `set_random_seed` would, to seed it and to compare types: seconds and memory for
    nothing. Keras runs on machines without TensorFlow, and is told that this is one. It imports
    Keras.
    """
    import keras
    from keras.src.utils import module_utils

    if keras.backend.backend() != "tensorflow":
        module_utils.tensorflow._available = False


def avoid_broken_kernels() -> None:
    """Keep torch 2.13 from the AVX2 kernels of oneDNN on a processor without AVX-512.

    There the gradient of a convolution writes beyond its memory, and the process aborts (seen on an
    AMD EPYC with one thread, as workers of a search have; not with SSE4.1). An
    `ONEDNN_MAX_CPU_ISA` of the user's own stays.
    """
    from importlib.metadata import version  # a tenth of the time that --help takes

    broken = version("torch").startswith("2.13.")
    if broken and CPU.exists() and "avx512f" not in CPU.read_text():
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "SSE41")


def name_torch_cache() -> None:
    """Let torch keep its compiler's files in our cache: its import leaves a folder in TMPDIR else.

    Where no folder can be made there, and where the user names one, all stays as it is.
    """
    with contextlib.suppress(OSError, RuntimeError):  # the latter where there is no home at all
        folder = cache_folder() / "torch"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
