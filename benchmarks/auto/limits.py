"""The tables of searches under limits: those of a device, and a tenth of another's bytes."""

from collections.abc import Sequence

import numpy as np

from benchmarks.auto.figures import ends, share, shown
from benchmarks.auto.record import AUTO, DEVICE, PEERS, TENTHS, Run, level
from benchmarks.tables import table
from zoo.devices.choosing import find_device


def for_devices(whole: Sequence[dict[str, Run]]) -> str:
    """Return what the searches for a device made, beside its limits and the search without one."""
    pairs = [(one[AUTO], one[DEVICE]) for one in whole if DEVICE in one]
    if not pairs:
        return ""
    head = ["data", "seed", "device", "took", "int8", "without it", "bytes", "without it"]
    head += ["at most", "arena", "at most", "kept"]
    lines = [_for_device(*pair) for pair in pairs]
    broken = sum(line[-1] != "yes" for line in lines)
    less = float(np.median([own.bytes / auto.bytes for auto, own in pairs]))
    return (
        f"\n## For a device\n\n{table(head, lines)}\n\n"
        f"- Files over a limit, by their own bytes and LiteRT-Micro's arena: {broken} of "
        f"{len(pairs)}.\n- Level with the search without a device, or better: "
        f"{share([level(own, auto) for auto, own in pairs])}, with {less:.2f} times the bytes "
        "(median).\n"
    )


def _for_device(auto: Run, own: Run) -> list[str]:
    most = find_device(own.device).limits
    kept = own.bytes <= most["bytes"] and own.arena is not None and own.arena <= most["arena"]
    return [
        own.data,
        str(own.seed),
        own.device,
        own.model,
        shown(own),
        shown(auto),
        *(f"{run.bytes:,}" for run in (own, auto)),
        f"{most['bytes']:,}",
        f"{own.arena:,}" if own.arena is not None else "-",
        f"{most['arena']:,}",
        "yes" if kept else "no",
    ]


def for_tenths(whole: Sequence[dict[str, Run]]) -> str:
    """Return the searches in a tenth of the bytes of another's model, beside that one."""
    pairs = [(o[w], o[p]) for o in whole for w, p in TENTHS.items() if w in o and p in o]
    if not pairs:
        return ""
    head = ["data", "seed", "than", "its figure", "its bytes", "int8", "95 %", "took", "bytes"]
    said = []
    for peer in PEERS:
        met = [(own, other) for own, other in pairs if other.who == peer]
        good = [own.bytes > 0 and level(own, other) for own, other in met]
        none = sum(not own.bytes for own, _ in met)
        said.append(
            f"- Level with {peer}, or better, in a tenth of its bytes: {share(good)} "
            f"({none}: no file of ours is so small)."
        )
    return (
        f"\n## In a tenth of the bytes\n\n`--max-bytes` is a tenth of what the other's model has "
        f"with as much time.\n\n{table(head, [_for_tenth(*pair) for pair in pairs])}\n\n"
        + "\n".join(said)
        + "\n"
    )


def _for_tenth(own: Run, other: Run) -> list[str]:
    theirs = [own.data, str(own.seed), other.who, shown(other), f"{other.bytes:,}"]
    if not own.bytes:
        return [*theirs, "none fits", "", "", ""]
    return [*theirs, shown(own), ends(own), own.model, f"{own.bytes:,}"]
