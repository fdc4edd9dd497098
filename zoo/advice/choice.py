"""Rules of thumb for what to try first, in one table."""

import math
from dataclasses import dataclass

from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind
from zoo.metrics.evaluation import Figure

ENOUGH = 0.97  # accuracy or R2: low end of the interval of a linear model that leaves little to win


@dataclass(frozen=True)
class Rule:
    """Holds for a kind of rows and up to so many training rows; the first that holds counts."""

    kind: Kind
    rows: float
    first: str  # "trees" or a preset
    then: str  # the preset, or another one
    why: str
    source: str


@dataclass(frozen=True)
class Choice:
    """What to try first, and next."""

    first: str
    then: str
    why: str
    source: str


TABLES = (
    "On tables boosted trees usually win and train in seconds; a network must justify itself as "
    "a file of kilobytes that runs in integers."
)
RULES = (
    Rule(
        TABLE,
        10_000,
        "trees",
        "mlp_tabm_small",
        TABLES,
        "Grinsztajn et al. 2022, arXiv:2207.08815; McElfresh et al. 2023, arXiv:2305.02997",
    ),
    Rule(
        TABLE,
        math.inf,
        "trees",
        "mlp_base",
        TABLES,
        "McElfresh et al. 2023, arXiv:2305.02997; Holzmueller et al. 2024, arXiv:2407.04491",
    ),
    Rule(
        IMAGE,
        10_000,
        "cnn_small",
        "cnn_base",
        "With few images convolution beats attention, which must first learn which pixels are "
        "neighbors.",
        "Dosovitskiy et al. 2021, arXiv:2010.11929, section 4.3; MLPerf Tiny's ResNet-8",
    ),
    Rule(
        IMAGE,
        math.inf,
        "cnn_base",
        "vit_cct_small",
        "Convolution first; small transformers catch up at tens of thousands of images.",
        "Hassani et al. 2021, arXiv:2104.05704",
    ),
    Rule(
        SEQUENCE,
        10_000,
        "lite_small",
        "gru_small",
        "Convolution classifies whole sequences from few examples; a GRU runs on a stream, step "
        "by step.",
        "Ismail Fawaz et al. 2019, arXiv:1809.04356; Ismail-Fawaz et al. 2024, arXiv:2409.02869",
    ),
    Rule(
        SEQUENCE,
        math.inf,
        "inception_small",
        "gru_base",
        "Many sequences support a wider, deeper network; a GRU runs on a stream, step by step.",
        "Ismail Fawaz et al. 2019, arXiv:1809.04356, and 2020, arXiv:1909.04939",
    ),
    Rule(
        TEXT,
        10_000,
        "text_cnn_small",
        "text_gru_small",
        "Short word sequences identify most topics, and a linear model of word counts is hard to "
        "beat.",
        "Kim 2014, arXiv:1408.5882; Joulin et al. 2016, arXiv:1607.01759",
    ),
    Rule(
        TEXT,
        math.inf,
        "text_cnn_base",
        "text_gru_small",
        "Many texts support longer embeddings; the order of words far apart needs a recurrent "
        "network.",
        "Kim 2014, arXiv:1408.5882; Zhang and Wallace 2015, arXiv:1510.03820",
    ),
)
SMALLEST = {
    TABLE: "mlp_tiny",
    IMAGE: "cnn_tiny",
    SEQUENCE: "lite_tiny",
    TEXT: "text_cnn_tiny",
}


def choose(kind: Kind, rows: int, linear: Figure | None) -> Choice:
    """Return what to try first.

    Args:
        kind: of the rows.
        rows: training rows.
        linear: a linear model's figure that is 1 at best; None where it is undefined.
    """
    rule = next(rule for rule in RULES if rule.kind == kind and rows <= rule.rows)
    if linear is not None and linear.ci95[0] >= ENOUGH:
        why = "A linear model is nearly perfect: the smallest network will do, if any."
        return Choice(SMALLEST[kind], rule.then, why, "the linear baseline above")
    return Choice(rule.first, rule.then, rule.why, rule.source)
