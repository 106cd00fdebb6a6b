import numpy as np
import pytest

from hf_regional.errors import BadRowError, MismatchedScoresError, MissingColumnError, NonFiniteError, NoRowsError
from hf_regional.metrics import load_metric

RATED = {"ratings": [3, 1], "items": ["a", "b"], "raters": ["ann", "ann"]}


def test_rows_added_one_by_one_in_batches_and_at_once_give_the_same():
    columns = {"country": ["IDN", "THA", "THA"], "language": ["id", "th", None]}
    whole = load_metric("grouped_accuracy").compute(predictions=["A", "B", None], references=["A", "A", "C"], groups=columns)
    metric = load_metric("grouped_accuracy")
    metric.add(prediction="A", reference="A", groups={"country": "IDN", "language": "id"})
    metric.add_batch(predictions=["B", None], references=["A", "C"], groups={"country": ["THA", "THA"], "language": ["th", None]})
    assert metric.compute() == whole
    by_dicts = [{"country": "IDN", "language": "id"}, {"country": "THA", "language": "th"}, {"country": "THA"}]
    assert load_metric("grouped_accuracy").compute(predictions=["A", "B", None], references=["A", "A", "C"], groups=by_dicts) == whole
    assert whole["by"]["language"]["accuracy"]["unlabelled"] == 1


def test_answers_that_look_like_json_stay_what_they_are():
    """`datasets` reads the text "3" as the number 3 and "null" as nothing; an answer is an answer."""
    found = load_metric("grouped_accuracy").compute(predictions=["3", "null", "true", "[1]"], references=["3", "null", "x", "[1]"])
    assert (found["accuracy"], found["unparsed"]) == (0.75, 0)
    with pytest.raises(MismatchedScoresError, match=r"strings .* numbers"):
        load_metric("grouped_accuracy").compute(predictions=["3"], references=[3])


def test_numbers_come_through_to_the_last_bit():
    close = [0.1 + 0.2, 0.3]  # 0.30000000000000004 and 0.3
    assert load_metric("regional_commonsense").compute(predictions=[close], references=[[0]])["found"] == 1.0


def test_settings_of_the_function_and_of_the_slicing_are_given_by_name():
    found = load_metric("grouped_accuracy").compute(
        predictions=[1, 1, 0],
        references=[1, 1, 1],
        groups=["a", "a", "b"],
        clusters=[1, 1, 2],
        chance=0.5,
        min_n=2,
        reference="a",
        resamples=50,
    )
    slice = found["by"]["group"]["corrected"]
    assert (found["corrected"], slice["reference"], list(slice["set_aside"])) == (pytest.approx(1 / 3), "a", ["b"])
    assert load_metric("social_norms").compute(predictions=["ok"], references=["ok"], classes=["ok", "bad"])["accuracy"] == 1.0
    assert load_metric("value_alignment").compute(predictions=[[1, 0]], references=[[0, 1]], base=4)["value_alignment"] == pytest.approx(
        1 - 0.5**0.5
    )
    assert load_metric("likert_summary").compute(**RATED, threshold=3, scale=(1, 3))["share"] == 0.5
    with pytest.raises(TypeError, match="chanse"):
        load_metric("grouped_accuracy").compute(predictions=[1], references=[1], chanse=0.5)


def test_arrays_tensors_and_series_are_columns():
    import pandas as pd
    import torch

    metric = load_metric("value_alignment")
    assert metric.compute(predictions=torch.eye(2), references=np.eye(2))["value_alignment"] == 1.0
    countries = pd.Series(["IDN", np.nan])
    found = load_metric("grouped_accuracy").compute(
        predictions=np.array([1, 2]), references=pd.Series([1, 2]), groups={"country": countries}
    )
    assert found["by"]["country"]["accuracy"]["unlabelled"] == 1


def test_evaluate_combines_metrics_of_answers():
    import evaluate

    both = evaluate.combine([load_metric("grouped_accuracy"), load_metric("social_norms")])
    rows = {"predictions": ["yes", "no"], "references": ["yes", "yes"], "groups": ["a", "b"]}
    found = both.compute(**rows)
    assert (found["grouped_accuracy_accuracy"], found["social_norms_accuracy"]) == (0.5, 0.5)
    assert found["macro_f1"] == pytest.approx(1 / 3)
    both.add_batch(**rows, clusters=None)
    assert both.compute() == found


def test_a_measurement_of_ratings_takes_rows_without_predictions():
    metric = load_metric("likert_summary")
    for rating, item, rater in zip(*RATED.values(), strict=True):
        metric.add(ratings=rating, items=item, raters=rater, groups="merged")
    found = metric.compute()
    assert (metric.module_type, found["mean"], found["by"]["group"]["mean"]["by_group"]["merged"]["n"]) == ("measurement", 2.0, 2)


@pytest.mark.parametrize(
    ("error", "message", "columns"),
    [
        (
            MissingColumnError,
            "grouped_accuracy lacks references; its columns are predictions, references, groups, clusters",
            {"predictions": [1]},
        ),
        (MismatchedScoresError, r"predictions 1, references 2", {"predictions": [1], "references": [1, 2]}),
        (
            MismatchedScoresError,
            r"country 1, language 2",
            {"predictions": [1], "references": [1], "groups": {"country": [1], "language": [1, 2]}},
        ),
        (MismatchedScoresError, r"groups 2", {"predictions": [1], "references": [1], "groups": ["a", "b"]}),
        (NonFiniteError, r"references: row 1 is nan", {"predictions": [1, 1], "references": [1, float("nan")]}),
        (NonFiniteError, r"predictions: row 0 is inf", {"predictions": np.array([np.inf]), "references": [1]}),
        (BadRowError, r"references: row 0 is <object", {"predictions": [1], "references": [object()]}),
        (BadRowError, r"predictions is 'A'", {"predictions": "A", "references": ["A"]}),
        (
            BadRowError,
            r"some rows have labels and some have dicts",
            {"predictions": [1, 1], "references": [1, 1], "groups": ["a", {"b": "c"}]},
        ),
        (NoRowsError, "has no rows: give predictions and references, or add rows first", {}),
        (NoRowsError, "predictions and references are empty", {"predictions": [], "references": []}),
    ],
)
def test_bad_rows_are_named_and_the_metric_still_works_after_them(error, message, columns):
    metric = load_metric("grouped_accuracy")
    with pytest.raises(error, match=message):
        metric.compute(**columns)
    assert metric.compute(predictions=[1], references=[1])["n"] == 1


def test_a_column_that_the_metric_lacks_is_refused_by_add():
    metric = load_metric("grouped_accuracy")
    with pytest.raises(MissingColumnError, match="does not know country"):
        metric.add_batch(predictions=[1], references=[1], country=["IDN"])
    with pytest.raises(MissingColumnError, match="does not know country"):
        metric.add(prediction=1, reference=1, country="IDN")
    assert len(metric) == 0


def test_rows_kept_in_files_are_gathered_from_several_processes(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from hf_regional.metrics.modules.grouped_accuracy import GroupedAccuracy

    def part(number):
        metric = GroupedAccuracy(num_process=2, process_id=number, cache_dir=str(tmp_path), experiment_id="two", timeout=30)
        metric.add_batch(predictions=[number], references=[1], groups=["zero" if number == 0 else "one"])
        return metric.compute()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(part, range(2))
    assert second is None
    assert {label: one["value"] for label, one in first["by"]["group"]["accuracy"]["by_group"].items()} == {"one": 1.0, "zero": 0.0}


def test_nan_is_refused_when_it_is_added_not_when_all_is_done():
    metric = load_metric("regional_commonsense")
    with pytest.raises(NonFiniteError, match=r"predictions: row 0 is \[nan, 1.0\]"):
        metric.add(prediction=[float("nan"), 1.0], reference=[1])
    assert len(metric) == 0
