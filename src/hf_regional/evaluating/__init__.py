"""Evaluating: a model and tasks in; scores by group with intervals, and the β that parity and retention choose, out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf_regional.evaluating.beta import Choice, CurvePoint, select_beta
    from hf_regional.evaluating.runner import Evaluation, evaluate_model
    from hf_regional.evaluating.tasks.retrieval import RetrievalTask, build_retrieval_task

_HOMES = {
    "Choice": "hf_regional.evaluating.beta",
    "CurvePoint": "hf_regional.evaluating.beta",
    "select_beta": "hf_regional.evaluating.beta",
    "Evaluation": "hf_regional.evaluating.runner",
    "evaluate_model": "hf_regional.evaluating.runner",
    "RetrievalTask": "hf_regional.evaluating.tasks.retrieval",
    "build_retrieval_task": "hf_regional.evaluating.tasks.retrieval",
}

__all__ = ["Choice", "CurvePoint", "Evaluation", "RetrievalTask", "build_retrieval_task", "evaluate_model", "select_beta"]


def __getattr__(name: str) -> object:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
