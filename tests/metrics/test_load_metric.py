import doctest
import json
import re
import subprocess
import sys

import pytest

from hf_regional.errors import MismatchedScoresError, NonFiniteError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import grp, load_metric, metric_names


def modules_after(code):
    """Top-level modules and those of `metrics.modules` that a fresh interpreter has loaded after running the code."""
    listing = "import json, sys; print(json.dumps([m for m in sys.modules if '.' not in m or 'metrics.modules.' in m]))"
    ran = subprocess.run([sys.executable, "-W", "error", "-c", f"{code}\n{listing}"], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_importing_the_room_leaves_the_heavy_libraries_alone():
    assert not modules_after("import hf_regional.metrics") & {"torch", "evaluate", "pandas", "datasets", "transformers", "scipy"}


def test_loading_one_metric_imports_that_one_only():
    code = "import warnings; warnings.simplefilter('ignore')\nfrom hf_regional.metrics import load_metric\nload_metric('retention')"
    ours = {module.rpartition(".")[2] for module in modules_after(code) if "metrics.modules." in module}
    assert ours == {"retention"}


def test_grp_computes_table_1_from_lists_of_unlike_length_dicts_and_numbers():
    metric = load_metric("grp")
    assert metric.compute(global_scores=[59.8, 67.2], regional_scores=[41.0, 60.1, 67.8], alpha=0.43)["grp"] == pytest.approx(59.396)
    assert metric.compute(global_scores={"wc": 59.8, "cvqa": 67.2}, regional_scores=56.3, alpha=0.43)["grp"] == pytest.approx(59.396)


def test_models_added_one_by_one_get_one_grp_each():
    metric = load_metric("grp")
    metric.add(global_scores=[63.5], regional_scores=[56.3])
    metric.add_batch(global_scores=[[60.0, 68.8]], regional_scores=[[63.8]])
    assert metric.compute(alpha=0.43) == {"grp": [pytest.approx(59.396), pytest.approx(64.058)]}


def test_retention_and_gain_take_predictions_and_references():
    assert load_metric("retention").compute(predictions=[40.0, 45.0], references=[60.0, 55.0], chance=[20.0, 5.0])[
        "retention"
    ] == pytest.approx(0.65)
    gain = load_metric("relevance_gain").compute(predictions=[63.8], references=[56.3])
    assert (round(gain["points"], 1), round(gain["percent"], 1)) == (7.5, 13.3)


def test_rows_may_be_added_benchmark_by_benchmark():
    metric = load_metric("retention")
    metric.add(prediction=40.0, reference=60.0)
    metric.add_batch(predictions=[45.0], references=[55.0])
    assert metric.compute(chance=[20.0, 5.0])["retention"] == pytest.approx(0.65)


def test_evaluate_combines_them():
    import evaluate

    both = evaluate.combine([load_metric("retention"), load_metric("relevance_gain")])
    assert both.compute(predictions=[60.0], references=[50.0]) == {"retention": 1.2, "points": 10.0, "percent": 20.0}


def test_errors_are_those_of_the_functions_and_the_metric_still_works_after_them():
    metric = load_metric("retention")
    with pytest.raises(OutOfRangeError, match=r"base: \[0\]"):
        metric.compute(predictions=[1.0], references=[0.0])
    with pytest.raises(NonFiniteError, match=r"merged: \[1\] is nan"):
        metric.compute(predictions=[1.0, float("nan")], references=[1.0, 1.0])
    assert metric.compute(predictions=[1.0], references=[2.0]) == {"retention": 0.5}
    with pytest.raises(OutOfRangeError, match="divide by 100"):
        load_metric("grp").compute(global_scores=[1.0], regional_scores=[1.0], alpha=43)
    with pytest.raises(MismatchedScoresError, match=r"base lacks \[1\]"):
        metric.compute(predictions=[1.0], references=[2.0], chance=[0.1, 0.2])


@pytest.mark.parametrize("name", metric_names())
def test_every_module_says_what_it_is_and_where_it_comes_from(name):
    metric = load_metric(name)
    assert metric.name == name
    assert re.match(r"@\w+\{\w+,\n.*\n\}$", metric.citation, re.DOTALL)
    assert all(url.startswith("https://") for url in metric.reference_urls)
    assert metric.reference_urls
    assert "=" in metric.description or "/" in metric.description  # the formula
    assert re.search(r"^Args:\n.*^Returns:\n.*^Example:\n", metric.inputs_description, re.DOTALL | re.MULTILINE)
    assert set(metric.features) <= set(re.findall(r"^    (\w+): ", metric.inputs_description, re.MULTILINE))  # each column is explained


@pytest.mark.parametrize("name", metric_names())
def test_the_example_of_every_module_runs_as_printed(name):
    example = doctest.DocTestParser().get_doctest(load_metric(name).inputs_description, {"load_metric": load_metric}, name, None, None)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no metric 'retension'\. Did you mean 'retention'\? Known: .*\bgrp, .*retention"):
        load_metric("retension")


def test_the_function_is_not_hidden_by_its_module():
    load_metric("grp")
    import hf_regional.metrics

    assert callable(hf_regional.metrics.grp)
    assert hf_regional.metrics.grp is grp
