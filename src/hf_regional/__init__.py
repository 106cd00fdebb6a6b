"""Regional adaptation of global vision-language models: filter, fine-tune, merge back, choose by parity, publish with evidence.

>>> from hf_regional import Region
>>> len(Region("SEA").countries)
11
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup
from hf_regional.version import __version__

if TYPE_CHECKING:
    from hf_regional.adapting import adapt as adapt
    from hf_regional.cards import write_card as write_card
    from hf_regional.corpora import DollarStreet as DollarStreet
    from hf_regional.corpora import load_corpus as load_corpus
    from hf_regional.encoding import DualEncoder as DualEncoder
    from hf_regional.evaluating import evaluate_model as evaluate_model
    from hf_regional.evaluating import select_beta as select_beta
    from hf_regional.filtering import RegionalFilter as RegionalFilter
    from hf_regional.filtering import filter_regional as filter_regional
    from hf_regional.merging import ModelMerger as ModelMerger
    from hf_regional.merging import merge_checkpoints as merge_checkpoints
    from hf_regional.metrics import grp as grp
    from hf_regional.metrics import load_metric as load_metric
    from hf_regional.metrics import retention as retention
    from hf_regional.pipeline import run as run
    from hf_regional.planning import annotation_plan as annotation_plan
    from hf_regional.planning import geo_similarity as geo_similarity
    from hf_regional.regions import Region as Region
    from hf_regional.regions import alpha as alpha

# The one table of public names: it feeds the lazy lookup, __all__ and __dir__, so that importing the package loads nothing else.
_HOMES = {
    "DollarStreet": "hf_regional.corpora",
    "DualEncoder": "hf_regional.encoding",
    "ModelMerger": "hf_regional.merging",
    "Region": "hf_regional.regions",
    "RegionalFilter": "hf_regional.filtering",
    "adapt": "hf_regional.adapting",
    "alpha": "hf_regional.regions",
    "annotation_plan": "hf_regional.planning",
    "evaluate_model": "hf_regional.evaluating",
    "filter_regional": "hf_regional.filtering",
    "geo_similarity": "hf_regional.planning",
    "grp": "hf_regional.metrics",
    "load_corpus": "hf_regional.corpora",
    "load_metric": "hf_regional.metrics",
    "merge_checkpoints": "hf_regional.merging",
    "retention": "hf_regional.metrics",
    "run": "hf_regional.pipeline",
    "select_beta": "hf_regional.evaluating",
    "write_card": "hf_regional.cards",
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
