"""Curves of the trials for TensorBoard, on every backend and without TensorFlow."""

import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FILE = "events.out.tfevents.0.pocketzoo"


def log_curves(folder: Path, number: int, epoch: int, curves: Mapping[str, float]) -> None:
    """Append an epoch of trial `number` to its event file; epoch 0 begins it anew.

    Args:
        folder: what `tensorboard --logdir` is given; a folder in it is a trial.
        number: of the trial.
        epoch: from 0.
        curves: name -> value.
    """
    path = folder / f"{number:05d}" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [Summary.Value(tag=name, simple_value=value) for name, value in curves.items()]
    events = [Event(wall_time=time.time(), step=epoch, summary=Summary(value=values))]
    if epoch == 0:
        events.insert(0, Event(wall_time=time.time(), file_version="brain.Event:2"))
    with path.open("wb" if epoch == 0 else "ab") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
