"""The calls of docs/quality.md, in the order in which they stand there, against a local server and tiny towers."""

import json
import os
import re
import subprocess
import sys

import yaml

from chat_server import MODEL, chat_server
from hf_regional.filtering.quality import SCORERS, make_rules
from tiny_towers import save_towers


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


_RUN = """
import json, sys
names = {}
for block in json.load(sys.stdin):
    exec(block, names)
marks = names["grade_rows"](names["rows"], names["make_rules"](["resolution", "length"], [256, 10])).grades
values = [None if value != value else value for value in names["graded"].values[1].tolist()]
grades, languages = [names["GRADES"][mark] for mark in marks], sorted(names["threshold"].by_language)
print(json.dumps({"grades": grades, "values": values, "languages": languages}))
"""


def test_every_call_of_the_page_runs_and_gives_what_it_says(root, tmp_path):
    page = (root / "docs" / "quality.md").read_text(encoding="utf-8")
    siglip = save_towers("siglip", tmp_path / "siglip")
    with chat_server() as server:
        ours = {
            "http://localhost:8000/v1#CodeGoat24/UnifiedReward-qwen-7b": f"{server.url}#{MODEL}",
            "google/siglip2-base-patch16-224": str(siglip),
        }
        calls = blocks(page, "python")
        for theirs, here in ours.items():
            assert any(theirs in call for call in calls)
            calls = [call.replace(theirs, here) for call in calls]
        environment = {name: value for name, value in os.environ.items() if name != "HF_ASSETS_CACHE"} | {"HF_HOME": str(tmp_path / "home")}
        run = subprocess.run([sys.executable, "-c", _RUN], input=json.dumps(calls), capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["grades"] == ["", "below", "", "failed", "missing"]
    assert said["values"] == [5, None, 1, None, None]
    assert said["languages"] == ["id", "th", "zh"]
    assert len(server.completions) == 2


def test_the_yaml_of_the_page_is_what_make_rules_takes(root):
    (block,) = blocks((root / "docs" / "quality.md").read_text(encoding="utf-8"), "yaml")
    settings = yaml.safe_load(block)
    rules = make_rules(settings["quality"], settings["min_quality"])
    assert [rule.scorer.name for rule in rules] == ["resolution:side", "length", "unifiedreward"]
    assert rules[2].scorer.model.workers == 64


def test_the_page_has_every_scorer(root):
    page = (root / "docs" / "quality.md").read_text(encoding="utf-8")
    assert all(f"`{name}" in page for name in SCORERS)
