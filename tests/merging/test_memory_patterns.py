"""Which names a wish takes and at which β, by pattern and by depth."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_models import tiny_clip, tiny_gemma3

from hf_regional.errors import OutOfRangeError, UnknownNameError
from hf_regional.merging.depth import relative_depths
from hf_regional.merging.patterns import ByDepth, betas_by_name, chosen_names, fits, recordable, shares_by_name

NAMES = ["embed.weight", "layers.0.weight", "layers.1.weight", "layers.2.weight", "head.weight"]
PARTS = ["unet.conv_in.weight", "unet.conv_out.weight", "vae.encoder.weight", "text_encoder.embed.weight", "text_encoder_2.embed.weight"]
COMPONENTS = frozenset({"unet", "vae", "text_encoder", "text_encoder_2"})
unit = st.floats(0, 1)


def test_choosing_by_name_loads_no_torch():
    probe = "import sys, hf_regional.merging, hf_regional.merging.patterns; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], timeout=60).returncode == 0


def test_only_takes_and_skip_takes_away_again_in_the_order_of_the_names():
    assert chosen_names(NAMES, "layers.*", "*.1.*") == ["layers.0.weight", "layers.2.weight"]
    assert chosen_names(NAMES, None, None) == NAMES
    assert chosen_names(NAMES, [], None) == []


def test_a_component_s_name_takes_all_of_it_and_only_where_there_are_components():
    assert chosen_names(PARTS, ["unet"], None, COMPONENTS) == PARTS[:2]
    assert chosen_names(PARTS, None, ["text_encoder*"], COMPONENTS) == PARTS[:3]
    assert chosen_names(PARTS, ["text_encoder"], None, COMPONENTS) == [PARTS[3]]
    assert not fits("unet.conv_in.weight", "unet")
    with pytest.raises(UnknownNameError, match=r"'unet\.\*'"):
        chosen_names(PARTS, ["unet"], None)


def test_the_first_pattern_that_fits_decides_and_what_none_fits_is_left_out():
    betas = betas_by_name(NAMES, {"layers.0.*": 0.1, "layers.*": 0.7, "head*": 1}, every=NAMES)
    assert betas == {"layers.0.weight": 0.1, "layers.1.weight": 0.7, "layers.2.weight": 0.7, "head.weight": 1.0}


@pytest.mark.parametrize(
    ("beta", "match"),
    [
        ({"*": 0.5, "head*": 0.1}, "put it first"),
        ({"haed.weight": 0.5}, r"nearest name is 'head\.weight'"),
        ({"head": 0.5}, r"'head\.\*'"),
    ],
)
def test_a_pattern_that_takes_nothing_is_named_with_the_way_out(beta: dict[str, float], match: str):
    with pytest.raises(UnknownNameError, match=match):
        shares_by_name(NAMES, beta)


def test_a_near_miss_of_a_component_names_the_component():
    with pytest.raises(UnknownNameError, match="nearest name is 'unet'"):
        chosen_names(PARTS, ["u-net"], None, COMPONENTS)


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan"), True, "0.5", None, [0.5], {"*": 2}])
def test_a_beta_outside_0_to_1_is_refused(beta: object):
    with pytest.raises(OutOfRangeError, match=r"\[0, 1\]"):
        betas_by_name(NAMES, beta, every=NAMES)


@pytest.mark.parametrize("ends", [(-0.1, 1), (0, 1.5), ("0", 1)])
def test_both_ends_of_a_beta_by_depth_must_lie_in_0_to_1(ends: tuple[float, float]):
    with pytest.raises(OutOfRangeError, match=r"\[0, 1\]"):
        ByDepth(*ends)


def test_a_beta_by_depth_is_the_line_of_lines():
    # arXiv:2410.17146: α + β·(l - 1)/(L - 1), here α = 0.2, β = 0.4, L = 5
    lines = [0.2 + 0.4 * (layer - 1) / 4 for layer in (1, 2, 3, 4, 5)]
    assert [ByDepth(0.2, 0.6).at(place / 4) for place in range(5)] == pytest.approx(lines, abs=1e-15)


@given(first=unit, last=unit, depth=unit)
def test_a_beta_by_depth_hits_its_ends_exactly_and_lies_between(first: float, last: float, depth: float):
    line = ByDepth(first, last)
    assert (line.at(0), line.at(1)) == (first, last)
    assert min(first, last) - 1e-15 <= line.at(depth) <= max(first, last) + 1e-15
    assert ByDepth(first, first).at(depth) == first


def test_depth_is_counted_over_the_whole_model_however_few_tensors_are_chosen():
    chosen = chosen_names(NAMES, ["layers.1.*"], None)
    assert betas_by_name(chosen, ByDepth(0, 1), every=NAMES) == {"layers.1.weight": 0.5}


def test_a_pattern_may_have_a_beta_by_depth():
    betas = betas_by_name(NAMES, {"head*": 0.25, "*": ByDepth(0.0, 0.5)}, every=NAMES)
    assert list(betas.values()) == [0.0, 0.0, 0.25, 0.5, 0.25]


def test_both_towers_of_a_clip_count_for_themselves():
    depths = relative_depths(list(tiny_clip().state_dict()))
    text, vision = "text_model.encoder.layers.{}.mlp.fc1.weight", "vision_model.encoder.layers.{}.mlp.fc1.weight"
    assert [depths[text.format(layer)] for layer in range(3)] == [0.0, 0.5, 1.0]
    assert [depths[vision.format(layer)] for layer in range(2)] == [0.0, 1.0]
    ends = {name: depth for name, depth in depths.items() if ".layers." not in name}
    assert {name for name, depth in ends.items() if depth == 0} == {
        "text_model.embeddings.token_embedding.weight",
        "text_model.embeddings.position_embedding.weight",
        "vision_model.embeddings.class_embedding",
        "vision_model.embeddings.patch_embedding.weight",
        "vision_model.embeddings.position_embedding.weight",
        "vision_model.pre_layrnorm.weight",
        "vision_model.pre_layrnorm.bias",
    }
    assert set(ends.values()) == {0.0, 1.0}  # logit_scale, final norms and projections lie behind


def test_a_gemma_s_names_in_memory_and_in_files_have_the_same_depths():
    in_memory = list(tiny_gemma3().state_dict())
    in_files = [name.replace("model.language_model.", "language_model.model.") for name in in_memory]
    assert list(relative_depths(in_memory).values()) == list(relative_depths(in_files).values())
    depths = relative_depths(in_memory)
    assert depths["model.language_model.layers.1.mlp.up_proj.weight"] == 0.5
    assert depths["model.language_model.embed_tokens.weight"] == 0
    assert {depths[name] for name in ("lm_head.weight", "model.language_model.norm.weight")} == {1.0}
    assert {depth for name, depth in depths.items() if "multi_modal_projector" in name} == {1.0}


def test_a_unet_counts_the_outermost_list_and_goes_down_and_up():
    transformer = "attentions.0.transformer_blocks.{}.attn1.to_q.weight"
    names = [
        "conv_in.weight",
        "time_embedding.linear_1.weight",
        *(f"down_blocks.{block}.resnets.{place}.conv1.weight" for block in range(3) for place in range(2)),
        *(f"down_blocks.2.{transformer.format(place)}" for place in range(10)),
        *(f"mid_block.{transformer.format(place)}" for place in range(3)),
        "mid_block.resnets.0.conv1.weight",
        *(f"up_blocks.{block}.resnets.0.conv1.weight" for block in range(3)),
        "conv_norm_out.weight",
        "conv_out.weight",
    ]
    depths = relative_depths([f"unet.{name}" for name in names])
    assert depths["unet.conv_in.weight"] == depths["unet.time_embedding.linear_1.weight"] == 0
    assert [depths[f"unet.down_blocks.{block}.resnets.1.conv1.weight"] for block in range(3)] == [0, 0.5, 1]
    assert depths[f"unet.down_blocks.2.{transformer.format(0)}"] == 1  # the block counts, not the layers in it
    assert [depths[f"unet.mid_block.{transformer.format(place)}"] for place in range(3)] == [0, 0.5, 1]
    assert depths["unet.mid_block.resnets.0.conv1.weight"] == 1  # a list of one
    assert [depths[f"unet.up_blocks.{block}.resnets.0.conv1.weight"] for block in range(3)] == [0, 0.5, 1]
    assert depths["unet.conv_out.weight"] == depths["unet.conv_norm_out.weight"] == 1


@pytest.mark.parametrize(
    ("names", "depth"),
    [
        (["proj.0.weight", "proj.2.weight"], 1.0),  # a gap: an activation without parameters lies between
        (["layers.0.weight"], 1.0),
        (["layers.1.weight", "layers.2.weight"], 1.0),  # does not begin at 0
        (["net.0.kernel", "net.1.scale"], 1.0),  # nothing in common
        (["embed_out.weight"], 1.0),
        (["gpt.wte.weight"], 0.0),
        (["visual.conv1.weight"], 0.0),
        (["patch_embed.0.weight"], 0.0),
        (["blocks.0.tok_embed.weight"], 1.0),  # a list of one, and no entrance inside of it
    ],
)
def test_what_is_no_stack_lies_at_an_end(names: list[str], depth: float):
    assert set(relative_depths(names).values()) == {depth}


@given(st.permutations(list(range(5))))
def test_the_order_of_names_does_not_matter(order: list[int]):
    shuffled = [NAMES[place] for place in order]
    assert relative_depths(shuffled) == {name: relative_depths(NAMES)[name] for name in NAMES}


def test_a_report_tells_a_beta_by_depth_from_patterns():
    assert recordable(ByDepth(0, 1)) == {"by_depth": {"first": 0.0, "last": 1.0}}
    assert recordable({"head*": 0.5, "*": ByDepth(0.25, 1)}) == {"head*": 0.5, "*": {"by_depth": {"first": 0.25, "last": 1.0}}}
