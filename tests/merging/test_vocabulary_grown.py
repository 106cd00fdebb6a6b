"""Headers, indexes and configurations with another number of rows: everything else in them stays."""

import json
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from hf_regional.merging.header import read_shard
from hf_regional.merging.vocabulary import RowMap, Vocabulary, grown_config, grown_index, grown_shard, match_vocabularies


def rows_of(base: list[str], region: list[str], *, padded: tuple[int, int] | None = None, policy: str | None = None) -> RowMap:
    counts = padded or (len(base), len(region))
    sides = [
        Vocabulary(Path(str(place)), {token: row for row, token in enumerate(tokens)}, count)
        for place, (tokens, count) in enumerate(zip((base, region), counts, strict=True))
    ]
    found = match_vocabularies(sides[0], sides[1:], policy)
    assert found is not None
    return found


@given(st.integers(1, 40), st.sampled_from([torch.float32, torch.bfloat16, torch.uint8]))
def test_a_file_behind_the_new_header_is_what_the_library_reads(tmp_path_factory, rows: int, dtype: torch.dtype) -> None:
    folder = tmp_path_factory.mktemp("grown")
    tensors = {"b": torch.ones(5, dtype=torch.float64), "e": torch.zeros(7, 3, dtype=dtype), "ä/n": torch.zeros((), dtype=torch.int8)}
    save_file(tensors, folder / "a.safetensors", metadata={"format": "pt", "note": "ünï"})
    shard = read_shard(folder / "a.safetensors")
    grown = grown_shard(shard, {"e": (rows, 3)})
    assert len(grown.head) % 8 == 0
    assert list(json.loads(grown.head[8:])) == list(json.loads(shard.head[8:]))
    tensors["e"] = torch.arange(rows * 3).reshape(rows, 3).to(dtype)
    data = b"".join(tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in grown.tensors)
    (folder / "b.safetensors").write_bytes(grown.head + data)
    assert read_shard(folder / "b.safetensors").tensors.keys() == grown.tensors.keys()
    assert (folder / "b.safetensors").stat().st_size == grown.size
    with safe_open(folder / "b.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt", "note": "ünï"}
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in tensors.items())


def test_without_new_shapes_the_places_stay(tmp_path: Path) -> None:
    save_file({"e": torch.zeros(7, 3), "b": torch.ones(5)}, tmp_path / "a.safetensors", metadata={"format": "pt"})
    shard = read_shard(tmp_path / "a.safetensors")
    assert grown_shard(shard, {}) == shard


def test_an_index_without_totals_stays_as_it_is() -> None:
    for index in ({"weight_map": {"a": "b"}}, {"metadata": {"format": "pt"}, "weight_map": {}}):
        assert grown_index(index, [], []) == index


BASE = {
    "vocab_size": 3,
    "hidden_size": 3,
    "eos_token_id": [1, 2],
    "tie_word_embeddings": False,
    "rope": {"theta": 10.0},
    "text_config": {"vocab_size": 3, "n_vocab": 3, "pad_token_id": 0, "type_vocab_size": 2, "image_token_index": -200},
}


def test_only_facts_of_the_vocabulary_come_from_the_region() -> None:
    regional = {
        "vocab_size": 8,
        "hidden_size": 3,
        "eos_token_id": 4,
        "tie_word_embeddings": True,
        "rope": {"theta": 99.0},
        "image_token_id": 3,
        "dropout": 0.1,
        "text_config": {"vocab_size": 8, "n_vocab": 8, "type_vocab_size": 3, "dropout": 0.1},
        "vision_config": {"hidden_size": 5},
    }
    rows = rows_of(["a", "b", "c"], ["n", "a", "b", "c", "m"], padded=(3, 8))
    grown, changes = grown_config(BASE, regional, rows)
    assert grown == {
        "vocab_size": 8,
        "hidden_size": 3,
        "eos_token_id": 4,
        "tie_word_embeddings": False,
        "rope": {"theta": 10.0},
        "image_token_id": 3,
        "text_config": {"vocab_size": 8, "n_vocab": 8, "pad_token_id": 1, "type_vocab_size": 2, "image_token_index": -200},
    }
    assert changes == {
        "vocab_size": (3, 8),
        "eos_token_id": ([1, 2], 4),
        "image_token_id": (None, 3),
        "text_config.vocab_size": (3, 8),
        "text_config.n_vocab": (3, 8),
        "text_config.pad_token_id": (0, 1),
    }


def test_where_the_region_is_silent_ids_move_with_their_tokens_and_vanish_with_them() -> None:
    rows = rows_of(["a", "b", "c"], ["c", "b", "x", "y"], policy="regional")
    grown, changes = grown_config({"bos_token_id": 0, "eos_token_id": [1, 2], "suppress_tokens": [0, 2]}, {}, rows)
    assert grown == {"eos_token_id": [1, 0], "suppress_tokens": [0]}
    assert changes == {"bos_token_id": (0, None), "eos_token_id": ([1, 2], [1, 0]), "suppress_tokens": ([0, 2], [0])}


def test_a_size_that_only_one_side_spells_out_is_filled_in() -> None:
    rows = rows_of(["a", "b", "c"], ["a", "b", "c", "d"])
    assert grown_config({"vocab_size": 3}, {}, rows)[0] == {"vocab_size": 4}
    assert grown_config({"model_type": "x"}, {"text_config": {"vocab_size": 4}}, rows)[0] == {
        "model_type": "x",
        "text_config": {"vocab_size": 4},
    }


def test_the_bases_vocabulary_keeps_the_bases_configuration() -> None:
    rows = rows_of(["a", "b", "c"], ["a", "b", "c", "d"], policy="base")
    assert grown_config(BASE, {"vocab_size": 4, "eos_token_id": 3}, rows) == (BASE, {})
