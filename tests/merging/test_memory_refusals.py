"""What merging in memory refuses, by name, and with the model left as it was to the last bit."""

import json
from pathlib import Path

import pytest
import torch
from memory_models import Small, as_bits, learned, state, tiny_clip
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPModel

from hf_regional.errors import (
    ConfigError,
    DamagedFileError,
    MismatchedCheckpointsError,
    MissingFileError,
    NonFiniteError,
    NotBuiltYetError,
    OutOfRangeError,
    QuantisedError,
    RegionalError,
    UnknownNameError,
)
from hf_regional.merging.modules import merge_modules

WORLD = {"head": torch.ones(2, 3), "body": torch.zeros(4)}


def refused(error: type[RegionalError], match: str, other: object, *, model: nn.Module | None = None, **wishes: object) -> RegionalError:
    model = model or Small({name: tensor.clone() for name, tensor in WORLD.items()})
    before = state(model)
    with pytest.raises(error, match=match) as caught:
        merge_modules(model, other, **{"beta": 0.5, **wishes})
    assert as_bits(state(model)) == as_bits(before)
    return caught.value


def with_tensors(**changes: Tensor) -> Small:
    return Small({name: tensor.clone() for name, tensor in (WORLD | changes).items()})


def test_missing_and_extra_tensors_are_named():
    error = refused(
        MismatchedCheckpointsError,
        "lacks 1 tensors of the other .body.*the base lacks.*added",
        Small({"head": torch.ones(2, 3), "added": torch.ones(1)}),
    )
    assert isinstance(error, MismatchedCheckpointsError)
    assert (error.missing, error.extra) == ({"body"}, {"added"})


def test_tensors_named_in_skip_may_be_missing_extra_or_of_another_shape():
    model = with_tensors()
    mix = merge_modules(
        model, Small({"head": torch.ones(9), "body": torch.ones(4), "added": torch.ones(1)}), beta=0.5, skip=["head", "added"]
    )
    assert as_bits(state(model)) == as_bits({"head": torch.ones(2, 3), "body": torch.full((4,), 0.5)})
    assert mix.report()["ignored_from_regional"] == ("added",)


@pytest.mark.parametrize("shape", [(3, 2), (1, 3), (2, 4), (3,), ()])
def test_another_shape_is_refused_also_where_it_would_broadcast(shape: tuple[int, ...]):
    refused(MismatchedCheckpointsError, r"'head' has shape \[2, 3\] in the base and", with_tensors(head=torch.ones(shape)))


def test_a_float_against_an_integer_is_refused():
    ours, theirs = (Small({}, {"count": tensor}) for tensor in (torch.tensor([1.0]), torch.tensor([1])))
    refused(MismatchedCheckpointsError, "'count' is float32 in the base and int64", theirs, model=ours)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("beta", [0, 0.5, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2], ids=str)
def test_a_value_that_is_not_finite_names_the_side_and_the_tensor(dtype: torch.dtype, beta: float, bad: float):
    good, poisoned = (Small({"w": torch.tensor([0.0, value, 1.0]).to(dtype)}) for value in (2.0, bad))
    error = refused(NonFiniteError, "Small in memory: tensor 'w' holds NaN or infinity", poisoned, model=good, beta=beta)
    assert isinstance(error, NonFiniteError)
    assert error.name == "w"
    refused(NonFiniteError, "the base: tensor 'w'", good, model=poisoned, beta=beta)
    merge_modules(good, poisoned, beta=beta, skip=["w"])


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan"), True, "0.5", {"*": -1}])
def test_a_beta_outside_0_to_1_is_refused(beta: object):
    refused(OutOfRangeError, r"\[0, 1\]", with_tensors(), beta=beta)


@pytest.mark.parametrize(
    ("wishes", "error", "match"),
    [
        ({"only": "heda"}, UnknownNameError, "nearest name is 'head'"),
        ({"skip": ["x*"]}, UnknownNameError, "skip: the pattern"),
        ({"beta": {"*": 0.5, "head": 0.1}}, UnknownNameError, "put it first"),
        ({"method": "linaer"}, UnknownNameError, "Did you mean 'linear'"),
        ({"options": {"density": 0.5}}, UnknownNameError, "no option 'density'"),
        ({"weights": [1, 2]}, ConfigError, "weights must be 1 finite"),
        ({"weights": [0]}, ConfigError, "not all 0"),
        ({"weights": [float("nan")]}, ConfigError, "finite"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(wishes: dict[str, object], error: type[RegionalError], match: str):
    refused(error, match, with_tensors(body=torch.ones(4)), **wishes)


def test_weights_that_have_no_mean_are_refused():
    others = [with_tensors(body=torch.ones(4)), with_tensors(body=torch.ones(4))]
    refused(ConfigError, "sum to 0", others, weights=[1, -1])
    refused(ConfigError, "regional models", [])


def test_codes_of_a_quantisation_are_refused():
    codes = Small({"w": torch.ones(4, dtype=torch.uint8)})
    refused(
        QuantisedError,
        r"the base: tensor 'w' \(uint8\) is quantised.*Merge the models",
        codes,
        model=Small({"w": torch.ones(4, dtype=torch.uint8)}),
    )
    refused(QuantisedError, "the regional model: tensor 'w'", codes, model=Small({"w": torch.ones(4)}))


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft asks transformers by an old name
def test_factors_of_an_adapter_are_never_averaged_one_by_one():
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(tiny_clip(), LoraConfig(target_modules=["q_proj"]))
    refused(NotBuiltYetError, r"the base .PeftModel. holds a PEFT adapter.*folder that PEFT saved", tiny_clip(), model=adapted)
    refused(NotBuiltYetError, r"the regional model .PeftModel. holds a PEFT adapter", adapted, model=tiny_clip())


def test_tensors_that_are_not_in_memory_are_refused():
    with torch.device("meta"):
        empty = nn.Linear(2, 2)
    refused(NotBuiltYetError, "tensor 'weight' is not in memory", empty, model=nn.Linear(2, 2))


def test_complex_numbers_are_refused_by_name():
    ours, theirs = (Small({}, {"w": torch.tensor([value + 1j])}) for value in (1, 2))
    before = ours.w.clone()
    with pytest.raises(NotBuiltYetError, match=r"'w' holds complex numbers.*skip"):
        merge_modules(ours, theirs, beta=0.5)
    assert torch.equal(ours.w, before)


@pytest.mark.parametrize("other", [3, None, {"head": torch.ones(2)}, object()])
def test_what_is_no_model_is_refused(other: object):
    refused(ConfigError, "neither a torch module nor a pipeline", other)


def test_a_module_that_cannot_load_says_so():
    refused(ConfigError, r"Small has no `from_pretrained`", Path(__file__).parent)


# Folders, loaded by the base's own class.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    learned(tiny_clip()).save_pretrained(tmp_path / "region")
    return tmp_path / "region"


def edit(folder: Path, **changes: Tensor | None) -> None:
    """Write the weights anew with some tensors added, replaced or left out."""
    tensors = load_file(folder / "model.safetensors") | {name.replace("__", "."): tensor for name, tensor in changes.items()}
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_tensor_that_the_files_lack_is_missing_and_never_drawn_at_random(folder: Path):
    edit(folder, text_projection__weight=None)
    error = refused(MismatchedCheckpointsError, r"region lacks 1 tensors.*text_projection\.weight", folder, model=tiny_clip())
    assert isinstance(error, MismatchedCheckpointsError)
    assert error.missing == {"text_projection.weight"}
    merge_modules(tiny_clip(), folder, beta=0.5, skip=["text_projection*"])


def test_a_tensor_for_which_the_class_has_no_place_is_named(folder: Path):
    edit(folder, trained_head__weight=torch.ones(3))
    refused(MismatchedCheckpointsError, r"the base lacks 1 tensors.*trained_head\.weight", folder, model=tiny_clip())
    mix = merge_modules(tiny_clip(), folder, beta=0.5, skip=["trained_head*"])
    assert mix.report()["ignored_from_regional"] == ("trained_head.weight",)


def test_files_that_contradict_their_config_are_refused(folder: Path):
    edit(folder, text_projection__weight=torch.ones(1, 16))
    refused(MismatchedCheckpointsError, r"text_projection\.weight.*\[1, 16\] in its files and \[12, 16\]", folder, model=tiny_clip())


def test_another_kind_of_model_is_refused_by_its_type(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "siglip"}))
    refused(MismatchedCheckpointsError, "type 'siglip', the base is of type 'clip'", folder, model=tiny_clip())


@pytest.mark.parametrize(
    ("file", "text", "error", "match"),
    [
        ("adapter_config.json", "{}", NotBuiltYetError, "adapter"),
        ("config.json", '{"quantization_config": {}}', QuantisedError, "quantised"),
        ("config.json", "{", DamagedFileError, r"config\.json is no JSON"),
    ],
)
def test_folders_of_other_kinds_are_refused_with_the_way_out(folder: Path, file: str, text: str, error: type[RegionalError], match: str):
    (folder / file).write_text(text)
    refused(error, match, folder, model=tiny_clip())


def test_pickles_are_never_opened(folder: Path):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(MissingFileError, "cannot be loaded as CLIPModel", folder, model=tiny_clip())


@pytest.mark.parametrize("name", ["/no/such/folder", "someone/not-cached-anywhere"])
def test_a_name_that_is_neither_folder_nor_reachable_is_refused(name: str):
    refused(MissingFileError, name.split("/")[-1], name, model=tiny_clip())


def test_a_folder_of_another_size_names_the_first_tensor(folder: Path, tmp_path: Path):
    from memory_models import TEXT, VISION
    from transformers import CLIPConfig

    CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=5)).save_pretrained(tmp_path / "other")
    refused(MismatchedCheckpointsError, r"visual_projection\.weight|text_projection\.weight", tmp_path / "other", model=tiny_clip())
