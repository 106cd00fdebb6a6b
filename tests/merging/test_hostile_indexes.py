"""Indexes and configurations that lie: refused with the file named, and never a way out of the folder."""

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hostile_answers import ONE, require_useful, within
from hostile_headers import entry, file_of

from hf_regional.errors import DamagedFileError, MissingFileError
from hf_regional.merging.checkpoint import read_checkpoint

INDEX = "model.safetensors.index.json"
A, B = "a.safetensors", "b.safetensors"


def folder_of(tmp_path: Path, index: Any) -> Path:
    """A checkpoint of two files, v and w in the first and u in the second, with this index."""
    folder = tmp_path / "model"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / A).write_bytes(file_of(json.dumps({"w": ONE, "v": entry("F16", [1], 8)}).encode(), bytes(10)))
    (folder / B).write_bytes(file_of(json.dumps({"u": ONE}).encode(), bytes(8)))
    (folder / INDEX).write_bytes(index if isinstance(index, bytes) else json.dumps(index).encode())
    return folder


TRUE: dict[str, Any] = {"v": A, "w": A, "u": B}
WRONG_INDEXES = {
    "nothing": (b"", "cannot be read as JSON"),
    "no JSON": (b"{", "cannot be read as JSON"),
    "no UTF-8": (b'{"weight_map": {"\xff": 1}}', "utf-8"),
    "nested without end": (b'{"weight_map": ' + b"[" * 1_000_000, "nested too deeply"),
    "a list": ([TRUE], "no JSON object"),
    "no weight_map": ({"metadata": {}}, "no weight_map"),
    "a weight_map that is a list": ({"weight_map": [A, B]}, "no weight_map"),
    "an empty weight_map": ({"weight_map": {}}, "no weight_map"),
    "a file that is a number": ({"weight_map": TRUE | {"w": 1}}, "a tensor into 1, which is no .safetensors file"),
    "a file that is null": ({"weight_map": TRUE | {"w": None}}, "a tensor into None"),
    "a file that is a list": ({"weight_map": TRUE | {"w": [A]}}, "a tensor into \\['a.safetensors'\\]"),
    "no name": ({"weight_map": TRUE | {"w": ""}}, "a tensor into ''"),
    "the folder itself": ({"weight_map": TRUE | {"w": "."}}, "a tensor into '.'"),
    "the folder above": ({"weight_map": TRUE | {"w": ".."}}, "a tensor into '..'"),
    "a file of another folder": ({"weight_map": TRUE | {"w": "../model/a.safetensors"}}, "of its own folder"),
    "a file at the root": ({"weight_map": TRUE | {"w": "/dev/zero.safetensors"}}, "of its own folder"),
    "a file of a folder below": ({"weight_map": TRUE | {"w": "below/a.safetensors"}}, "of its own folder"),
    "the long way to its own file": ({"weight_map": TRUE | {"w": "./a.safetensors"}}, "of its own folder"),
    "a file of another kind": ({"weight_map": TRUE | {"w": "pytorch_model.bin"}}, "no .safetensors file"),
    "a name with a zero byte": (
        {"weight_map": TRUE | {"w": "a\0.safetensors"}},
        r"'a\\x00\.safetensors', which is not there \(1 of 3 files\)",
    ),
    "half a surrogate pair in a file": ({"weight_map": TRUE | {"w": "\ud800.safetensors"}}, "which is not there"),
    "half a surrogate pair in a tensor": ({"weight_map": TRUE | {"\ud800": A}}, "surrogate"),
    "a name too long for any file": ({"weight_map": TRUE | {"w": "a" * 300 + ".safetensors"}}, "which is not there"),
    "a file that is not there": ({"weight_map": TRUE | {"w": "c.safetensors"}}, "'c.safetensors', which is not there \\(1 of 3 files\\)"),
    "a tensor that its file does not hold": ({"weight_map": TRUE | {"x": B}}, "puts tensor 'x' into b.safetensors, which does not hold it"),
    "a tensor in the wrong file": ({"weight_map": TRUE | {"w": B}}, "puts tensor 'w' into b.safetensors, which does not hold it"),
    "a tensor too few": ({"weight_map": {"w": A, "u": B}}, "a.safetensors holds tensor 'v', which .* does not put there"),
    "a tensor that stands twice": (b'{"weight_map": {"w": "a.safetensors", "w": "b.safetensors"}}', "'w' stands in it twice"),
    "two weight_maps": (b'{"weight_map": {}, "weight_map": {"w": "a.safetensors"}}', "'weight_map' stands in it twice"),
}  # fmt: skip


def test_an_honest_index_is_read_also_where_its_total_is_a_float(tmp_path):
    folder = folder_of(tmp_path, {"metadata": {"total_size": 1.8e1}, "weight_map": TRUE})
    assert {name: one.file.name for name, one in read_checkpoint(folder).tensors.items()} == TRUE


@pytest.mark.parametrize("wrong", WRONG_INDEXES)
def test_an_index_is_refused_with(wrong, tmp_path):
    index, words = WRONG_INDEXES[wrong]
    folder = folder_of(tmp_path, index)
    with within(20), pytest.raises((DamagedFileError, MissingFileError), match=words) as caught:
        read_checkpoint(folder)
    require_useful(caught.value, folder)


def test_a_tensor_in_two_files_is_refused(tmp_path):
    folder = folder_of(tmp_path, {"weight_map": TRUE})
    (folder / B).write_bytes(file_of(json.dumps({"u": ONE, "w": entry("U8", [1], 8)}).encode(), bytes(9)))
    with pytest.raises(DamagedFileError, match=r"b\.safetensors holds tensor 'w', which .* does not put there"):
        read_checkpoint(folder)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize("name", [A, INDEX, "model.safetensors"])
def test_a_checkpoint_of_pipes_and_folders_is_refused_and_not_waited_for(kind, name, tmp_path):
    folder = folder_of(tmp_path, {"weight_map": TRUE})
    if name == "model.safetensors":
        (folder / INDEX).unlink()
        for file in (A, B):
            (folder / file).unlink()
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name) if kind == "pipe" else (folder / name).mkdir()
    with within(20), pytest.raises(DamagedFileError, match=rf"{name} is a {kind}, not a file"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["..", "../model", ".", "", "unet/../..", "a b", "un\0et", "\ud800"])
def test_a_pipeline_has_no_component_outside_its_folder(name, tmp_path):
    folder = folder_of(tmp_path, {"weight_map": TRUE}) / "pipeline"
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionXLPipeline", name: ["diffusers", "UNet"]}))
    with pytest.raises(DamagedFileError, match=r"model_index\.json names a component .*, which no folder is called") as caught:
        read_checkpoint(folder)
    require_useful(caught.value, folder)


def test_what_macos_leaves_beside_the_weights_is_not_taken_for_weights(tmp_path):
    folder = folder_of(tmp_path, {"weight_map": TRUE})
    (folder / INDEX).unlink()
    (folder / A).unlink()
    for name in (f"._{B}", f"._{INDEX}"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    assert read_checkpoint(folder).tensors.keys() == {"u"}


def test_a_configuration_may_hold_infinity_and_must_be_json(tmp_path):
    folder = folder_of(tmp_path, {"weight_map": TRUE})
    (folder / "config.json").write_text('{"time_step_limit": [0.0, Infinity]}')  # as Mamba 2 has it
    assert read_checkpoint(folder).tensors.keys() == {"u", "v", "w"}
    for text in (b"{", b"[]", b"\xff", b"[" * 1_000_000, b'{"a": ' + b"1" * 5000 + b"}"):
        (folder / "config.json").write_bytes(text)
        with pytest.raises(DamagedFileError, match=r"config\.json cannot be read as JSON"):
            read_checkpoint(folder)


def test_a_thousand_broken_indexes_are_refused_or_say_what_the_files_say(tmp_path):
    chance, ends = random.Random(0), Counter[bool]()
    honest = json.dumps({"metadata": {"total_size": 18}, "weight_map": TRUE}).encode()
    for _ in range(1000):
        scratched = bytearray(honest)
        for _ in range(chance.choice([1, 1, 3])):
            place = chance.randrange(len(scratched))
            scratched[place] = chance.choice([*b'0{}[]",:.\\ /abuvw', 0, 0xFF, scratched[place] ^ (1 << chance.randrange(8))])
        folder = folder_of(tmp_path, bytes(scratched[: chance.choice([len(scratched)] * 4 + [chance.randrange(len(scratched))])]))
        try:
            tensors = read_checkpoint(folder).tensors
        except (DamagedFileError, MissingFileError) as error:
            require_useful(error, folder)
            ends[False] += 1
        else:
            assert {name: one.file.name for name, one in tensors.items()} == TRUE
            ends[True] += 1
    assert ends[True] > 50
    assert ends[False] > 500
