"""Metrics: scores, ranks and similarities in; parity, retention, gains and their intervals out.

numpy alone; `load_metric` brings `evaluate` when it is called.

>>> from hf_regional.metrics import grp, retention
>>> round(grp(63.5, 56.3, alpha=0.43), 1)
59.4
"""

from hf_regional.metrics.bounds import Estimate, Resampled, lower_bound, mean_of, two_sided
from hf_regional.metrics.intervals import ClusterBootstrap, macro_mean
from hf_regional.metrics.loading import load_metric, metric_names
from hf_regional.metrics.parity import Gain, grp, relevance_gain, retention
from hf_regional.metrics.ratios import Ratio, ratio_of
from hf_regional.metrics.retrieval import (
    Relevant,
    best_ranks,
    chance_recall_at,
    chance_reciprocal_rank,
    recall_at,
    reciprocal_ranks,
    retrieval_ranks,
)
from hf_regional.metrics.winners import AlphaRange, winners_by_alpha

__all__ = [
    "AlphaRange",
    "ClusterBootstrap",
    "Estimate",
    "Gain",
    "Ratio",
    "Relevant",
    "Resampled",
    "best_ranks",
    "chance_recall_at",
    "chance_reciprocal_rank",
    "grp",
    "load_metric",
    "lower_bound",
    "macro_mean",
    "mean_of",
    "metric_names",
    "ratio_of",
    "recall_at",
    "reciprocal_ranks",
    "relevance_gain",
    "retention",
    "retrieval_ranks",
    "two_sided",
    "winners_by_alpha",
]
