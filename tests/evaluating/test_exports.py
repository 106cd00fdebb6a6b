"""What the Hub reads of an evaluation, through the Hub's own classes and back."""

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData, parse_eval_result_entries
from two_models import evaluation, frame

from hf_regional.errors import ConfigError
from hf_regional.evaluating import to_eval_results, to_model_index, write_eval_results
from hf_regional.evaluating.exports import OWN

CVQA = frame({"LAO": [1, 0, 1, 0], "FRA": [1, 1, 1, 0]}, task="cvqa")
JUDGED = frame({"LAO": [0.5, 0.75]}, task="cvqa (judged by me/judge)")
MINE = frame({"LAO": [1, 0]}, task="mine")
RATED = frame({"LAO": [0.5, 1.0]}, task="cvqa", metric="rating by me/judge")


def test_a_card_holds_every_side_and_country_and_reads_them_back():
    found = evaluation(CVQA, model="SEA-CLIP")
    data = ModelCardData(model_name="SEA-CLIP", eval_results=to_model_index(found))
    again = ModelCard(f"---\n{data.to_yaml()}\n---\n").data.eval_results
    by = {(one.task_name, one.dataset_config): one for one in again}
    assert {config for _, config in by} == {"global", "regional", "LAO", "FRA", "lo", "fr"}
    laos = by["cvqa", "LAO"]
    assert (laos.metric_value, laos.metric_type, laos.dataset_type, laos.dataset_split) == (0.5, "accuracy", "afaji/cvqa", "all")
    assert (laos.task_type, laos.dataset_name) == ("visual-question-answering", "cvqa (Laos)")
    assert by["cvqa", "global"].metric_value == 0.75


def test_another_scorer_gets_neither_the_benchmarks_name_nor_its_dataset():
    for found in (evaluation(JUDGED), evaluation(RATED, metrics={"cvqa": "rating by me/judge"})):
        for one in to_model_index(found):
            assert one.dataset_type == OWN
            assert one.task_name == "questions of cvqa, scored by me/judge"
        results = to_eval_results(found)
        assert (results.entries, [*results.left_out.values()]) == (
            {},
            ["scored by me/judge, which is not the benchmark's own scorer"],
        )


def test_there_is_an_entry_a_country_and_task_in_a_file_a_task(tmp_path):
    found = evaluation(CVQA, MINE)
    results = to_eval_results(
        found, datasets={"mine": "me/mine"}, date="2026-11-21", source_url="https://huggingface.co/me/x", source_name="report"
    )
    paths = write_eval_results(results, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [".eval_results/cvqa.yaml", ".eval_results/mine.yaml"]
    read = parse_eval_result_entries(yaml.safe_load(paths[0].read_text(encoding="utf-8")))
    assert read == [*results.entries["cvqa"]]
    assert [(one.dataset_id, one.task_id, one.value) for one in read] == [("afaji/cvqa", "cvqa-FRA", 0.75), ("afaji/cvqa", "cvqa-LAO", 0.5)]
    assert read[0].notes.startswith("accuracy; 95 % interval ")
    assert "n = 4" in read[0].notes
    assert (read[0].date, read[0].source_name) == ("2026-11-21", "report")


def test_what_has_no_entry_is_named_with_the_reason():
    results = to_eval_results(evaluation(MINE))
    assert results.left_out == {"mine": "its dataset is not known: name it in datasets="}
    assert to_eval_results(evaluation(CVQA), by="income").left_out == {"cvqa": "was not sliced by income"}
    with pytest.raises(ConfigError, match="'nothing', of task 'mine', is no id of a dataset"):
        to_eval_results(evaluation(MINE), datasets={"mine": "nothing"})
    with pytest.raises(ConfigError, match="needs an address"):
        to_eval_results(evaluation(CVQA), source_name="report")
