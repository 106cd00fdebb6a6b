"""Metrics: answers, scores, ranks and ratings in; parity, retention, gains, scores by group and their intervals out.

numpy alone; `load_metric` brings `evaluate` when it is called.

>>> from hf_regional.metrics import grp, retention
>>> round(grp(63.5, 56.3, alpha=0.43), 1)
59.4
"""

from hf_regional.metrics.accuracy import Accuracy, AllCorrect, all_correct, grouped_accuracy
from hf_regional.metrics.grouped import Slice, Sliced, Slicing, sliced
from hf_regional.metrics.intervals import ClusterBootstrap, Estimate, lower_bound, macro_mean, two_sided
from hf_regional.metrics.loading import load_metric, metric_names
from hf_regional.metrics.parity import Gain, grp, relevance_gain, retention
from hf_regional.metrics.probes import ACCEPTABILITY, Commonsense, SocialNorms, regional_commonsense, social_norms
from hf_regional.metrics.ratings import Likert, krippendorff_alpha, likert_summary
from hf_regional.metrics.retrieval import (
    Relevant,
    best_ranks,
    chance_recall_at,
    chance_reciprocal_rank,
    recall_at,
    reciprocal_ranks,
    retrieval_ranks,
)
from hf_regional.metrics.survey import Alignment, jensen_shannon_distance, value_alignment
from hf_regional.metrics.winners import AlphaRange, winners_by_alpha

__all__ = [
    "ACCEPTABILITY",
    "Accuracy",
    "Alignment",
    "AllCorrect",
    "AlphaRange",
    "ClusterBootstrap",
    "Commonsense",
    "Estimate",
    "Gain",
    "Likert",
    "Relevant",
    "Slice",
    "Sliced",
    "Slicing",
    "SocialNorms",
    "all_correct",
    "best_ranks",
    "chance_recall_at",
    "chance_reciprocal_rank",
    "grouped_accuracy",
    "grp",
    "jensen_shannon_distance",
    "krippendorff_alpha",
    "likert_summary",
    "load_metric",
    "lower_bound",
    "macro_mean",
    "metric_names",
    "recall_at",
    "reciprocal_ranks",
    "regional_commonsense",
    "relevance_gain",
    "retention",
    "retrieval_ranks",
    "sliced",
    "social_norms",
    "two_sided",
    "value_alignment",
    "winners_by_alpha",
]
