"""Libraries in this process and in others: they use the Hub within the block, and nothing of it is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_hub import LocalHub, redirected

SOME, ALL = "huggingface_hub,datasets", "huggingface_hub,transformers,datasets,diffusers,peft,evaluate"

# In a process of its own: what is imported when, is the question.
PROGRAM = """
import importlib, os, sys
from pathlib import Path
from types import FunctionType
early, late = sys.argv[1].split(","), sys.argv[2].split(",")
for name in early: importlib.import_module(name)
from huggingface_hub import HfApi
from local_hub import LocalHub, redirected

def traces(mark):
    found = set()
    for name, module in list(sys.modules.items()):
        if not name.startswith("local_hub") and name != "__main__":
            for attribute, value in list(vars(module).items()):
                defaults = (value.__defaults__ or ()) if isinstance(value, FunctionType) else ()
                endpoint = (value.endpoint,) if isinstance(value, HfApi) else ()
                for held in (value, *defaults, *endpoint):
                    if isinstance(held, str | Path | frozenset) and mark in str(held):
                        found.add(f"{name}.{attribute}")
    return found

before = dict(os.environ)
with LocalHub(Path("hub")) as hub:
    hub.add_repo("dataset", "me/rows", {"train.jsonl": b'{"a": 1}\\n'})
    with redirected(hub):
        for name in late: importlib.import_module(name)
        import datasets, huggingface_hub
        rows = datasets.load_dataset("me/rows", split="train")
        print(rows[0], huggingface_hub.whoami()["name"], len(traces(hub.url)) > 2, len(traces(str(hub.home))) > 2)
print(sorted(traces(hub.url)), sorted(traces(str(hub.home))), os.environ == before, hub.home.parts[0])
from huggingface_hub import constants
print(constants.ENDPOINT, datasets.config.HF_ENDPOINT, constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE)
"""


@pytest.mark.parametrize(
    "words",
    [(SOME, "json"), ("json", SOME), *(pytest.param(words, marks=pytest.mark.slow) for words in ((ALL, "json"), ("json", ALL)))],
)
def test_what_is_imported_before_and_what_within_both_use_the_hub_and_forget_it(tmp_path: Path, words: tuple[str, str]):
    paths = os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    environment = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": paths}
    environment.pop("HF_ENDPOINT", None)
    program = [sys.executable, "-W", "ignore", "-c", PROGRAM, *words]
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    within, after, last = done.stdout.splitlines()[-3:]
    assert within == "{'a': 1} me True True"
    assert after == "[] [] True hub"
    assert last == "https://huggingface.co https://huggingface.co True True"


def test_two_hubs_one_after_the_other_are_not_taken_for_each_other(tmp_path: Path):
    from huggingface_hub import HfFileSystem, hf_hub_download, whoami

    for number in ("1", "2"):
        with LocalHub(tmp_path / number) as hub, redirected(hub):
            hub.add_repo("model", "me/x", {"a.txt": number.encode()})
            assert Path(hf_hub_download("me/x", "a.txt")).read_text() == number
            assert HfFileSystem().cat("me/x/a.txt") == number.encode()
            assert whoami()["name"] == "me"
            assert hub.count("whoami") == 1


def test_a_hub_that_is_closed_answers_nobody(tmp_path: Path):
    import httpx2

    with LocalHub(tmp_path / "hub") as hub, httpx2.Client() as client:
        assert client.get(f"{hub.url}/api/models").json() == []
    with pytest.raises(httpx2.ConnectError), httpx2.Client() as client:
        client.get(f"{hub.url}/api/models")
