"""The calls of docs/evaluation.md, in the order in which they stand there, on miniatures and tiny random models."""

import re
import shlex

import pytest
import yaml

from chat_server import MODEL, chat_server
from hf_regional.cli import main
from hf_regional.evaluating.catalogue import _PROTOCOLS, _builder, read_definition
from hf_regional.evaluating.listing import PROTOCOLS
from miniatures import write_miniature

SIGLIP, QWEN = "google/siglip2-base-patch16-224", "http://localhost:8000/v1#Qwen/Qwen2.5-VL-7B-Instruct"


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "evaluation.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    modules = {"cvqa": "cvqa", "dollar-street": "dollar_street", "marvl": "marvl", "mtvqa": "mtvqa"}
    return {task: write_miniature(module, tmp_path_factory.mktemp(module) / "files") for task, module in modules.items()}


def test_every_command_of_the_page_runs(page, base, folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(page, "bash")
    with chat_server(verdict=lambda *_: "false") as server:
        for line in block.splitlines():
            line = re.sub(r"\s{2,}#.*", "", line)
            words = shlex.split(line.replace(SIGLIP, str(base)).replace(QWEN, f"{server.url}#{MODEL}"))
            tasks = [words[place + 1] for place, word in enumerate(words) if word == "--task"]
            for task in tasks or [None]:  # each has its own folder here, where the page leaves both to the Hub
                some = [word for place, word in enumerate(words[1:], 1) if "--task" not in (word, words[place - 1])]
                asked = ["--task", task, "--data-dir", str(folders[task])] if task else []
                assert main([*some, *asked]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert "country IDN" in printed
    assert '"income": {"Q1 ' in printed
    assert (tmp_path / "qwen" / "rows.parquet").is_file()


def test_every_call_of_the_page_runs_and_gives_what_it_says(page, base, folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (written,) = blocks(page, "yaml")
    (tmp_path / "dishes.yaml").write_text(written, encoding="utf-8")
    here = {
        f'"{SIGLIP}"': f'"{base}"',
        'load_task("cvqa"': f'load_task("cvqa", data_dir="{folders["cvqa"]}"',
        'load_corpus("cvqa"': f'load_corpus("cvqa", data_dir="{folders["cvqa"]}"',
        'load_task("dishes.yaml"': f'load_task("dishes.yaml", data_dir="{folders["cvqa"]}"',
        'load_task("dollar-street"': f'load_task("dollar-street", data_dir="{folders["dollar-street"]}"',
    }
    names: dict = {}
    calls = blocks(page, "python")
    assert all(any(call in each for each in calls) for call in here)
    for call in calls:
        for theirs, ours in here.items():
            call = call.replace(theirs, ours)
        exec(call, names)
    assert names["found"].scores["cvqa"]["regional"]["n"] == 20
    assert all(re.fullmatch(r"Q\d [\d,]+–[\d,]+ USD", label) for label in names["by_income"].scores["dollar-street"]["by"]["income"])
    assert set(names["again"].scores["dollar-street"]["by"]) == {"country", "region"}
    assert len(names["select"].questions) + len(names["report"].questions) == 40
    assert set(names["dishes"].rows.slices["language"]) <= {"id", "jv"}
    assert len(names["mine"].rows.groups) == 40


def test_the_table_names_every_protocol_with_its_settings_and_families(page):
    rows = {
        cells[0].strip("` "): cells for cells in (line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `"))
    }
    for protocol in PROTOCOLS.keys() & rows.keys():
        assert rows[protocol][3].split(", ") == list(PROTOCOLS[protocol].families)
    assert {"options", "classification", "open_answers", "statements", "captions", "galleries", "retrieval", "universals"} <= rows.keys()
    for protocol in rows.keys() & _PROTOCOLS.keys() - {"retrieval"}:
        for setting in rows[protocol][4].split(", "):
            _builder(read_definition({"name": "x", "corpus": "cvqa", "protocol": protocol, "settings": {setting: None}}))


def test_the_yaml_of_the_page_has_the_keys_that_a_task_has(page):
    (written,) = blocks(page, "yaml")
    definition = read_definition({"name": "dishes", **yaml.safe_load(written)})
    assert definition.without == {"topic": ["Sports and recreation"]}
