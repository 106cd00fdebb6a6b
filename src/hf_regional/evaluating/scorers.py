"""Scorers: a task's name and metric in; the encoder or judge that its scores are of, where it is none of the benchmark's own, out.

Protocols name it themselves: "RefCLIPScore[encoder]", "rating by judge", and "dpg-bench (judged by judge)" for a task.
"""

import re
from typing import Final

_IN_METRIC: Final = re.compile(r"\[(?P<in>[^\]]+)\]$| by (?P<by>\S.*)$")
_IN_NAME: Final = re.compile(r" \(judged by (?P<judge>.+)\)$")


def own_scorer(task: str, metric: str) -> str | None:
    """Who scored, where scores with another scorer would be another benchmark's.

    >>> own_scorer("cvqa", "accuracy"), own_scorer("aya", "rating by Qwen/Qwen2.5"), own_scorer("xm3600", "RefCLIPScore[me/clip]")
    (None, 'Qwen/Qwen2.5', 'me/clip')
    >>> own_scorer("dpg-bench (judged by me/vlm)", "dpg")
    'me/vlm'
    """
    found = _IN_NAME.search(task) or _IN_METRIC.search(metric)
    return next(name for name in found.groups() if name) if found else None


def benchmark_of(task: str) -> str:
    """The task's name without its judge.

    >>> benchmark_of("dpg-bench (judged by me/vlm)")
    'dpg-bench'
    """
    return _IN_NAME.sub("", task)
