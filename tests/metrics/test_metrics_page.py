import doctest
import re

import pytest

from hf_regional.metrics import metric_names


@pytest.fixture(scope="module")
def page(root):
    """The page of documentation."""
    return (root / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_the_examples_run_as_printed(page):
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 6
    for number, block in enumerate(blocks):
        ran = doctest.DocTestRunner(verbose=False).run(doctest.DocTestParser().get_doctest(block, {}, f"block {number}", None, None))
        assert (ran.failed, ran.attempted > 0) == (0, True), block


def test_every_metric_has_its_row_in_the_table(page):
    assert set(metric_names()) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
