"""Rules of thumb for what to try first, in one table that `advise` and a search share.

The order for tables is that of races (`benchmarks/races.py`) on statsmodels' `randhie` and on
shapes of scikit-learn's `make_classification` (heavy tails, classes 2,000 to 1), `make_friedman1`
and `make_gaussian_quantiles`, 12,800 training rows each: a piecewise-linear encoding won all of
them, by 32 points of balanced accuracy where features have heavy tails; more layers won little.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from zoo.advice.photographs import pretrained_for
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind
from zoo.metrics.evaluation import Figure
from zoo.presets.catalogue import PRESETS, family_of, find_preset
from zoo.tasks import Task

ENOUGH = 0.97  # accuracy or R2: low end of the interval of a linear model that leaves little to win
TREES = "trees"
TESTED = "_tiny"  # ending of presets that are made for tests: tried last


@dataclass(frozen=True)
class Rule:
    """Holds for a kind of rows and up to so many training rows; the first that holds counts.

    Attributes:
        kind: of the rows.
        rows: training rows, at most.
        presets: to try, the first first.
        why, source: of the order.
        gives: what they give for a row, see `Family.gives`.
        trees: whether boosted trees come before them all.
    """

    kind: Kind
    rows: float
    presets: tuple[str, ...]
    why: str
    source: str
    gives: str = "values"
    trees: bool = False


@dataclass(frozen=True)
class Choice:
    """What to try first, and next."""

    first: str  # "trees" or a preset
    then: str  # the preset, or another one
    why: str
    source: str


RULES = (
    Rule(
        TABLE,
        math.inf,
        ("mlp_tabm_small", "mlp_ple_small", "mlp_ple_base", "mlp_base", "mlp_small"),
        "On tables boosted trees usually win and train in seconds; a network must justify itself "
        "as a file of kilobytes that runs in integers.",
        "Grinsztajn et al. 2022, arXiv:2207.08815; McElfresh et al. 2023, arXiv:2305.02997; "
        "Gorishniy et al. 2024, arXiv:2410.24210; benchmarks/results/races.md",
        trees=True,
    ),
    Rule(
        IMAGE,
        10_000,
        ("cnn_small", "cnn_base", "cnn_medium", "vit_cct_small"),
        "With few images convolution beats attention, which must first learn which pixels are "
        "neighbors.",
        "Dosovitskiy et al. 2021, arXiv:2010.11929, section 4.3; MLPerf Tiny's ResNet-8",
    ),
    Rule(
        IMAGE,
        math.inf,
        ("cnn_base", "vit_cct_small", "cnn_medium", "cnn_small"),
        "Convolution first; small transformers catch up at tens of thousands of images.",
        "Hassani et al. 2021, arXiv:2104.05704",
    ),
    Rule(
        SEQUENCE,
        10_000,
        ("lite_small", "inception_small", "gru_small", "gru_conv_small"),
        "Convolution classifies whole sequences from few examples; a GRU runs on a stream, step "
        "by step.",
        "Ismail Fawaz et al. 2019, arXiv:1809.04356; Ismail-Fawaz et al. 2024, arXiv:2409.02869; "
        "ArrowHead and OSULeaf in benchmarks/results/quality.md",
    ),
    Rule(
        SEQUENCE,
        math.inf,
        ("inception_small", "gru_base", "lite_small", "gru_conv_small"),
        "Many sequences support a wider, deeper network; a GRU runs on a stream, step by step.",
        "Ismail Fawaz et al. 2019, arXiv:1809.04356, and 2020, arXiv:1909.04939",
    ),
    Rule(
        TEXT,
        10_000,
        ("text_cnn_small", "text_gru_small", "text_cnn_base"),
        "Short word sequences identify most topics, and a linear model of word counts is hard to "
        "beat.",
        "Kim 2014, arXiv:1408.5882; Joulin et al. 2016, arXiv:1607.01759",
    ),
    Rule(
        TEXT,
        math.inf,
        ("text_cnn_base", "text_gru_small", "text_cnn_small"),
        "Many texts support longer embeddings; the order of words far apart needs a recurrent "
        "network.",
        "Kim 2014, arXiv:1408.5882; Zhang and Wallace 2015, arXiv:1510.03820",
    ),
    Rule(
        IMAGE,
        math.inf,
        ("unet_small", "unet_mobile_small", "aspp_small"),
        "Skips keep the edges of masks; few images are enough.",
        "Ronneberger et al. 2015, arXiv:1505.04597",
        gives="mask",
    ),
    Rule(
        IMAGE,
        math.inf,
        ("detect_small", "detect_base"),
        "Two maps find objects of most sizes in an arena of a microcontroller.",
        "Ge et al. 2021, arXiv:2107.08430",
        gives="boxes",
    ),
    Rule(
        IMAGE,
        math.inf,
        ("centroid_small",),
        "An eighth of the side is enough to count objects.",
        "FOMO, docs.edgeimpulse.com",
        gives="points",
    ),
)
SMALLEST = {
    TABLE: "mlp_tiny",
    IMAGE: "cnn_tiny",
    SEQUENCE: "lite_tiny",
    TEXT: "text_cnn_tiny",
}


def rule_of(kind: Kind, gives: str, rows: int) -> Rule | None:
    """Return the rule that holds; None where none is known."""
    fitting = (rule for rule in RULES if (rule.kind, rule.gives) == (kind, gives))
    return next((rule for rule in fitting if rows <= rule.rows), None)


def candidates(
    kind: Kind,
    task: Task | type[Task],
    rows: int,
    limits: Mapping[str, float] | None = None,
    linear: Figure | None = None,
    shape: tuple[int, ...] = (),
) -> tuple[str, ...]:
    """Return the presets that take a kind of rows for a task, what to try first first.

    After those that the rules name come the others, families made for the kind first, small ones
    before large ones, those made for tests last. Of pretrained networks those are second whose
    weights are here, if they suit the rows; see `zoo.advice.photographs`.

    Args:
        kind: of the rows.
        task: of the data.
        rows: training rows.
        limits: most that a file may cost, by the names of `zoo.cost.estimate.Cost`. Presets whose
            declared parameters alone exceed the bytes, one each, come after the others; what a
            model of given rows costs is `zoo.cost.estimate`'s to say.
        linear: a linear model's figure that is 1 at best, if it was measured.
        shape: of a row; where it is not known, no pretrained network suits.

    Returns:
        Names, each once; empty where no family takes such rows for such a task.

    Examples:
        >>> from zoo.advice.choice import candidates
        >>> data = zoo.load_data("wine")
        >>> candidates(data.kind, data.task, len(data.x_train))[:2]
        ('mlp_tabm_small', 'mlp_ple_small')
    """
    rule = rule_of(kind, task.gives, rows)
    named = () if rule is None else rule.presets
    easy = (SMALLEST[kind],) if is_easy(linear) else ()
    here = [n for n, known in pretrained_for(kind, task, rows, shape).items() if known]
    ordered = (*easy, *named[:1], *here, *named[1:], *_others(kind, task.gives))
    order = list(dict.fromkeys(ordered))
    most = (limits or {}).get("bytes", math.inf)
    return tuple(sorted(order, key=lambda name: find_preset(name).parameters > most))


def _others(kind: Kind, gives: str) -> list[str]:
    """Return all presets but pretrained ones that take such rows."""
    families = {name: family_of(name) for name in PRESETS}
    found = [name for name, of in families.items() if kind in of.kinds and of.gives == gives]

    def place(name: str) -> tuple[bool, int, int]:
        made_for = families[name].kinds.index(kind)
        return name.endswith(TESTED), made_for, find_preset(name).parameters

    return sorted(found, key=place)


def is_easy(linear: Figure | None) -> bool:
    """Return whether a linear model leaves little to win."""
    return linear is not None and linear.ci95[0] >= ENOUGH


def choose(
    kind: Kind,
    task: Task | type[Task],
    rows: int,
    linear: Figure | None,
    shape: tuple[int, ...] = (),
) -> Choice:
    """Return what to try first, and next: of presets the first of `candidates`.

    Args:
        kind: of the rows.
        task: of the data.
        rows: training rows.
        linear: a linear model's figure that is 1 at best; None where it is undefined.
        shape: of a row.
    """
    rule = rule_of(kind, task.gives, rows)
    assert rule is not None  # a kind and a task that `advise` takes
    order = candidates(kind, task, rows, linear=linear, shape=shape)
    if is_easy(linear):
        why = "A linear model is nearly perfect: the smallest network will do, if any."
        return Choice(order[0], order[1], why, "the linear baseline above")
    first, then = (TREES, order[0]) if rule.trees else order[:2]
    return Choice(first, then, rule.why, rule.source)
