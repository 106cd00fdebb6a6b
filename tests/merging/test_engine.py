"""What lies between a plan and its files: blocks, digests, direct writes, resuming, tied tensors, pipelines of several models."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from weight_folders import bits, files_of, read_folder, write_folder

from hf_regional.durable import file_sha256, resuming
from hf_regional.errors import MismatchedCheckpointsError, NonFiniteError, UnknownNameError
from hf_regional.merging import files, merge_checkpoints
from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.digests import Digest
from hf_regional.merging.methods import all_methods, find_method
from hf_regional.merging.plan import plan_merge
from hf_regional.merging.sinks import Sink, aligned_buffer
from hf_regional.merging.targets import cut


def random_model(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"embed": (301, 77), "layer.weight": (513, 129), "layer.bias": (513,), "scale": ()}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def halfway(world: dict[str, torch.Tensor], region: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: torch.lerp(world[name], region[name], 0.5) for name in world}


@pytest.mark.parametrize("size", [4096, 8192, 1 << 20])
def test_blocks_cover_every_byte_once(size: int, tmp_path: Path) -> None:
    base = read_checkpoint(write_folder(tmp_path / "w", random_model(0)))
    (target,) = plan_merge(base, [base], 0.5).targets
    blocks = list(cut(target, size))
    assert blocks[0].start == 0
    assert [block.stop for block in blocks[:-1]] == [block.start for block in blocks[1:]]
    assert blocks[-1].stop == target.size
    covered = sum(block.head + sum(segment.size for segment in block.segments) for block in blocks)
    assert covered == target.size


def test_an_element_is_never_cut_where_a_file_is_not_aligned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A tensor of one byte first, as old writers had it, and every number behind it lies across the blocks' edges.
    monkeypatch.setattr(files, "_LARGEST", 4096)
    world, region = (
        {"flag": torch.zeros(1, dtype=torch.bool), "w": torch.randn(9000, generator=torch.Generator().manual_seed(seed))} for seed in (0, 1)
    )
    for name, tensors in (("w", world), ("r", region)):
        header = json.dumps(
            {
                "flag": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]},
                "w": {"dtype": "F32", "shape": [9000], "data_offsets": [1, 36001]},
            }
        ).encode()
        (tmp_path / name).mkdir()
        data = tensors["flag"].numpy().tobytes() + tensors["w"].numpy().tobytes()
        (tmp_path / name / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    merged = merge_checkpoints(tmp_path / "w", tmp_path / "r", 0.5, tmp_path / "out")
    written = (merged.path / "model.safetensors").read_bytes()
    assert written[-36000:] == torch.lerp(world["w"], region["w"], 0.5).numpy().tobytes()


@pytest.mark.parametrize("direct", ["1", "0"])
def test_small_blocks_on_many_threads_give_the_same_file(direct: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, region = random_model(0), random_model(1)
    base, regional = write_folder(tmp_path / "w", world), write_folder(tmp_path / "r", region, shards=2)
    monkeypatch.setattr(files, "_MEMORY", 0)  # the smallest blocks
    monkeypatch.setenv("HF_REGIONAL_DIRECT_IO", direct)
    merged = merge_checkpoints(base, regional, [0.5, 1], tmp_path / "out")
    assert bits(read_folder(merged.paths[0])) == bits(halfway(world, region))
    assert bits(read_folder(merged.paths[1])) == bits(region)


def test_digests_are_those_of_the_files_also_where_shards_lie_otherwise(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "w", random_model(0))
    for name, shards in (("alike", 1), ("cut", 2)):
        regional = write_folder(tmp_path / name, random_model(1), shards=shards)
        merged = merge_checkpoints(base, regional, [0.25, 0.5], tmp_path / f"out-{name}")
        inputs = merged.report["inputs"]
        assert inputs["base"]["sha256"] == {"model.safetensors": file_sha256(base / "model.safetensors")}
        assert inputs["regional"]["sha256"] == {file.name: file_sha256(file) for file in regional.glob("*.safetensors")}
        found = [{file.name: file_sha256(file) for file in path.glob("*.safetensors")} for path in merged.paths]
        assert merged.report["outputs"] == found
        record = json.loads((merged.paths[1] / "regional.json").read_text())
        (step,) = [step for step in record["steps"] if step["kind"] == "merging"]
        assert (step["beta"], step["outputs"]) == (0.5, found[1])


def test_a_digest_takes_blocks_in_order_whoever_comes_first() -> None:
    digest = Digest(threading.Event())
    threads = [threading.Thread(target=digest.update, args=(number, [bytes([number]) * 1000])) for number in reversed(range(8))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert digest.hexdigest() == hashlib.sha256(b"".join(bytes([number]) * 1000 for number in range(8))).hexdigest()


@pytest.mark.parametrize("direct", [True, False])
def test_a_sink_cuts_the_last_block_to_size(direct: bool, tmp_path: Path) -> None:
    buffer = aligned_buffer(8192)
    buffer[:5000] = bytes(range(250)) * 20
    sink = Sink(tmp_path / "file", 5000, direct=direct)
    sink.write(buffer[4096:], 4096, 904)
    sink.write(buffer, 0, 4096)
    sink.finish()
    assert (tmp_path / "file").read_bytes() == bytes(range(250)) * 20


def test_what_a_stopped_run_had_finished_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, region = random_model(0), random_model(1)
    base, regional = write_folder(tmp_path / "w", world, shards=2), write_folder(tmp_path / "r", region, shards=2)
    finish = files.Journal.finish

    def finish_and_stop(journal: files.Journal, *record: Any) -> None:
        finish(journal, *record)
        raise KeyboardInterrupt

    # As after a kill, what was written stays; an error, which is what stops this run, would have it removed.
    monkeypatch.setattr(resuming, "_discard", lambda home, target: None)
    monkeypatch.setattr(files.Journal, "finish", finish_and_stop)
    with pytest.raises(KeyboardInterrupt):
        merge_checkpoints(base, regional, 0.5, tmp_path / "out")
    monkeypatch.undo()
    (finished, *_) = [json.loads(line)["name"] for line in next(tmp_path.glob(".out.resume-*/*.journal")).read_text().split("\n") if line]
    (left,) = tmp_path.glob(f".out.resume-*/work/{finished}")
    inode = left.stat().st_ino
    merged = merge_checkpoints(base, regional, 0.5, tmp_path / "out")
    assert (merged.path / left.name).stat().st_ino == inode
    assert bits(read_folder(merged.path)) == bits(halfway(world, region))


def test_a_tied_head_that_one_side_wrote_twice_is_left_out_with_a_note(tmp_path: Path) -> None:
    world, region = {"embed": torch.ones(4, 3), "b": torch.ones(2)}, {"embed": torch.full((4, 3), 3.0), "b": torch.ones(2)}
    base = write_folder(tmp_path / "w", world)
    twice = write_folder(tmp_path / "r", region | {"lm_head.weight": region["embed"].clone()})
    merged = merge_checkpoints(base, twice, 0.5, tmp_path / "out")
    assert bits(read_folder(merged.path)) == bits({"embed": torch.full((4, 3), 2.0), "b": torch.ones(2)})
    assert merged.report["tied"] == {"lm_head.weight": "embed"}
    back = merge_checkpoints(twice, base, 0.5, tmp_path / "back")
    assert read_folder(back.path)["lm_head.weight"].tolist() == [[2.0] * 3] * 4


def test_a_head_of_its_own_is_not_taken_for_a_tied_one(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "w", {"embed": torch.ones(4, 3)})
    other = write_folder(tmp_path / "r", {"embed": torch.ones(4, 3), "lm_head.weight": torch.zeros(4, 3)})
    with pytest.raises(MismatchedCheckpointsError, match=r"lm_head\.weight"):
        merge_checkpoints(base, other, 0.5, tmp_path / "out")


def test_float8_is_averaged_like_any_float(tmp_path: Path) -> None:
    world, region = (torch.tensor(side).to(torch.float8_e4m3fn) for side in ([1.0, -2.0, 0.25], [3.0, -2.0, 0.5]))
    base, regional = write_folder(tmp_path / "w", {"w": world}), write_folder(tmp_path / "r", {"w": region})
    mixed = read_folder(merge_checkpoints(base, regional, 0.5, tmp_path / "out").path)["w"]
    assert mixed.dtype == torch.float8_e4m3fn
    assert mixed.float().tolist() == [2.0, -2.0, 0.375]


class TestPipelines:
    """Folders with model_index.json, as diffusers writes them."""

    @staticmethod
    def write(folder: Path, value: float) -> Path:
        for name, file in (("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")):
            (folder / name).mkdir(parents=True)
            save_file({"conv.weight": torch.full((3, 2), value), f"{name}.bias": torch.zeros(1)}, folder / name / f"{file}.safetensors")
            (folder / name / "config.json").write_text("{}")
        (folder / "scheduler").mkdir()
        (folder / "scheduler" / "scheduler_config.json").write_text("{}")
        listed = {name: ["diffusers", "X"] for name in ("unet", "vae", "text_encoder", "scheduler")}
        (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionXLPipeline", **listed}))
        return folder

    def test_one_component_is_merged_and_the_rest_copied(self, tmp_path: Path) -> None:
        base, regional = self.write(tmp_path / "w", 1.0), self.write(tmp_path / "r", 3.0)
        merged = merge_checkpoints(base, regional, [0.25, 0.5], tmp_path / "out", only=["unet"])
        for beta, path in zip([0.25, 0.5], merged.paths, strict=True):
            made, original = files_of(path), files_of(base)
            assert made.keys() == original.keys()
            assert [name for name in made if made[name] != original[name]] == ["unet/diffusion_pytorch_model.safetensors"]
            assert load_file(path / "unet" / "diffusion_pytorch_model.safetensors")["conv.weight"].tolist() == [[1 + 2 * beta] * 2] * 3
        assert merged.report["counts"][0] == {"merged": 1, "copied": 0, "equal": 1, "kept_from_base": 4}
        assert set(merged.report["inputs"]["base"]["sha256"]) == {
            "text_encoder/model.safetensors",
            "unet/diffusion_pytorch_model.safetensors",
            "vae/diffusion_pytorch_model.safetensors",
        }

    def test_the_folder_of_one_component_stands_for_it(self, tmp_path: Path) -> None:
        base, regional = self.write(tmp_path / "w", 1.0), self.write(tmp_path / "r", 3.0)
        merged = merge_checkpoints(base, regional / "unet", 0.5, tmp_path / "out", only="unet")
        assert load_file(merged.path / "unet" / "diffusion_pytorch_model.safetensors")["conv.weight"].unique().tolist() == [2.0]

    def test_components_may_have_shares_of_their_own(self, tmp_path: Path) -> None:
        base, regional = self.write(tmp_path / "w", 1.0), self.write(tmp_path / "r", 3.0)
        merged = merge_checkpoints(base, regional, {"unet.*": 0.5, "text_encoder.conv*": 1}, tmp_path / "out")
        found = {file.parent.name: load_file(file)["conv.weight"][0, 0].item() for file in merged.path.rglob("*.safetensors")}
        assert found == {"unet": 2.0, "text_encoder": 3.0, "vae": 1.0}

    def test_a_component_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        base = self.write(tmp_path / "w", 1.0)
        with pytest.raises(UnknownNameError, match="unte"):
            merge_checkpoints(base, base, 0.5, tmp_path / "out", only=["unte"])


def test_the_first_error_stops_all_threads_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_model(0)
    bad = world | {"layer.weight": world["layer.weight"].clone()}
    bad["layer.weight"][400, 3] = float("nan")
    base, regional = write_folder(tmp_path / "w", world), write_folder(tmp_path / "r", bad)
    monkeypatch.setattr(files, "_MEMORY", 0)
    with pytest.raises(NonFiniteError, match=r"layer\.weight"):
        merge_checkpoints(base, regional, 0.5, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "w"]


@pytest.mark.parametrize("method", [one.name for one in all_methods()])
def test_every_method_gives_the_same_file_however_the_work_is_cut(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [random_model(seed) for seed in range(3)]
    sides = models if find_method(method).most is None else models[:2]
    base, *regionals = (write_folder(tmp_path / str(place), model) for place, model in enumerate(sides))
    whole = merge_checkpoints(base, regionals, 0.5, tmp_path / "whole", method=method)
    monkeypatch.setattr(files, "_MEMORY", 0)
    cut_small = merge_checkpoints(base, regionals, 0.5, tmp_path / "small", method=method)
    assert files_of(whole.path) == files_of(cut_small.path)
    assert whole.report["counts"]["merged"] == 4


@pytest.mark.parametrize("method", [one.name for one in all_methods()])
def test_a_model_merged_with_copies_of_itself_is_itself_by_every_method(method: str, tmp_path: Path) -> None:
    base = write_folder(tmp_path / "w", random_model(0) | {"zero": torch.tensor([-0.0, 0.0, 1e-42])})
    copies = [base] * (find_method(method).most or 3)
    merged = merge_checkpoints(base, copies, [0.3, 1], tmp_path / "out", method=method)
    assert [files_of(path) == files_of(base) for path in merged.paths] == [True, True]


def test_the_methods_of_files_are_those_of_their_functions(tmp_path: Path) -> None:
    world, first, second = (random_model(seed) for seed in range(3))
    folders = [write_folder(tmp_path / name, model) for name, model in (("w", world), ("a", first), ("b", second))]
    merged = merge_checkpoints(folders[0], folders[1:], 0.5, tmp_path / "out", method="task_arithmetic", weights=[1, 0.5])
    expected = {
        name: (world[name].double() + 0.5 * ((first[name].double() - world[name]) + 0.5 * (second[name].double() - world[name]))).float()
        for name in world
    }
    assert bits(read_folder(merged.path)) == bits(expected)
    assert merged.report["weights"] == [1.0, 0.5]
    assert set(merged.report["inputs"]) == {"base", "regional-1", "regional-2"}
