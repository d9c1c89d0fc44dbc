"""From the sites' contributions to the next state of a module. NumPy only; no torch, no files, no records."""

from worker.learning.aggregation.average import averaged
from worker.learning.aggregation.checks import validate
from worker.learning.aggregation.mean import Combined, Rule, combine, silent
from worker.learning.aggregation.quality import overall
from worker.learning.aggregation.rules import (
    MEAN,
    FedAdam,
    LossWeighted,
    ServerRule,
    SquareRoot,
    WeightedMean,
)
from worker.learning.aggregation.staleness import discounted

__all__ = [
    "MEAN",
    "Combined",
    "FedAdam",
    "LossWeighted",
    "Rule",
    "ServerRule",
    "SquareRoot",
    "WeightedMean",
    "averaged",
    "combine",
    "discounted",
    "overall",
    "silent",
    "validate",
]
