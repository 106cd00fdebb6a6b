"""Where rows cannot be matched by token nothing is guessed: the message names what is missing or unclear, and the way out."""

import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor
from vocabulary_folders import write_model

from hf_regional.errors import MismatchedCheckpointsError, RegionalError, UnknownNameError
from hf_regional.merging.checkpoint import Checkpoint, read_checkpoint
from hf_regional.merging.vocabulary import VocabularyPlan, plan_vocabulary

EMBED, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def ids(*tokens: str) -> dict[str, int]:
    return {token: row for row, token in enumerate(tokens)}


def table(rows: int, **others: Tensor) -> dict[str, Tensor]:
    return {EMBED: torch.zeros(rows, 3)} | others


class Case:
    """Two sides of three and four tokens, of which a test changes what it is about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids = [ids("a", "b", "c"), ids("a", "b", "c", "d")]
        self.tensors = [table(3), table(4)]
        self.configs: list[dict[str, object]] = [{"vocab_size": 3}, {"vocab_size": 4}]

    def plan(self, policy: str | None = None, **wishes: object) -> VocabularyPlan | None:
        sides = [
            read_checkpoint(write_model(self.folder / name, *parts, **config))
            for name, *parts, config in zip(("world", "region"), self.ids, self.tensors, self.configs, strict=True)
        ]
        return plan_vocabulary(sides[0], sides[1:], policy, **wishes)

    def refused(self, *words: str, policy: str | None = None, error: type[RegionalError] = MismatchedCheckpointsError) -> None:
        with pytest.raises(error, match=".*".join(map(re.escape, words))):
            self.plan(policy)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_case_itself_is_decided(case: Case) -> None:
    plan = case.plan()
    assert plan is not None
    assert plan.tensors[EMBED].shape == (4, 3)


@pytest.mark.parametrize("side", [0, 1])
def test_a_missing_tokenizer_is_named_with_its_folder(case: Case, side: int) -> None:
    case.ids[side] = None
    case.refused("3 and 4 rows", ["world", "region"][side], "holds no tokenizer", "tokenizer.json")


def test_a_policy_does_not_replace_a_tokenizer(case: Case) -> None:
    case.ids[1] = None
    case.refused("holds no tokenizer", policy="regional")


def test_a_bare_sentencepiece_model_is_named(case: Case) -> None:
    case.ids[1] = None
    (case.folder / "region").mkdir()
    (case.folder / "region" / "tokenizer.model").write_bytes(b"\n\x05")
    case.folder.joinpath("region").rename(case.folder / "kept")
    world, region = (
        write_model(case.folder / name, *parts, **config)
        for name, *parts, config in zip(("world", "region"), case.ids, case.tensors, case.configs, strict=True)
    )
    (case.folder / "kept" / "tokenizer.model").rename(region / "tokenizer.model")
    with pytest.raises(MismatchedCheckpointsError, match=r"holds only tokenizer\.model"):
        plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])


def test_tokens_that_each_side_lacks_are_counted_and_named_until_somebody_chooses(case: Case) -> None:
    case.ids[1] = ids("a", "b", "d", "e")
    case.refused("1 ('c') and 2 ('d', 'e')", "vocabulary='regional' drops the former, 'base' the latter")


@pytest.mark.parametrize(("policy", "rows", "dropped"), [("regional", 4, ["c"]), ("base", 3, ["d", "e"])])
def test_who_chooses_gets_it(case: Case, policy: str, rows: int, dropped: list[str]) -> None:
    case.ids[1] = ids("a", "b", "d", "e")
    plan = case.plan(policy)
    assert plan is not None
    assert plan.tensors[EMBED].shape == (rows, 3)
    assert plan.report[""]["dropped"] == {"count": len(dropped), "first": dropped}


def test_another_tokenizer_altogether_is_refused_unless_asked(case: Case, tmp_path: Path) -> None:
    case.ids[1] = ids("a", "x", "y", "z")
    case.refused("has 1 of the 3 tokens", "another tokenizer altogether")
    again = Case(tmp_path / "again")
    again.ids[1] = case.ids[1]
    assert again.plan("base") is not None


def test_an_unknown_policy_is_answered_with_the_nearest(case: Case) -> None:
    case.refused("vocabulary='regionale'", "Did you mean 'regional'?", policy="regionale", error=UnknownNameError)


def test_no_fullest_of_several_regions(tmp_path: Path) -> None:
    sides = [
        read_checkpoint(write_model(tmp_path / name, tokens, table(len(tokens)), vocab_size=len(tokens)))
        for name, tokens in {"world": ids("a", "b"), "north": ids("a", "b", "n"), "south": ids("a", "b", "s")}.items()
    ]
    for policy in (None, "regional"):
        with pytest.raises(MismatchedCheckpointsError, match=r"no regional model has the tokens of all the others.*vocabulary='base'"):
            plan_vocabulary(sides[0], sides[1:], policy)
    assert plan_vocabulary(sides[0], sides[1:], "base") is not None


def test_a_square_table_is_unclear(case: Case) -> None:
    case.ids = [ids("a", "b", "c"), ids("c", "a", "b")]
    case.tensors = [table(3), table(3)]
    case.configs = [{"vocab_size": 3}] * 2
    case.refused(EMBED, "[3, 3]", "3, on several axes", f"vocabulary='base' and skip=['{EMBED}']")


def test_a_layer_as_long_as_the_vocabulary_is_unclear_until_it_is_skipped(case: Case, tmp_path: Path) -> None:
    layer = {"model.layers.0.mlp.up_proj.weight": torch.zeros(4, 3)}
    tokens, other = ids("a", "b", "c", "d"), ids("d", "a", "b", "c")
    case.ids, case.tensors, case.configs = [tokens, other], [table(4) | layer] * 2, [{"vocab_size": 4}] * 2
    case.refused("up_proj.weight", "not named like an embedding or a head")
    again = Case(tmp_path / "again")
    again.ids, again.tensors, again.configs = case.ids, case.tensors, case.configs
    plan = again.plan(wanted={EMBED})
    assert plan is not None
    assert list(plan.tensors) == [EMBED]


def test_a_table_that_did_not_grow_with_tokens_that_moved(case: Case) -> None:
    case.ids[1] = ids("d", "a", "b", "c")
    case.tensors = [table(3, **{HEAD: torch.zeros(3, 5)}), table(4, **{HEAD: torch.zeros(3, 5)})]
    case.refused(HEAD, "has one shape on all sides though tokens moved")


def test_a_table_that_did_not_grow_where_no_token_moved_stays_as_it_is(case: Case) -> None:
    case.tensors = [table(3, **{HEAD: torch.zeros(3, 5)}), table(4, **{HEAD: torch.zeros(3, 5)})]
    plan = case.plan()
    assert plan is not None
    assert list(plan.tensors) == [EMBED]


def test_a_second_table_of_tokens_that_the_configuration_speaks_of(case: Case) -> None:
    case.ids[1] = ids("d", "a", "b", "c")
    second = {"model.embed_tokens_per_layer.weight": torch.zeros(2, 5)}
    case.tensors = [table(3) | second, table(4) | second]
    case.configs = [{"vocab_size": size, "vocab_size_per_layer_input": 2} for size in (3, 4)]
    case.refused("embed_tokens_per_layer.weight", "tokens moved")


def test_a_head_of_the_base_alone_has_no_rows_for_new_tokens(case: Case, tmp_path: Path) -> None:
    case.tensors[0] = table(3, **{HEAD: torch.zeros(3, 5)})
    case.refused(HEAD, "has 3 rows for its tokens, the result has 4", "vocabulary='base'")
    again = Case(tmp_path / "again")
    again.tensors = case.tensors
    assert again.plan("base") is not None


def test_an_undecided_number_of_rows_asks_for_it(case: Case) -> None:
    case.ids = [ids("a", "b"), ids("b", "a")]
    tensors = {EMBED: torch.zeros(4, 3)}
    case.tensors, case.configs = [tensors] * 2, [{}, {}]
    case.refused("the number of their rows is", "Write it into both config.json files as vocab_size")


def test_without_a_configuration_the_tokenizers_tell_which_axis_it_is(case: Case) -> None:
    case.configs = [{}, {}]
    plan = case.plan()
    assert plan is not None
    assert plan.tensors[EMBED].shape == (4, 3)


def test_integers_of_two_widths_have_no_common_rows(case: Case) -> None:
    case.tensors = [{EMBED: torch.zeros(3, 5, dtype=torch.int32)}, {EMBED: torch.zeros(4, 5, dtype=torch.int64)}]
    case.refused(EMBED, "I32 and I64 have no common one", f"vocabulary='base' and skip=['{EMBED}']")


def test_what_the_refusal_of_a_dtype_advises_helps(case: Case) -> None:
    case.tensors = [{EMBED: torch.zeros(3, 5), HEAD: torch.zeros(3, 5, dtype=torch.int32)}]
    case.tensors += [{EMBED: torch.zeros(4, 5), HEAD: torch.zeros(4, 5, dtype=torch.int64)}]
    plan = case.plan("base", wanted={EMBED})
    assert plan is not None
    assert plan.tensors[HEAD].regions == ()


def test_numbers_of_half_a_byte_have_no_rows_to_pick(tmp_path: Path) -> None:
    sides: list[Checkpoint] = []
    for tokens in (ids("a", "b", "c"), ids("a", "b", "c", "d")):
        folder = write_model(tmp_path / str(len(tokens)), tokens, {}, vocab_size=len(tokens))
        size = len(tokens) * 3
        head = json.dumps({EMBED: {"dtype": "F4", "shape": [len(tokens), 6], "data_offsets": [0, size]}}).encode()
        (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + bytes(size))
        sides.append(read_checkpoint(folder))
    with pytest.raises(MismatchedCheckpointsError, match="F4 has less than a byte"):
        plan_vocabulary(sides[0], sides[1:])


def test_shapes_that_differ_otherwise_are_left_to_those_who_compare_shapes(case: Case) -> None:
    case.ids, case.tensors, case.configs = [None, None], [{"head.weight": torch.zeros(2, 3)}, {"head.weight": torch.zeros(4, 3)}], [{}, {}]
    assert case.plan() is None


def test_tables_of_another_number_of_axes_are_left_to_them_too(case: Case) -> None:
    case.tensors[1] = {EMBED: torch.zeros(4, 1, 3)}
    assert case.plan() is None


def test_a_model_of_another_width_has_no_other_vocabulary_for_that(tmp_path: Path) -> None:
    # Its tokenizer has fewer tokens than both widths, and a bias that is named like a head has each width, too.
    sides = [
        read_checkpoint(
            write_model(tmp_path / name, ids("a", "b", "c"), {EMBED: torch.zeros(3, width), "text_model.head.bias": torch.zeros(width)})
        )
        for name, width in (("world", 8), ("region", 12))
    ]
    assert plan_vocabulary(sides[0], sides[1:]) is None
