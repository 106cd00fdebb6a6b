"""Every task of the catalogue, through the command line, on the miniature of its corpus, with a tiny random model of each family."""

import json

import pytest

from hf_regional.cli import main
from hf_regional.corpora import catalogue
from hf_regional.evaluating.catalogue import _PROTOCOLS, read_definition, task_names
from hf_regional.evaluating.listing import PROTOCOLS, list_tasks
from miniatures import write_miniature
from tiny_llava import save_llava
from tiny_pipelines import stable_diffusion_xl

FAMILIES = ("embedding", "vision-language", "text-to-image")
# What a miniature is too small for.
WORDS = {"globalrg": ["--setting", "k=2"]}
EXPECTED_ROWS = {"cvqa": 40, "cvqa-english": 20, "cvqa-local": 20}


@pytest.fixture(scope="module")
def models(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    stable_diffusion_xl().save_pretrained(folder / "sdxl")
    return {"embedding": base, "vision-language": save_llava(folder / "llava", steps=2), "text-to-image": folder / "sdxl"}


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory):
    """Task -> the words that name the folder of its corpus's miniature."""
    written = {}

    def words(task):
        corpus = catalogue()[read_definition(task).corpus]
        if not corpus.is_published:
            return []
        module = corpus.builder.partition(":")[0]
        if module not in written:
            written[module] = write_miniature(module, tmp_path_factory.mktemp(module) / "files")
        return ["--data-dir", str(written[module])]

    return words


def _cases():
    for entry in list_tasks():
        for family in FAMILIES:
            slow = pytest.mark.slow if entry.name == "emoji-world" and family == "embedding" else ()
            yield pytest.param(entry, family, marks=slow, id=f"{entry.name}-{family}")


@pytest.mark.parametrize(("entry", "family"), [*_cases()])
def test_each_task_runs_with_the_families_it_takes_and_refuses_the_others(entry, family, models, miniatures, capsys):
    words = ["evaluate", str(models[family]), "--task", entry.name, "--by", "language" if entry.name != "globalrg" else "topic", "--json"]
    status = main([*words, *miniatures(entry.name), *WORDS.get(entry.name, []), "--region", "SEA", "--resamples", "20"])
    printed = capsys.readouterr()
    if family not in entry.families:
        assert status == 1
        assert printed.out == ""
        assert f"task {entry.name!r} asks for features" in printed.err or f"task {entry.name!r} asks for answers" in printed.err
        assert "hf-regional evaluate --list shows them" in printed.err
        return
    assert status == 0, printed.err
    scores = json.loads(printed.out)["tasks"][entry.name]
    sides = [scores[side] for side in ("global", "regional") if side in scores]
    assert sides
    assert all(0 <= side["low"] <= side["value"] <= side["high"] <= 1 for side in sides)
    assert sum(side["n"] for side in sides) == EXPECTED_ROWS.get(entry.name, sum(side["n"] for side in sides))
    assert scores["metric"] == entry.metric or entry.name == "globalrg"


def test_the_list_names_every_task_and_every_protocol(capsys):
    assert set(PROTOCOLS) == set(_PROTOCOLS)
    assert main(["evaluate", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["tasks"]
    assert set(listed) == set(task_names())
    assert all(entry["paper"] or entry["corpus"] == "emoji-world" for entry in listed.values())
    assert main(["evaluate", "--list"]) == 0
    assert "xm3600-captions" in capsys.readouterr().out
