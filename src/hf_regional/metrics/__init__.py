"""Metrics: answers, scores, ranks and ratings in; parity, retention, gains, scores by group and their intervals out.

numpy alone; `load_metric` brings `evaluate` when it is called.

>>> from hf_regional.metrics import grp, retention
>>> round(grp(63.5, 56.3, alpha=0.43), 1)
59.4
"""

from hf_regional.metrics.accuracy import Accuracy, AllCorrect, all_correct, grouped_accuracy
from hf_regional.metrics.alignment import AlignmentScores, clip_score, ref_clip_score
from hf_regional.metrics.bounds import Estimate, Resampled, lower_bound, mean_of, two_sided
from hf_regional.metrics.captions import chrf
from hf_regional.metrics.culture import cultural_diversity_at_k, culture_coverage, relevance_at_k
from hf_regional.metrics.grouped import Slice, Sliced, Slicing, sliced
from hf_regional.metrics.intervals import ClusterBootstrap, macro_mean
from hf_regional.metrics.loading import load_metric, metric_names
from hf_regional.metrics.manifolds import Prdc, RegionalPrdc, expected_coverage, prdc, prdc_by_region, real_neighbourhoods
from hf_regional.metrics.parity import Gain, grp, relevance_gain, retention
from hf_regional.metrics.probes import ACCEPTABILITY, Commonsense, SocialNorms, regional_commonsense, social_norms
from hf_regional.metrics.prompt_graphs import PromptGraphScores, Question, prompt_graph_scores
from hf_regional.metrics.rankings import feature_retrieval_scores, retrieval_scores, score_standings
from hf_regional.metrics.ratings import Likert, krippendorff_alpha, likert_summary
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
from hf_regional.metrics.standings import Standings, find_feature_standings, find_standings
from hf_regional.metrics.survey import Alignment, jensen_shannon_distance, value_alignment
from hf_regional.metrics.top_items import nearest_items
from hf_regional.metrics.two_ways import TwoWays, two_way_retrieval
from hf_regional.metrics.vendi import vendi_from_kernel, vendi_score
from hf_regional.metrics.winners import AlphaRange, winners_by_alpha

__all__ = [
    "ACCEPTABILITY",
    "Accuracy",
    "Alignment",
    "AlignmentScores",
    "AllCorrect",
    "AlphaRange",
    "ClusterBootstrap",
    "Commonsense",
    "Estimate",
    "Gain",
    "Likert",
    "Prdc",
    "PromptGraphScores",
    "Question",
    "Ratio",
    "RegionalPrdc",
    "Relevant",
    "Resampled",
    "Slice",
    "Sliced",
    "Slicing",
    "SocialNorms",
    "Standings",
    "TwoWays",
    "all_correct",
    "best_ranks",
    "chance_recall_at",
    "chance_reciprocal_rank",
    "chrf",
    "clip_score",
    "cultural_diversity_at_k",
    "culture_coverage",
    "expected_coverage",
    "feature_retrieval_scores",
    "find_feature_standings",
    "find_standings",
    "grouped_accuracy",
    "grp",
    "jensen_shannon_distance",
    "krippendorff_alpha",
    "likert_summary",
    "load_metric",
    "lower_bound",
    "macro_mean",
    "mean_of",
    "metric_names",
    "nearest_items",
    "prdc",
    "prdc_by_region",
    "prompt_graph_scores",
    "ratio_of",
    "real_neighbourhoods",
    "recall_at",
    "reciprocal_ranks",
    "ref_clip_score",
    "regional_commonsense",
    "relevance_at_k",
    "relevance_gain",
    "retention",
    "retrieval_ranks",
    "retrieval_scores",
    "score_standings",
    "sliced",
    "social_norms",
    "two_sided",
    "two_way_retrieval",
    "value_alignment",
    "vendi_from_kernel",
    "vendi_score",
    "winners_by_alpha",
]
