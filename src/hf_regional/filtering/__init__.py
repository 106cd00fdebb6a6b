"""Filtering: rows in, the same rows with evidence and a verdict out. No row is lost unnamed.

    filtered = filter_regional(dataset, Region("SEA"))                 # .data, .dropped, .report
    print(filtered.report)

Each kind of evidence (a file in `evidence/`) gives hits, `opinions.py` what they mean, `combining.py` one answer a row. `kernel.py`
judges Arrow batches; `drivers.py` feeds it from `datasets` objects, tables and Parquet files. `mixin.py` is the door for builders.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.filtering.carding import push_dataset_card as push_dataset_card
    from hf_regional.filtering.carding import write_dataset_card as write_dataset_card
    from hf_regional.filtering.consent import ConsentPolicy as ConsentPolicy
    from hf_regional.filtering.consent import LicencePolicy as LicencePolicy
    from hf_regional.filtering.consent import OptOutPolicy as OptOutPolicy
    from hf_regional.filtering.consent import PersonalPolicy as PersonalPolicy
    from hf_regional.filtering.copies import Copies as Copies
    from hf_regional.filtering.drivers import Filtered as Filtered
    from hf_regional.filtering.drivers import filter_regional as filter_regional
    from hf_regional.filtering.evidence.references import References as References
    from hf_regional.filtering.kernel import ANNOTATIONS as ANNOTATIONS
    from hf_regional.filtering.kernel import judge as judge
    from hf_regional.filtering.mixin import RegionalFilter as RegionalFilter
    from hf_regional.filtering.plan import Plan as Plan
    from hf_regional.filtering.plan import make_plan as make_plan
    from hf_regional.filtering.plan import only as only
    from hf_regional.filtering.report import FilterReport as FilterReport
    from hf_regional.filtering.verdict import Evidence as Evidence
    from hf_regional.filtering.verdict import Verdict as Verdict

# Lazy: `datasets` takes a second to load, and a reader of reports does not need it.
_HOMES = {
    "ANNOTATIONS": "hf_regional.filtering.kernel",
    "ConsentPolicy": "hf_regional.filtering.consent",
    "Copies": "hf_regional.filtering.copies",
    "Evidence": "hf_regional.filtering.verdict",
    "FilterReport": "hf_regional.filtering.report",
    "Filtered": "hf_regional.filtering.drivers",
    "LicencePolicy": "hf_regional.filtering.consent",
    "OptOutPolicy": "hf_regional.filtering.consent",
    "PersonalPolicy": "hf_regional.filtering.consent",
    "Plan": "hf_regional.filtering.plan",
    "References": "hf_regional.filtering.evidence.references",
    "RegionalFilter": "hf_regional.filtering.mixin",
    "Verdict": "hf_regional.filtering.verdict",
    "filter_regional": "hf_regional.filtering.drivers",
    "judge": "hf_regional.filtering.kernel",
    "make_plan": "hf_regional.filtering.plan",
    "only": "hf_regional.filtering.plan",
    "push_dataset_card": "hf_regional.filtering.carding",
    "write_dataset_card": "hf_regional.filtering.carding",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
