"""The dry run: rows, steps and downloads are those of the run that follows, and nothing is written."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from small_world import environment, small_config, write_config

from hf_regional.cli.main import main
from hf_regional.durable import folder_digest
from hf_regional.errors import MissingFileError
from hf_regional.pipeline import forecast, load_config, run


@pytest.fixture(scope="module")
def pair(base, pictures, tmp_path_factory):
    """A forecast and the run that followed it."""
    folder = tmp_path_factory.mktemp("dry")
    config = small_config(base, pictures, folder / "out", training={"batch_size": 5, "epochs": 2.5, "learning_rate": 0.001})
    told = forecast(load_config(config))
    assert list(folder.iterdir()) == [], "a dry run writes nothing"
    return told, run(config, progress=False)


def test_rows_and_steps_are_exact(pair):
    told, made = pair
    training = made.facts.of("training")
    assert told.rows == {"training": 18, "validation texts": 15, "test texts": 15}
    assert told.rows["training"] == training["rows"]
    assert told.rows["test texts"] == sum(made.report["base"][side]["n"] for side in ("global", "regional"))
    assert told.rows["validation texts"] == sum(made.report["curve"][0][side]["n"] for side in ("global", "regional"))
    assert told.steps == training["steps"] == 7  # ⌊18 / 5⌋ batches an epoch · 2.5 epochs


def test_a_folder_on_this_disk_needs_no_download(pair):
    assert pair[0].download_bytes == 0


def test_licences_are_those_of_the_rows_and_of_the_base_s_card(pair):
    assert pair[0].licenses == {"base model": "unknown", "CC0-1.0": "18 rows"}


def test_the_model_is_left_as_it_was(base, pictures, tmp_path):
    before = folder_digest(base)
    forecast(load_config(small_config(base, pictures, tmp_path / "out")))
    assert folder_digest(base) == before


def test_disk_is_within_a_factor_of_two_of_what_the_stages_held(base, pictures, tmp_path, monkeypatch):
    from hf_regional.durable import Stages

    held: list[int] = []

    def weigh(stages: Stages) -> None:
        folders = (stages.root, tmp_path / "out")
        held.append(sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()))

    monkeypatch.setattr(Stages, "forget", weigh)
    config = small_config(base, pictures, tmp_path / "out")
    told = forecast(load_config(config))
    run(config, progress=False)
    assert held[0] / 2 <= told.disk_bytes <= held[0] * 2


def test_the_command_prints_a_table_or_one_object(capsys, base, pictures, tmp_path):
    path = write_config(tmp_path / "run.yaml", small_config(base, pictures, tmp_path / "out"))
    assert main(["run", str(path), "--dry-run"]) == 0
    table = capsys.readouterr().out
    for line in ("rows, training", "training steps", "memory", "disk", "downloads", "licence, base model", "time, total"):
        assert line in table
    assert main(["run", str(path), "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"rows", "steps", "memory_bytes", "disk_bytes", "download_bytes", "licenses", "seconds"}
    assert [each.name for each in tmp_path.iterdir()] == ["run.yaml"]


FILES = {"config.json": 1_000, "model.safetensors": 5_000_000, "pytorch_model.bin": 7_000_000, "tokenizer.json": 20_000}


class Hub(BaseHTTPRequestHandler):
    """The listing of one repository, in the words of the Hub's own interface; asked for a file it answers 404."""

    def do_GET(self):
        found = self.path.startswith("/api/models/owner/name") and "blobs" in self.path
        siblings = [{"rfilename": name, "size": size, "blobId": "0" * 40} for name, size in FILES.items()]
        body = json.dumps({"_id": "1", "id": "owner/name", "sha": "a" * 40, "siblings": siblings} if found else {}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_model_on_the_hub_is_weighed_by_its_listing_and_not_fetched(hub, pictures, tmp_path):
    path = write_config(tmp_path / "run.yaml", small_config("owner/name", pictures, tmp_path / "out"))
    online = environment() | {"HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0", "HF_HUB_CACHE": str(tmp_path / "cache")}
    words = [sys.executable, "-m", "hf_regional", "run", str(path), "--dry-run"]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False, env=online)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["download_bytes"] == 5_021_000  # without the pickle, which is never fetched
    assert (told["rows"]["training"], told["steps"]) == (18, 12)
    assert (told["memory_bytes"], told["seconds"]) == (None, {})
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_model_that_nobody_can_reach_is_named(pictures, tmp_path):
    with pytest.raises(MissingFileError, match=r"'owner/name'.*HF_HUB_OFFLINE"):
        forecast(load_config(small_config("owner/name", pictures, tmp_path / "out")))
