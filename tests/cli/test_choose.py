"""`hf-regional choose` as it is typed, with two random models of width 16 over a small part of emoji-world."""

import json

import pytest

from hf_regional.cli import main
from hf_regional.evaluating import catalogue, load_task
from hf_regional.regions import Region


@pytest.fixture(scope="module")
def corpus():
    """90 rows of emoji-world that are asked, half of them of the region, with the verdicts of the filter."""
    from datasets import DatasetDict

    from hf_regional.corpora import load_corpus

    rows = load_corpus("emoji-world", Region("SEA"), split="validation", mode="annotate").data
    verdicts = rows["region_verdict"][:]
    chosen = [[place for place, found in enumerate(verdicts) if found == kind][:45] for kind in ("kept", "other")]
    return DatasetDict({"validation": rows.select(sorted(chosen[0] + chosen[1]))})


@pytest.fixture
def choose(corpus, base, regional, monkeypatch, capsys):
    """Type the command over the small part: (exit code, standard output, standard error)."""
    # The real catalogue, over a corpus that takes seconds.
    monkeypatch.setattr(catalogue, "load_corpus", lambda *names, **options: corpus)
    monkeypatch.setattr(catalogue, "_placed", lambda rows, definition, region: rows)

    def call(*words):
        code = main(["choose", str(base), str(regional), "--device", "cpu", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


WORDS = ("--tasks", "emoji-world", "--region", "SEA", "--alpha", "0.4", "--betas", "0", "0.5", "1", "--min-retention", "0")


def test_json_holds_the_choice_and_its_curve(choose):
    code, out, _ = choose(*WORDS, "--json")
    found = json.loads(out)
    assert (code, out.count("\n")) == (0, 1)
    assert [point["beta"] for point in found["curve"]] == [0, 0.5, 1]
    assert found["beta"] in {0, 0.5, 1}
    assert (found["region"], found["alpha"], found["tasks"], found["scope"]) == ("SEA", 0.4, ["emoji-world"], "others")


def test_people_get_the_curve_and_the_reason(choose):
    code, out, _ = choose(*WORDS, "--folds", "3", "--refine", "1")
    assert code == 0
    assert out.splitlines()[0].startswith("β")
    assert "← chosen" in out
    assert "Out of fold: " in out


def test_each_name_can_be_a_region_of_its_own(choose):
    words = [word if word != "SEA" else "IDN" for word in WORDS]
    words[words.index("IDN") + 1 : words.index("IDN") + 1] = ["VNM", "--each"]
    code, out, _ = choose(*words, "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found["by_region"]) == ["IDN", "VNM"]
    assert [point["beta"] for point in found["curve"]] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--alpha", "43"), "alpha of SEA must be in [0, 1], got 43.0. KOF gives percent: divide by 100."),
        (("--alpha", "0.1", "0.2"), "give one α, or one for each of the 1 regions; got 2."),
        (("--tasks", "emoji-word"), "no task 'emoji-word'. Did you mean 'emoji-world'?"),
        (("--betas", "1.5"), "β must be in [0, 1], got 1.5"),
        (("--folds", "1"), "folds must be at least 2, got 1"),
        (("--only", "tower.*"), "the pattern 'tower.*' takes no tensor"),
        (("--min-retention", "98"), "98 % "),
    ],
)
def test_bad_words_are_refused_with_the_reason(choose, words, message):
    typed = list(WORDS)
    if words[0] in typed:
        begin = typed.index(words[0])
        end = next((place for place in range(begin + 1, len(typed)) if typed[place].startswith("--")), len(typed))
        del typed[begin:end]
    code, out, err = choose(*typed, *words, "--json")
    assert (code, out) == (1, "")
    assert message.strip() in err


def test_the_task_by_name_is_the_corpus_parted_by_the_region():
    task = load_task("emoji-world", region=Region("SEA"), part="select")
    reported = load_task("emoji-world", region=Region("SEA"), part="report")
    assert not set(zip(task.texts, task.rows.groups, strict=True)) & set(zip(reported.texts, reported.rows.groups, strict=True))
    assert (task.name, task.metric) == ("emoji-world", "MRR")
    assert {"id", "vi", "th"} <= set(task.rows.groups[task.rows.of("regional")])
    assert "de" in set(task.rows.groups[task.rows.of("global")])
