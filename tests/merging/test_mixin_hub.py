"""Pushing: one commit of plain weights, facts and card, to a Hub of our own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from memory_models import learned, tiny_clip
from tiny_hub import TinyHub, running_hub

# Libraries read the Hub's address when they are imported, so that this runs in a process of its own.
PROGRAM = """
import sys
from transformers import CLIPModel
from hf_regional import ModelMerger

class RegionalClip(ModelMerger, CLIPModel): ...

world, sea = sys.argv[1:]
model = RegionalClip.from_pretrained(world)
model.push_to_hub("me/plain", commit_message="As it was")
model.merge_with(sea, beta=0.25)
made = model.push_to_hub("me/sea-mix", commit_message="A quarter", private=True)
print(type(made).__name__)
model.set_beta(0.5).push_to_hub("me/sea-mix", max_shard_size="8KB")
model.set_beta(0.75).push_to_hub("me/sea-mix", revision="next", tags=["emoji"])
model.push_to_hub("me/foreign")
model.save_pretrained("saved", push_to_hub=True, repo_id="me/saved", commit_message="Saved and pushed")
"""
KEPT = "<!-- hf-regional:keep -->\nTried on our pictures.\n<!-- /hf-regional:keep -->"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyHub, str, Path]:
    root = tmp_path_factory.mktemp("push")
    base = tiny_clip()
    base.save_pretrained(root / "world")
    learned(base).save_pretrained(root / "sea")
    with running_hub() as hub:
        hub.files["me/foreign"] = {"README.md": b"# Somebody's own"}
        # Shards of an earlier push must not stay beside a single file.
        old = {"model-00001-of-00002.safetensors": b"", "model.safetensors.index.json": b"{}", "tokenizer.json": b"{}"}
        hub.files["me/sea-mix"] = old | {"README.md": f"# Old\n{KEPT}\n".encode()}
        ours = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(root / "home"), "HF_TOKEN": "hf_none"}
        environment = os.environ | ours | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, "world", "sea"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    return hub, done.stdout + done.stderr, root


def test_a_merged_model_is_pushed_in_one_commit_with_facts_and_card(pushed: tuple[TinyHub, str, Path]):
    hub, said, _ = pushed
    assert [commit for commit in hub.commits if commit[0] == "me/sea-mix"] == [
        ("me/sea-mix", "main", "A quarter"),
        ("me/sea-mix", "main", "Upload merged model"),
        ("me/sea-mix", "next", "Upload merged model"),
    ]
    assert hub.branches == [("me/sea-mix", "next")]
    assert "CommitInfo" in said
    files = hub.files["me/sea-mix"]
    assert {"README.md", "config.json", "regional.json", "model.safetensors", "tokenizer.json"} == set(files)
    assert json.loads(files["config.json"])["architectures"] == ["CLIPModel"]
    steps = {step["kind"]: step for step in json.loads(files["regional.json"])["steps"]}
    assert (steps["merging"]["beta"], steps["model"]["name"]) == (0.75, "sea-mix")


def test_what_somebody_wrote_on_the_card_there_is_kept(pushed: tuple[TinyHub, str, Path]):
    hub, said, _ = pushed
    card = hub.files["me/sea-mix"]["README.md"].decode()
    assert "Tried on our pictures." in card
    assert "- model-merging\n- emoji\n" in card
    assert "each weight is 0.75 of the fine-tuned model" in card
    assert hub.files["me/foreign"]["README.md"] == b"# Somebody's own"
    assert "regional.json" in hub.files["me/foreign"]
    assert "was not written by hf-regional and stays" in said


def test_a_model_that_is_not_merged_is_pushed_by_the_library_s_own_call_under_its_plain_name(pushed: tuple[TinyHub, str, Path]):
    hub, _, _ = pushed
    assert ("me/plain", "main", "As it was") in hub.commits
    assert "regional.json" not in hub.files["me/plain"]
    assert json.loads(hub.files["me/plain"]["config.json"])["architectures"] == ["CLIPModel"]


def test_saving_and_pushing_at_once_does_both(pushed: tuple[TinyHub, str, Path]):
    hub, _, root = pushed
    assert ("me/saved", "main", "Saved and pushed") in hub.commits
    assert set(hub.files["me/saved"]) == {path.name for path in (root / "saved").iterdir()}
