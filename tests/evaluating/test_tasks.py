"""Every task of the catalogue, through the command line, on the miniature of its corpus, with a tiny random model of each family."""

import json

import pytest

from hf_regional.cli import main
from hf_regional.corpora import catalogue
from hf_regional.evaluating.catalogue import _PROTOCOLS, read_definition, task_names
from hf_regional.evaluating.listing import PROTOCOLS, list_tasks
from miniatures import write_miniature
from picture_site import allowance, picture_site
from tiny_llava import save_llava
from tiny_pipelines import stable_diffusion_xl

FAMILIES = ("embedding", "vision-language", "text-to-image")
# What a miniature is too small for.
WORDS = {"globalrg": ["--setting", "k=2"]}
SMALL = "brush={steps: 1, side: 16}"
# Who judges and whose features are compared, where a task names a model that the tests do not have; {embedding} is a folder.
SETTINGS = {
    "aya-vision-bench": ["judge={vision-language}"],
    "dpg-bench": ["judge={vision-language}", SMALL],
    "dollar-street-drawn": ["encoder={embedding}", SMALL, "k=1", "within=language", "pictures=2"],
    "geode-drawn": ["encoder={embedding}", SMALL, "k=1", "pictures=2"],
    "sea-vl-generation": ["encoder={embedding}", SMALL],
}
WITHOUT_ANSWERS = {"geomlama", "global-opinion-qa"}  # likelihoods alone are asked for
ROWS_A_QUESTION = {"culturalbench-hard": 4}
# Of 26 questions of SEA-VQA one has lost its picture and one its right answer; WorldCuisines has two pictures of three, in five languages.
EXPECTED_ROWS = {
    "cvqa": 40,
    "cvqa-english": 20,
    "cvqa-local": 20,
    "sea-vqa": 24,
    "worldcuisines": 10,
    "worldcuisines-open": 10,
    "marvl": 10,
}


@pytest.fixture(scope="module")
def models(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    stable_diffusion_xl().save_pretrained(folder / "sdxl")
    return {"embedding": base, "vision-language": save_llava(folder / "llava", steps=2), "text-to-image": folder / "sdxl"}


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory):
    """Task -> the words that name the folder of its corpus's miniature, and the site that its pictures are fetched from."""
    written, shelf = {}, tmp_path_factory.mktemp("pictures")
    with picture_site() as site:

        def words(task):
            corpus = catalogue()[read_definition(task).corpus]
            if not corpus.is_published:
                return []
            module = corpus.builder.partition(":")[0]
            if module not in written:
                written[module] = write_miniature(module, tmp_path_factory.mktemp(module) / "files", site.url)
            options = {**(allowance(site) if "operator" in corpus.options else {}), "pictures": str(shelf)}
            named = [f"{key}={value}" for key, value in options.items() if key in corpus.options]
            return ["--data-dir", str(written[module]), *(word for pair in named for word in ("--option", pair))]

        yield words


def _cases():
    for entry in list_tasks():
        for family in FAMILIES:
            slow = pytest.mark.slow if entry.name == "emoji-world" and family == "embedding" else ()
            yield pytest.param(entry, family, marks=slow, id=f"{entry.name}-{family}")


@pytest.mark.parametrize(("entry", "family"), [*_cases()])
def test_each_task_runs_with_the_families_it_takes_and_refuses_the_others(entry, family, models, miniatures, capsys):
    words = ["evaluate", str(models[family]), "--task", entry.name, "--by", "language" if entry.name != "globalrg" else "topic", "--json"]
    for setting in SETTINGS.get(entry.name, []):
        for name, model in models.items():
            setting = setting.replace(f"{{{name}}}", str(model))
        words += ["--setting", setting]
    status = main([*words, *miniatures(entry.name), *WORDS.get(entry.name, []), "--region", "SEA", "--resamples", "20"])
    printed = capsys.readouterr()
    if family not in entry.families:
        assert status == 1
        assert printed.out == ""
        assert any(f"task {entry.name!r} asks for {what}" in printed.err for what in ("features", "answers", "pictures"))
        assert "hf-regional evaluate --list shows them" in printed.err
        return
    assert status == 0, printed.err
    (name, scores), *others = json.loads(printed.out)["tasks"].items()
    assert not others
    assert name == (f"{entry.name} (judged by {models['vision-language'].name})" if entry.name == "dpg-bench" else entry.name)
    sides = [scores[side] for side in ("global", "regional") if side in scores]
    assert sides
    assert all(0 <= side["low"] <= side["high"] <= 1 and 0 <= side["value"] <= 1 for side in sides)
    if family == "vision-language" and entry.name not in WITHOUT_ANSWERS:
        asked = sum(side["n"] for side in sides) * ROWS_A_QUESTION.get(entry.name, 1)
        assert sum(scores["extras"]["answers"].values()) == asked
    assert sum(side["n"] for side in sides) == EXPECTED_ROWS.get(entry.name, sum(side["n"] for side in sides))
    asked_of = entry.metric.partition(" by ")[0]
    assert scores["metric"].partition(" by ")[0] == asked_of or entry.name == "globalrg"


@pytest.mark.parametrize(("task", "n"), [("dollar-street", 4), ("geode", 12), ("cvqa-english", 20)])
def test_a_model_that_answers_in_words_weighs_what_it_is_asked_to(task, n, models, miniatures, capsys):
    words = ["evaluate", str(models["vision-language"]), "--task", task, "--setting", "way=weigh", *miniatures(task), "--json"]
    assert main([*words, "--resamples", "20"]) == 0
    scores = json.loads(capsys.readouterr().out)["tasks"][task]
    assert scores["global"]["n"] == n
    assert scores["extras"] == {}  # nothing was written that could not be read


def test_income_is_a_slice_with_its_bounds(models, miniatures, capsys):
    words = ["evaluate", str(models["embedding"]), "--task", "dollar-street", "--by", "income", "--json", *miniatures("dollar-street")]
    assert main(words) == 0
    by_income = json.loads(capsys.readouterr().out)["tasks"]["dollar-street"]["by"]["income"]
    # The four homes of the test split have 1,227, 1,327, 1,427 and 1,527.
    assert list(by_income) == ["Q1 1,227–1,302 USD", "Q2 1,302–1,377 USD", "Q3 1,377–1,452 USD", "Q4 1,452–1,527 USD"]


def test_a_scorer_named_on_the_command_line_stands_in_the_metric(models, miniatures, capsys):
    words = ["evaluate", str(models["vision-language"]), "--task", "xm3600-captions", "--setting", f"scorer={models['embedding']}"]
    assert main([*words, "--limit", "2", "--json", *miniatures("xm3600-captions")]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"]["xm3600-captions"]["metric"] == "RefCLIPScore[clip]"


def test_an_output_that_is_there_is_refused_before_the_model_is_asked(models, miniatures, tmp_path, capsys):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    words = [
        "evaluate",
        str(models["vision-language"]),
        "--task",
        "mtvqa",
        "-o",
        str(tmp_path / "kept"),
        "--data-dir",
        str(tmp_path / "no"),
    ]
    assert main(words) == 1
    assert "kept exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["clip"], ["clip", "--task", "cvqa", "--setting", "way"], ["clip", "--task", "cvqa", "--option", "=1"]]
)
def test_half_a_command_is_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", *words])
    assert stopped.value.code == 2
    assert "usage: hf-regional evaluate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--setting", "wya=match"], "the protocol options has no setting 'wya'. Did you mean 'way'?"),
        (["--option", "revisoin=main"], "cvqa takes no option 'revisoin'. Did you mean 'revision'?"),
    ],
)
def test_a_setting_or_an_option_that_there_is_not_is_answered_with_the_nearest(words, message, models, miniatures, capsys):
    assert main(["evaluate", str(models["embedding"]), "--task", "cvqa", *miniatures("cvqa"), *words]) == 1
    assert message in capsys.readouterr().err


def test_the_list_names_every_task_and_every_protocol(capsys):
    assert set(PROTOCOLS) == set(_PROTOCOLS)
    assert main(["evaluate", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["tasks"]
    assert set(listed) == set(task_names())
    assert all(entry["paper"] or entry["corpus"] == "emoji-world" for entry in listed.values())
    assert main(["evaluate", "--list"]) == 0
    assert "xm3600-captions" in capsys.readouterr().out
