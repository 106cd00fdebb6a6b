"""The report: rulings in, counted batch by batch, and a few rows of each reason; what each step did to whom, and why, out.

counts.py    rows by outcome and by part of the corpus       samples.py   rows to look at
groups.py    which part each row of a batch is in            excerpts.py, pictures.py   what is shown of them
rulings.py   a batch counted and offered to the sample       losses.py    who lost far more than the rest
tally.py     batches, each counted once                      filter_report.py   all of it; written by markdown.py and page.py
"""

from hf_regional.filtering.report.counts import NO_COLUMN as NO_COLUMN
from hf_regional.filtering.report.counts import Counts as Counts
from hf_regional.filtering.report.counts import Cross as Cross
from hf_regional.filtering.report.counts import Outcome as Outcome
from hf_regional.filtering.report.filter_report import FilterReport as FilterReport
from hf_regional.filtering.report.samples import Sample as Sample
from hf_regional.filtering.report.samples import Samples as Samples
from hf_regional.filtering.report.tally import BEFORE_ALL as BEFORE_ALL
from hf_regional.filtering.report.tally import Tally as Tally

__all__ = ["BEFORE_ALL", "NO_COLUMN", "Counts", "Cross", "FilterReport", "Outcome", "Sample", "Samples", "Tally"]
