"""Evaluating: a model and tasks in; scores by group with intervals, and the β that parity and retention choose, out."""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.evaluating.asked import Asked as Asked
    from hf_regional.evaluating.asked import ask as ask
    from hf_regional.evaluating.beta import select_beta as select_beta
    from hf_regional.evaluating.beta import select_beta_for_regions as select_beta_for_regions
    from hf_regional.evaluating.catalogue import load_task as load_task
    from hf_regional.evaluating.catalogue import task_names as task_names
    from hf_regional.evaluating.choosing import Choice as Choice
    from hf_regional.evaluating.choosing import CurvePoint as CurvePoint
    from hf_regional.evaluating.comparing import Comparison as Comparison
    from hf_regional.evaluating.comparing import compare_evaluations as compare_evaluations
    from hf_regional.evaluating.exports import to_eval_results as to_eval_results
    from hf_regional.evaluating.exports import to_model_index as to_model_index
    from hf_regional.evaluating.exports import write_eval_results as write_eval_results
    from hf_regional.evaluating.joining import join_evaluations as join_evaluations
    from hf_regional.evaluating.joint import RegionsChoice as RegionsChoice
    from hf_regional.evaluating.listing import list_tasks as list_tasks
    from hf_regional.evaluating.protocols.drawn_prompts import read_drawn as read_drawn
    from hf_regional.evaluating.protocols.retrieval import RetrievalTask as RetrievalTask
    from hf_regional.evaluating.protocols.retrieval import build_retrieval_task as build_retrieval_task
    from hf_regional.evaluating.quantiles import Quantiles as Quantiles
    from hf_regional.evaluating.reporting.writing import write_evaluation_report as write_evaluation_report
    from hf_regional.evaluating.runner import Evaluation as Evaluation
    from hf_regional.evaluating.runner import evaluate_model as evaluate_model
    from hf_regional.evaluating.runner import load_evaluation as load_evaluation
    from hf_regional.evaluating.subjects import Subject as Subject
    from hf_regional.evaluating.subjects import open_subject as open_subject
    from hf_regional.evaluating.task import Outcome as Outcome
    from hf_regional.evaluating.task import Task as Task
    from hf_regional.evaluating.task import TaskRows as TaskRows

_HOMES = {
    "Asked": "hf_regional.evaluating.asked",
    "Quantiles": "hf_regional.evaluating.quantiles",
    "ask": "hf_regional.evaluating.asked",
    "list_tasks": "hf_regional.evaluating.listing",
    "Choice": "hf_regional.evaluating.choosing",
    "Comparison": "hf_regional.evaluating.comparing",
    "compare_evaluations": "hf_regional.evaluating.comparing",
    "join_evaluations": "hf_regional.evaluating.joining",
    "to_eval_results": "hf_regional.evaluating.exports",
    "to_model_index": "hf_regional.evaluating.exports",
    "write_eval_results": "hf_regional.evaluating.exports",
    "write_evaluation_report": "hf_regional.evaluating.reporting.writing",
    "CurvePoint": "hf_regional.evaluating.choosing",
    "RegionsChoice": "hf_regional.evaluating.joint",
    "select_beta": "hf_regional.evaluating.beta",
    "select_beta_for_regions": "hf_regional.evaluating.beta",
    "Evaluation": "hf_regional.evaluating.runner",
    "Outcome": "hf_regional.evaluating.task",
    "Subject": "hf_regional.evaluating.subjects",
    "Task": "hf_regional.evaluating.task",
    "TaskRows": "hf_regional.evaluating.task",
    "load_evaluation": "hf_regional.evaluating.runner",
    "load_task": "hf_regional.evaluating.catalogue",
    "open_subject": "hf_regional.evaluating.subjects",
    "read_drawn": "hf_regional.evaluating.protocols.drawn_prompts",
    "task_names": "hf_regional.evaluating.catalogue",
    "evaluate_model": "hf_regional.evaluating.runner",
    "RetrievalTask": "hf_regional.evaluating.protocols.retrieval",
    "build_retrieval_task": "hf_regional.evaluating.protocols.retrieval",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
