"""A metric's name in, its `evaluate` module out. The folder `modules/` is the registry: one file a metric, imported when asked for."""

import importlib
import pkgutil
from typing import TYPE_CHECKING

from hf_regional.errors import UnknownNameError
from hf_regional.metrics import modules
from hf_regional.nearest import did_you_mean

if TYPE_CHECKING:
    import evaluate


def metric_names() -> tuple[str, ...]:
    """Names that `load_metric` knows, sorted.

    >>> {"grouped_accuracy", "grp", "retention", "retrieval"} <= set(metric_names())
    True
    """
    return tuple(sorted(module.name for module in pkgutil.iter_modules(modules.__path__)))


def load_metric(name: str) -> "evaluate.EvaluationModule":
    """Load one metric as an `evaluate` module, with `.compute`, `.add`, `.add_batch` and its `.description`.

    What was added is held in memory; for several processes on one score, build the class itself with `num_process=`.

    Raises:
        UnknownNameError: no metric has that name; the message gives the nearest.

    >>> load_metric("retention").compute(predictions=[64.4], references=[70.0])
    {'retention': 0.92}
    """
    known = metric_names()
    if name not in known:
        raise UnknownNameError(f"no metric {name!r}.{did_you_mean(name, known, cutoff=0.0)} Known: {', '.join(known)}.")
    module = importlib.import_module(f"{modules.__name__}.{name}")
    return getattr(module, name.title().replace("_", ""))(keep_in_memory=True)
