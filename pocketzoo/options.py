"""Options that several commands share, in groups, and the parsing of their values."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pocketzoo.parsing import names, sides
from tuning.settings import AUTO
from zoo.data.reading import Reading
from zoo.devices.budget import Budget
from zoo.presets.catalogue import family_of
from zoo.quantization.layers.numerics import INT8

DATA = (
    "Built-in name; .csv, .tsv or .parquet file; folder of class folders with images or audio; "
    "folder of images with masks or boxes (COCO, VOC, YOLO); .npz file or folder of .npy files."
)
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help=DATA)]
PresetArgument = Annotated[str, typer.Argument(metavar="PRESET", help="See `pocketzoo models`.")]
PresetOrAll = Annotated[
    str,
    typer.Argument(metavar="PRESET", help="See `pocketzoo models`; without one, all that fit."),
]
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder, or a .keras file with --data and --out.")
]
Out = Annotated[Path, typer.Option("--out", help="Run folder to create or continue.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed for split, search and training.")]


@dataclass(frozen=True)
class Loading:
    """How data are read; see `zoo.Reading`."""

    task: Annotated[
        str | None, typer.Option("--task", help="Such as classification; guessed otherwise.")
    ] = None
    metric: Annotated[
        str | None,
        typer.Option(
            help="What models are compared by: accuracy, balanced_accuracy, macro_f1, roc_auc, "
            "pr_auc[:CLASS], recall_at_precision:0.9[:CLASS], log_loss; rmse, mae, mape, "
            "pinball:0.9; several labels: macro_f1, micro_f1, mean_average_precision, "
            "subset_accuracy."
        ),
    ] = None
    kind: Annotated[
        str | None, typer.Option(help="Arrays: what rows are: tables, sequences or images.")
    ] = None
    target: Annotated[
        str | None,
        typer.Option(help="The column to predict; several as A,B,C."),
    ] = None
    separator: Annotated[
        str | None, typer.Option(help="Tables: between the tags in a cell of the target.")
    ] = None
    group: Annotated[
        str | None,
        typer.Option(
            help="Rows of a group stay in one part: a column; in folders a level (1, 2) or a "
            "pattern of the path with one group."
        ),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            help="The latest rows become the test rows: a date or number column; in folders as "
            "--group."
        ),
    ] = None
    text: Annotated[str | None, typer.Option(help="Tables: the column to read as text.")] = None
    drop: Annotated[
        list[str], typer.Option(help="Tables, recordings: a column to leave out. Repeatable.")
    ] = field(default_factory=list)
    columns: Annotated[
        list[str],
        typer.Option("--column", help="A column to use; the others are left out. Repeatable."),
    ] = field(default_factory=list)
    image_size: Annotated[
        str | None,
        typer.Option(
            help="Images: side in pixels, or HEIGHTxWIDTH. Without PRESET several may be tried."
        ),
    ] = None
    color: Annotated[str | None, typer.Option(help="Images: rgb or gray.")] = None
    ignore: Annotated[
        int | None, typer.Option(help="Masks: value of pixels that belong to no class.")
    ] = None
    front_end: Annotated[
        str | None,
        typer.Option(
            help="Audio: log_mel (default) or mfcc[:SETTING=VALUE,...]. Without PRESET several are "
            "tried."
        ),
    ] = None
    seconds: Annotated[
        float | None, typer.Option(help="Audio: length of each file in seconds.")
    ] = None
    window: Annotated[
        str | None, typer.Option(help="Recordings: rows of 2s, 500ms or 128 lines.")
    ] = None
    stride: Annotated[
        str | None, typer.Option(help="Recordings: from one window to the next. Default: a window.")
    ] = None
    rate: Annotated[
        float | None, typer.Option(help="Recordings without a time column: lines per second.")
    ] = None
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Leave out images and audio files that cannot be read."),
    ] = False

    def reading(self) -> Reading:
        """Return them as `zoo.Reading`. Raises UserError for values out of range."""
        values = {one.name: getattr(self, one.name) for one in fields(Reading)}
        return Reading(**values | {"image_size": self.image_size and sides(self.image_size)})

    def load(self, source: str, seed: int, aloud: bool = True, preset: str | None = None) -> Any:
        """Return the data as `zoo.load_data` does; say what was taken for granted.

        A preset whose family gives a mask or boxes says which task is meant, if nothing else does.
        """
        from zoo.readers.loading import load_data
        from zoo.tasks import meant

        named = None if preset == AUTO else preset
        data = load_data(
            source,
            seed=seed,
            task=self.task or (named and meant(family_of(named).gives)),
            front_end=self.front_end,
            reading=self.reading(),
            metric=self.metric,
        )
        if aloud:
            from pocketzoo.printing.columns import print_notes
            from pocketzoo.printing.console import CONSOLE

            print_notes(CONSOLE, data)
        return data


@dataclass(frozen=True)
class Training(Budget):
    """How one model, or the one around which is searched, is trained."""

    epochs: Annotated[int | None, typer.Option(help="Epochs of a full training.")] = None
    seed: Seed = 0
    sets: Annotated[list[str], typer.Option("--set", help="Factory argument, e.g. width=64.")] = (
        field(default_factory=list)
    )
    recipes: Annotated[
        list[str], typer.Option("--recipe", help="Recipe field, e.g. batch_size=16.")
    ] = field(default_factory=list)


@dataclass(frozen=True)
class Exporting(Budget):
    """How a model leaves; see `pocketzoo.exporting`."""

    max_drop: Annotated[float, typer.Option(help="Largest drop, points (or % of RMSE).")] = 0.5
    targets: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: litert, micro, ethos-u55, arm64. Default: the device's; litert."
        ),
    ] = None
    forms: Annotated[
        str | None, typer.Option(help="GRU, comma-separated: rolled, step, unrolled.")
    ] = None
    compress: Annotated[
        str | None, typer.Option(help="prune:0.5, cluster:16 or qat-tfmot (MLP, CNN).")
    ] = None
    groups: Annotated[
        str | None,
        typer.Option(
            help="Metric per group: .npy file with a value per test row; a column's name or number."
        ),
    ] = None
    mlflow: Annotated[
        str | None,
        typer.Option(
            envvar="MLFLOW_TRACKING_URI",
            help="Copy the run to MLflow, e.g. http://server:5000 or sqlite:///mlflow.db.",
        ),
    ] = None
    license: Annotated[
        str | None,
        typer.Option(help="License of model and data, for the model card: CC-BY-4.0, ..."),
    ] = None
    rung: Annotated[
        str,
        typer.Option(
            help="auto: ptq, then qat, then the numerics mixed and int16x8, while too much is "
            "lost; ptq; or qat."
        ),
    ] = "auto"
    numerics: Annotated[
        str | None,
        typer.Option(
            help="int8, mixed, int16x8, dynamic or float16. Default: int8, or what the rung needs."
        ),
    ] = None

    formats: Annotated[
        str, typer.Option("--format", help="Comma-separated: litert, onnx, saved_model.")
    ] = "litert"
    accept_few_rows: Annotated[
        bool,
        typer.Option(
            "--accept-few-rows", help="Exit code 0 also where test rows are too few to tell."
        ),
    ] = False

    @property
    def format_names(self) -> list[str]:
        return names(self.formats)

    @property
    def target_names(self) -> list[str]:
        if self.targets is not None:
            return names(self.targets)
        device = self.chosen
        return [INT8.targets[0]] if device is None else list(device.targets)

    @property
    def form_names(self) -> list[str] | None:
        return None if self.forms is None else names(self.forms)
