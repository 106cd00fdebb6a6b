"""What goes wrong in other mergers, case by case: nothing is silently dropped, renamed, broadcast, cast or left behind.

Each class or test is a row of a table that was measured with mergekit 0.1.5 and sd-mecha 1.1.8; its first line says what they do.
Pipelines, adapters and vocabularies are in `test_peer_folders.py`.
"""

import json
import logging
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from exact_means import FILE, assert_loads_whole, assert_same, change_json, read_tensors, write_tensors
from peer_models import (
    CLIP_TEXT,
    VISION,
    as_in_memory,
    as_on_the_hub,
    gemma,
    halves,
    language_model,
    llava,
    merge_halves,
    qwen,
    refused,
    two_folders,
)
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    Gemma3ForConditionalGeneration,
    LlamaForCausalLM,
    LlavaForConditionalGeneration,
    Qwen2VLForConditionalGeneration,
    SiglipModel,
)
from weight_folders import bits, files_of, read_folder, write_folder

from hf_regional.errors import (
    CannotWriteError,
    MismatchedCheckpointsError,
    NonFiniteError,
    OutputExistsError,
)
from hf_regional.merging import merge_checkpoints
from tiny_towers import save_towers

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}
MERGE = "from hf_regional.merging import merge_checkpoints\nmerge_checkpoints('base', 'regional', {beta}, 'out', hash_inputs=False)\n"


@pytest.mark.parametrize("side", ["base", "regional"])
def test_a_missing_tensor_is_named_before_anything_is_written(side: str, tmp_path: Path) -> None:
    """Mergekit aborts in mid-run and leaves an empty folder; sd-mecha drops the tensor and says OK."""
    two_folders(tmp_path, language_model)
    name, tensors = "model.layers.1.mlp.up_proj.weight", read_tensors(tmp_path / side)
    tensors.pop(name)
    write_tensors(tmp_path / side, tensors)
    error = refused(tmp_path, MismatchedCheckpointsError, rf"{side} lacks 1 tensors.*{name}")
    assert isinstance(error, MismatchedCheckpointsError)
    assert error.missing | error.extra == {name}


def test_a_tensor_that_only_one_input_has_is_refused_and_named(tmp_path: Path) -> None:
    """Mergekit drops it without a word, exit code 0."""
    two_folders(tmp_path, language_model)
    write_tensors(tmp_path / "regional", read_tensors(tmp_path / "regional") | {"adapter.gate": torch.ones(3)})
    refused(tmp_path, MismatchedCheckpointsError, r"adapter\.gate")


def test_a_tensor_that_both_have_is_merged_though_no_class_knows_it(tmp_path: Path) -> None:
    """Mergekit writes only what its definition of the architecture lists."""
    two_folders(tmp_path, language_model)
    for side, value in (("base", 1.0), ("regional", 2.0)):
        write_tensors(tmp_path / side, read_tensors(tmp_path / side) | {"adapter.gate": torch.full((3,), value)})
    merged = read_tensors(merge_halves(tmp_path))
    assert merged["adapter.gate"].tolist() == [1.5, 1.5, 1.5]
    assert_same(merged, halves(tmp_path))


@pytest.mark.parametrize("rename", [str, as_on_the_hub, as_in_memory])
def test_llava_keeps_all_its_tensors_under_their_names(rename: Callable[[str], str], tmp_path: Path) -> None:
    """Mergekit writes 4 of 64 tensors with the Hub's names and 43 with others, renames some, and exits with 0."""
    two_folders(tmp_path, llava, rename)
    merged = merge_halves(tmp_path)
    assert len(read_tensors(merged)) == 64
    assert_same(read_tensors(merged), halves(tmp_path))
    assert_loads_whole(LlavaForConditionalGeneration, merged, halves(tmp_path))


@pytest.mark.parametrize("config", ["nested", "flat"])
def test_qwen2_vl_merges_with_the_config_of_either_age(config: str, tmp_path: Path) -> None:
    """Mergekit: the config "has no attribute num_hidden_layers", nested and flat."""
    for folder in two_folders(tmp_path, qwen):
        if config == "flat":  # as the Hub's are: the words' settings stand at the top
            words = json.loads((folder / "config.json").read_text())["text_config"]
            change_json(folder / "config.json", text_config=None, **(words | {"model_type": "qwen2_vl"}))
    merged = merge_halves(tmp_path)
    assert (merged / "config.json").read_bytes() == (tmp_path / "base" / "config.json").read_bytes()
    assert_same(read_tensors(merged), halves(tmp_path))
    assert_loads_whole(Qwen2VLForConditionalGeneration, merged, halves(tmp_path))


@pytest.mark.parametrize("rename", [str, as_on_the_hub, as_in_memory])
def test_gemma_3_merges_under_all_names_its_vision_head_included(rename: Callable[[str], str], tmp_path: Path) -> None:
    """Mergekit drops the 11 tensors of the vision head, and fails with the names that transformers 5 writes."""
    two_folders(tmp_path, gemma, rename)
    merged = merge_halves(tmp_path)
    assert sum(".head." in name for name in read_tensors(merged)) == 11
    assert_same(read_tensors(merged), halves(tmp_path))
    assert_loads_whole(Gemma3ForConditionalGeneration, merged, halves(tmp_path))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_clip_keeps_its_integer_position_ids(dtype: torch.dtype, tmp_path: Path) -> None:
    """Mergekit refuses the class; sd-mecha casts the integers to the output's dtype."""
    two_folders(tmp_path, lambda: CLIPModel(CLIPConfig(text_config=CLIP_TEXT, vision_config=VISION, projection_dim=12)).to(dtype))
    ids = {"text_model.embeddings.position_ids": torch.arange(8)[None], "vision_model.embeddings.position_ids": torch.arange(5)[None]}
    for side in ("base", "regional"):
        write_tensors(tmp_path / side, read_tensors(tmp_path / side) | ids)
    merged = merge_checkpoints(tmp_path / "base", tmp_path / "regional", 0.5, tmp_path / "out")
    assert_same(read_tensors(merged.path), halves(tmp_path))
    assert read_tensors(merged.path)["text_model.embeddings.position_ids"].dtype == torch.int64
    assert merged.report["warnings"] == []
    learnt = {name: tensor for name, tensor in halves(tmp_path).items() if name not in ids}
    assert CLIPModel.from_pretrained(merged.path).dtype == dtype
    write_tensors(merged.path, learnt)
    assert_loads_whole(CLIPModel, merged.path, learnt)


def test_siglip_keeps_its_processor_and_its_dtype(tmp_path: Path) -> None:
    """Mergekit leaves preprocessor_config.json behind; sd-mecha makes float16 of everything."""
    base, _ = (save_towers("siglip", tmp_path / side, seed=seed) for seed, side in enumerate(("base", "regional")))
    preprocessing = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}}  # as the Hub's folders have
    (base / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    merged = merge_halves(tmp_path)
    world = files_of(base)
    assert {"preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"} <= world.keys()
    found = files_of(merged)
    assert found.keys() == world.keys()
    assert {name for name in world if found[name] != world[name]} == {FILE}
    assert SiglipModel.from_pretrained(merged).dtype == torch.float32


@pytest.mark.parametrize("prefix", ["", "text_model."])
def test_a_text_encoder_of_stable_diffusion_merges_alone(prefix: str, tmp_path: Path) -> None:
    """Merged right by mergekit too, which infers the architecture; here nothing is inferred."""
    two_folders(tmp_path, lambda: CLIPTextModel(CLIPTextConfig(**CLIP_TEXT)), lambda name: prefix + name)
    merged = merge_halves(tmp_path)
    assert_same(read_tensors(merged), halves(tmp_path))
    assert_loads_whole(CLIPTextModel, merged, halves(tmp_path))


@pytest.mark.parametrize("shape", [(1, 16), (16,), (24, 1), ()])
def test_a_shape_that_would_broadcast_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    """Mergekit refuses too; sd-mecha broadcasts without a word."""
    two_folders(tmp_path, language_model)
    name, tensors = "model.layers.0.mlp.up_proj.weight", read_tensors(tmp_path / "regional")
    assert tensors[name].shape == (24, 16)
    write_tensors(tmp_path / "regional", tensors | {name: torch.zeros(shape)})
    refused(tmp_path, MismatchedCheckpointsError, rf"{name}.*\[24, 16\]")


class TestValuesThatAreNotFinite:
    """Mergekit passes them on without a warning; sd-mecha drops the whole tensor and writes 19 of 21."""

    NAME = "model.layers.1.self_attn.o_proj.weight"

    @pytest.fixture(params=[float("nan"), float("inf"), -float("inf")], ids=str)
    def poisoned(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        two_folders(tmp_path, language_model)
        tensors = read_tensors(tmp_path / "regional")
        tensors[self.NAME][3, 5] = request.param
        write_tensors(tmp_path / "regional", tensors)
        return tmp_path

    def test_they_are_refused_and_the_tensor_is_named(self, poisoned: Path) -> None:
        error = refused(poisoned, NonFiniteError, rf"regional.*{self.NAME}")
        assert isinstance(error, NonFiniteError)
        assert error.name == self.NAME

    def test_where_they_are_allowed_they_stay_where_they_were_and_nothing_else_changes(self, poisoned: Path) -> None:
        merged = merge_checkpoints(poisoned / "base", poisoned / "regional", 0.5, poisoned / "out", allow_nonfinite=True)
        found, expected = read_tensors(merged.path), halves(poisoned)
        bad = ~expected[self.NAME].isfinite()
        assert bad.sum() == 1
        assert torch.equal(~found[self.NAME].isfinite(), bad)
        for tensors in (found, expected):
            tensors[self.NAME][bad] = 0
        assert_same(found, expected)


class TestTiedWeights:
    """Mergekit adds an lm_head though the config says that it is tied, or misses it; sd-mecha drops it."""

    HEAD, WORDS = "lm_head.weight", "model.embed_tokens.weight"

    @staticmethod
    def tied() -> LlamaForCausalLM:
        return language_model(tie_word_embeddings=True)

    def write_head(self, folder: Path, *, changed: bool = False) -> None:
        tensors = read_tensors(folder)
        write_tensors(folder, tensors | {self.HEAD: tensors[self.WORDS] + 1 if changed else tensors[self.WORDS].clone()})

    def test_what_both_tie_stays_tied(self, tmp_path: Path) -> None:
        two_folders(tmp_path, self.tied)
        merged = merge_halves(tmp_path)
        assert self.HEAD not in read_tensors(merged)
        model = assert_loads_whole(LlamaForCausalLM, merged, halves(tmp_path))
        assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()

    def test_a_regional_file_that_holds_it_twice_gives_the_base_s_names(self, tmp_path: Path) -> None:
        two_folders(tmp_path, self.tied)
        expected = halves(tmp_path)
        self.write_head(tmp_path / "regional")
        assert_same(read_tensors(merge_halves(tmp_path)), expected)

    def test_a_base_that_holds_it_twice_keeps_both_and_they_stay_equal(self, tmp_path: Path) -> None:
        two_folders(tmp_path, self.tied)
        expected = halves(tmp_path)
        self.write_head(tmp_path / "base")
        found = read_tensors(merge_halves(tmp_path))
        assert_same(found, expected | {self.HEAD: expected[self.WORDS]})

    def test_a_head_of_its_own_is_not_dropped_beside_a_tied_one(self, tmp_path: Path) -> None:
        two_folders(tmp_path, self.tied)
        self.write_head(tmp_path / "regional", changed=True)
        refused(tmp_path, MismatchedCheckpointsError, r"lm_head\.weight")


class TestMixedDtypes:
    """Mergekit casts float32 norms down with `dtype: bfloat16`, or promotes tensor by tensor; sd-mecha makes float16 of all."""

    @staticmethod
    def cast(folder: Path, norms: torch.dtype, others: torch.dtype) -> None:
        tensors = {name: tensor.to(norms if "norm" in name else others) for name, tensor in read_tensors(folder).items()}
        step = torch.tensor(2**-12)  # which bfloat16 cannot add to 1
        write_tensors(folder, {name: 1 + step.to(norms) * tensor if "norm" in name else tensor for name, tensor in tensors.items()})

    @pytest.mark.parametrize("theirs", [torch.float32, torch.bfloat16], ids=str)
    def test_each_tensor_keeps_the_dtype_that_it_has_in_the_base(self, theirs: torch.dtype, tmp_path: Path) -> None:
        two_folders(tmp_path, language_model)
        self.cast(tmp_path / "base", torch.float32, torch.bfloat16)
        self.cast(tmp_path / "regional", theirs, torch.bfloat16)
        found = read_tensors(merge_halves(tmp_path))
        assert_same(found, halves(tmp_path))
        norms = {name: tensor for name, tensor in found.items() if "norm" in name}
        assert len(norms) == 5
        assert {tensor.dtype for tensor in norms.values()} == {torch.float32}
        assert any(not torch.equal(tensor.bfloat16().float(), tensor) for tensor in norms.values())


def test_a_folder_that_is_there_is_neither_overwritten_nor_mixed_with_the_new_one(tmp_path: Path) -> None:
    """Mergekit and sd-mecha overwrite it; stale shards stay beside the new ones."""
    two_folders(tmp_path, language_model)
    for name in (FILE, "model-00001-of-00002.safetensors", "notes.txt"):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"mine")
    before = files_of(tmp_path)
    with pytest.raises(OutputExistsError, match=r"out exists already"):
        merge_halves(tmp_path)
    assert files_of(tmp_path) == before


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def large_folders(folder: Path, values: int) -> None:
    """Zeros and ones in four shards."""
    for side, value in (("base", 0.0), ("regional", 1.0)):
        write_folder(folder / side, {f"layer.{place}": torch.full((values,), value) for place in range(4)}, shards=4)


def visible_weights(folder: Path) -> list[Path]:
    """Files of weights of the output that a library, or a user, would find."""
    files = [file.relative_to(folder) for file in folder.rglob("*.safetensors")]
    return [file for file in files if file.parts[0] not in ("base", "regional") and not any(part.startswith(".") for part in file.parts)]


def test_a_kill_in_mid_write_leaves_nothing_to_be_found_and_the_same_call_finishes(tmp_path: Path) -> None:
    """Mergekit leaves shards that open in the final folder; sd-mecha a file with half a header."""
    large_folders(tmp_path, 2_000_000)
    grid = [place / 20 for place in range(1, 20)]  # 19 mixes of 32 MB: long enough to be hit in the middle
    code = MERGE.format(beta=grid)
    with start(code, tmp_path) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if any(file.stat().st_size for file in tmp_path.glob(".out.*/**/*.safetensors")):
                break
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert visible_weights(tmp_path) == []
    with start(code, tmp_path) as process:
        _, message = process.communicate(timeout=120)
    assert process.returncode == 0, message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "out", "regional"]
    for beta in grid:
        merged = read_folder(tmp_path / "out" / f"beta-{beta:g}")
        assert bits(merged) == bits({f"layer.{place}": torch.full((2_000_000,), beta) for place in range(4)})


class TestAFullDisk:
    """Mergekit finds it when a shard is flushed, after the work, and leaves the shards before; sd-mecha leaves a partial file."""

    def test_it_is_found_before_the_first_byte(self, tmp_path: Path) -> None:
        size = 8 * 2**40  # 8 TiB, of which the disk holds the header
        header = json.dumps({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
        for side in ("base", "regional"):
            (tmp_path / side).mkdir()
            with (tmp_path / side / FILE).open("wb") as file:
                file.write(struct.pack("<Q", len(header)) + header)
                try:
                    file.truncate(8 + len(header) + size)
                except OSError:
                    pytest.skip("this file system takes no sparse file of that size")
        with pytest.raises(CannotWriteError, match=r"out needs 8796093\d+ bytes and \d+ are free"):
            merge_halves(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]

    def test_found_in_mid_run_it_leaves_no_shard_behind(self, tmp_path: Path) -> None:
        large_folders(tmp_path, 100_000)
        for side, value in (("base", 0.0), ("regional", 1.0)):  # three shards of 0.4 MB fit and the fourth of 8 MB does not
            last = {"layer.3": torch.full((2_000_000,), value)}
            write_folder(tmp_path / "last" / side, last)
            (tmp_path / "last" / side / FILE).replace(tmp_path / side / "model-00004-of-00004.safetensors")
        limit = f"import resource\nresource.setrlimit({resource.RLIMIT_FSIZE}, (3_000_000, 3_000_000))\n"
        with start(limit + MERGE.format(beta=0.5), tmp_path) as process:
            _, message = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "CannotWriteError: cannot write out" in message
        assert visible_weights(tmp_path) == []
        assert not (tmp_path / "out").exists()


def test_a_model_without_tokenizer_merges_without_a_word_about_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Mergekit prints a traceback of 40 lines, "Failed to copy tokenizer. The merge was still successful", and exits with 0."""
    two_folders(tmp_path, lambda: CLIPTextModel(CLIPTextConfig(**CLIP_TEXT)))
    with caplog.at_level(logging.INFO):
        merged = merge_checkpoints(tmp_path / "base", tmp_path / "regional", 0.5, tmp_path / "out")
    assert merged.report["warnings"] == []
    assert caplog.text == ""
    words = [sys.executable, "-m", "hf_regional", "merge", "base", "regional", "again", "--beta", "0.5"]
    done = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "again\n"
    assert "Traceback" not in done.stderr
    assert "tokenizer" not in done.stderr
    assert files_of(tmp_path / "again") == files_of(merged.path)
