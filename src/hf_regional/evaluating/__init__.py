"""Evaluating: a model and tasks in; scores by group with intervals, and the β that parity and retention choose, out."""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.evaluating.beta import select_beta as select_beta
    from hf_regional.evaluating.beta import select_beta_for_regions as select_beta_for_regions
    from hf_regional.evaluating.catalogue import load_task as load_task
    from hf_regional.evaluating.choosing import Choice as Choice
    from hf_regional.evaluating.choosing import CurvePoint as CurvePoint
    from hf_regional.evaluating.joint import RegionsChoice as RegionsChoice
    from hf_regional.evaluating.runner import Evaluation as Evaluation
    from hf_regional.evaluating.runner import evaluate_model as evaluate_model
    from hf_regional.evaluating.tasks.retrieval import RetrievalTask as RetrievalTask
    from hf_regional.evaluating.tasks.retrieval import build_retrieval_task as build_retrieval_task

_HOMES = {
    "Choice": "hf_regional.evaluating.choosing",
    "CurvePoint": "hf_regional.evaluating.choosing",
    "RegionsChoice": "hf_regional.evaluating.joint",
    "load_task": "hf_regional.evaluating.catalogue",
    "select_beta": "hf_regional.evaluating.beta",
    "select_beta_for_regions": "hf_regional.evaluating.beta",
    "Evaluation": "hf_regional.evaluating.runner",
    "evaluate_model": "hf_regional.evaluating.runner",
    "RetrievalTask": "hf_regional.evaluating.tasks.retrieval",
    "build_retrieval_task": "hf_regional.evaluating.tasks.retrieval",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
