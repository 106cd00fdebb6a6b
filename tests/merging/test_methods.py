"""What holds for every method in the registry; a new file in methods/ is tried here without another line."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stretches import KINDS, Model, flat, merge, some_models

from hf_regional.errors import ConfigError, OutOfRangeError, UnknownNameError
from hf_regional.merging.methods import Method, all_methods, find_method, methods_table
from hf_regional.merging.statistics import CELL

METHODS = {method.name: method for method in all_methods()}
BUILT = {"linear", "slerp", "task_arithmetic", "ties", "dare", "dare_ties", "model_stock", "consensus", "breadcrumbs"}
every_method = pytest.mark.parametrize("name", METHODS)


def counts(method: Method) -> st.SearchStrategy[int]:
    return st.integers(method.fewest, method.most or method.fewest + 3)


def values(method: Method, option: str, regions: int) -> st.SearchStrategy[Any]:
    if option in method.choices:
        return st.sampled_from(method.choices[option])
    low, high = method.ranges[option]
    high = regions if high is None else high
    return st.integers(int(low), int(high)) if isinstance(method.options[option], int) else st.floats(low, high)


@st.composite
def settings_of(draw: st.DrawFn, method: Method) -> dict[str, Any]:
    """Anything that a user may ask of a method."""
    regions = draw(counts(method))
    lowest = -2.0 if method.signed else 0.0
    weights = st.lists(st.floats(lowest, 2.0), min_size=regions, max_size=regions).filter(lambda given: abs(sum(given)) > 0.1)
    return {
        "regions": regions,
        "beta": draw(st.floats(0, 1, exclude_min=True)),
        "weights": draw(weights) if "weights" in method.takes else None,
        "options": {option: draw(values(method, option, regions)) for option in method.options},
    }


def models(draw: st.DataObject, regions: int) -> tuple[Model, list[Model]]:
    return some_models(regions, seed=draw.draw(st.integers(0, 99)), sizes={"a": 40, "b": 1, "c": 23})


@every_method
@given(data=st.data(), kind=st.sampled_from([*KINDS]))
def test_copies_of_the_world_give_the_world_exactly(name: str, data: st.DataObject, kind: str) -> None:
    asked = data.draw(settings_of(METHODS[name]))
    numbers = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=20)
    world = {"a": data.draw(numbers), "b": data.draw(numbers)}
    merged = merge(name, world, [world] * asked.pop("regions"), kind=kind, **asked)
    assert {key: found.tolist() for key, found in merged.items()} == world


@every_method
@given(data=st.data())
def test_as_beta_goes_to_0_the_mix_goes_to_the_world(name: str, data: st.DataObject) -> None:
    asked = data.draw(settings_of(METHODS[name])) | {"beta": 2.0**-60}
    world, regions = models(data, asked.pop("regions"))
    # A task vector is at most 0.625 long, weights at most 2, DARE's factor at most 1000, and there are at most 5 models.
    np.testing.assert_allclose(flat(merge(name, world, regions, **asked)), flat(world), rtol=1e-15, atol=2.0**-60 * 10_000)


@every_method
@given(data=st.data(), width=st.sampled_from(["float32", "float64"]))
def test_numpy_and_torch_give_the_same(name: str, data: st.DataObject, width: str) -> None:
    asked = data.draw(settings_of(METHODS[name]))
    world, regions = models(data, asked.pop("regions"))
    ours, theirs = (flat(merge(name, world, regions, kind=f"{kind} {width}", **asked)) for kind in ("numpy", "torch"))
    if "DotProducts" in str(METHODS[name].statistic and METHODS[name].statistic(asked["options"])):
        # The libraries add the products of a cell in another order.
        np.testing.assert_allclose(ours, theirs, rtol=1e-14 if width == "float64" else 3e-7, atol=1e-14)
    else:
        assert ours.tobytes() == theirs.tobytes()


@every_method
@pytest.mark.parametrize("kind", KINDS)
def test_how_the_work_is_cut_and_joined_makes_no_difference_to_a_bit(name: str, kind: str) -> None:
    world, regions = some_models(METHODS[name].fewest, sizes={"a": 3 * CELL + 17, "b": CELL, "c": 5})
    ways = [{}, {"measured": CELL, "mixed": CELL}, {"measured": 2 * CELL, "mixed": 30_001, "order": 1}, {"measured": CELL, "order": 2}]
    outcomes = {flat(merge(name, world, regions, beta=0.3, kind=kind, **way)).tobytes() for way in ways}
    assert len(outcomes) == 1


@every_method
def test_an_empty_tensor_stays_empty(name: str) -> None:
    world = {"a": np.empty(0), "b": np.ones(3)}
    merged = merge(name, world, [world] * METHODS[name].fewest, beta=0.5)
    assert merged["a"].shape == (0,)


@every_method
@pytest.mark.parametrize("odd", [np.inf, np.nan, 1e308])
def test_what_is_not_finite_or_overflows_shows_in_the_result_and_raises_no_warning(name: str, odd: float) -> None:
    world = {"a": np.array([1.0, -odd, 2.0])}
    regions = [{"a": np.array([1.5, odd, 2.0])}] * METHODS[name].fewest
    merged = merge(name, world, regions, beta=1.0)
    assert len(merged["a"]) == 3
    assert np.isfinite(merged["a"][[0, 2]]).all() or name in ("slerp", "model_stock")  # whose angle is of the whole tensor


def test_every_method_of_the_issue_is_there() -> None:
    assert METHODS.keys() >= BUILT


@every_method
def test_it_names_its_paper_and_begins_with_its_equation(name: str) -> None:
    method = METHODS[name]
    assert re.fullmatch(r"arXiv:\d{4}\.\d{5}|doi:10\.\d{4}/\S+", method.paper)
    assert method.summary.startswith("θ_β = ")
    assert ">>> " in (method.mix.__doc__ or "")
    assert all(f"{option}:" in (method.mix.__doc__ or "") for option in method.options if option != "seed")


def test_the_table_has_a_row_for_each_with_its_options() -> None:
    rows = methods_table().splitlines()
    assert rows[0].count("|") == 6
    assert all(row.count("|") == 6 for row in rows)
    assert [row.split("`")[1] for row in rows[2:]] == sorted(METHODS)
    (ties,) = [row for row in rows if row.startswith("| `ties`")]
    assert ties.endswith("| 1 or more | `density` = 0.2, a number in [0, 1]; `scope` = model, model or tensor | arXiv:2306.01708 |")
    (slerp,) = [row for row in rows if row.startswith("| `slerp`")]
    assert "| 1 | none |" in slerp


def test_an_unknown_method_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"no merge method 'tie'. Did you mean 'ties'\? Known: breadcrumbs, .*task_arithmetic, ties"):
        find_method("tie")


@every_method
def test_an_unknown_option_is_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{name} has no option 'sparsity'.* Known: "):
        METHODS[name].checked({"sparsity": 1}, METHODS[name].fewest)


@every_method
def test_too_few_and_too_many_models_are_refused(name: str) -> None:
    method = METHODS[name]
    with pytest.raises(ConfigError, match=f"the method '{name}' takes {method.models} regional models?, not {method.fewest - 1}"):
        method.checked({}, method.fewest - 1)
    if method.most is not None:
        with pytest.raises(ConfigError, match=f"not {method.most + 1}"):
            method.checked({}, method.most + 1)


@pytest.mark.parametrize(
    ("name", "option", "value", "message"),
    [
        ("ties", "density", 1.01, r"ties: density must be a number in \[0, 1\], got 1.01"),
        ("ties", "density", True, "got True"),
        ("ties", "density", "0.5", "got '0.5'"),
        ("ties", "density", float("nan"), "got nan"),
        ("dare", "density", 0, r"dare: density must be a number in \[0.001, 1\], got 0"),
        ("dare", "seed", 1.5, r"dare: seed must be a whole number in \[0, 4294967295\], got 1.5"),
        ("dare_ties", "seed", -1, "got -1"),
        ("consensus", "agreement", 4, r"agreement must be a whole number in \[1, the number of regional models\], got 4"),
        ("consensus", "agreement", float("inf"), "got inf"),
        ("breadcrumbs", "outliers", 0.6, r"outliers must be a number in \[0, 0.5\], got 0.6"),
    ],
)
def test_an_option_outside_its_range_is_refused(name: str, option: str, value: object, message: str) -> None:
    with pytest.raises(OutOfRangeError, match=message):
        METHODS[name].checked({option: value}, 3)


@pytest.mark.parametrize("value", ["layer", 1, None, ["model"]])
def test_a_word_that_is_no_choice_is_refused(value: object) -> None:
    with pytest.raises(UnknownNameError, match="ties: scope must be model or tensor, got "):
        METHODS["ties"].checked({"scope": value}, 2)


def test_the_default_agreement_needs_two_models_and_options_come_back_plain() -> None:
    assert METHODS["consensus"].checked({"agreement": np.int64(1)}, 2) == {"agreement": 1, "selectivity": 0.4}
    assert type(METHODS["consensus"].checked({"agreement": np.int64(1)}, 2)["agreement"]) is int
    assert type(METHODS["ties"].checked({"density": 1}, 2)["density"]) is float
    assert METHODS["ties"].checked(None, 2) == {"density": 0.2, "scope": "model"}


@pytest.mark.parametrize(
    ("name", "weights", "error", "message"),
    [
        ("ties", [1], ConfigError, "weights must have one number a regional model: 2, not 1"),
        ("ties", [1, -1], OutOfRangeError, r"ties: a weight must be a finite number from 0 up, got -1"),
        ("task_arithmetic", [1, float("inf")], OutOfRangeError, "task_arithmetic: a weight must be a finite number, got inf"),
        ("task_arithmetic", [0, 0], OutOfRangeError, "all weights are 0"),
        ("linear", [1, True], OutOfRangeError, "got True"),
        ("model_stock", [1, 2], ConfigError, "'model_stock' finds its own weights and takes none"),
    ],
)
def test_weights_that_mean_nothing_are_refused(name: str, weights: list[float], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        METHODS[name].checked_weights(weights, 2)


def test_weights_are_1_where_none_are_given_and_may_be_negative_where_that_means_something() -> None:
    assert METHODS["ties"].checked_weights(None, 3) == (1.0, 1.0, 1.0)
    assert METHODS["task_arithmetic"].checked_weights([1, -0.5], 2) == (1.0, -0.5)
    assert METHODS["model_stock"].checked_weights([2, 2], 2) == (2.0, 2.0)


def test_listing_and_running_the_methods_on_numpy_loads_no_torch() -> None:
    code = (
        "import sys, numpy\n"
        "from hf_regional.merging.draw import Draw\n"
        "from hf_regional.merging.methods import all_methods\n"
        "for m in all_methods():\n"
        "    world, regions = numpy.ones(3), [numpy.zeros(3)] * m.fewest\n"
        "    options = m.checked({}, m.fewest)\n"
        "    s = m.statistic and m.statistic(options)\n"
        "    whole = s and s.finish(s.measure(world, regions))\n"
        "    m(world, regions, beta=1, weights=[1] * m.fewest, options=options, whole=whole, draw=Draw(0, 'a', 0, 3))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_guide_lists_every_method_as_it_is() -> None:
    guide = Path(__file__).parents[2] / "docs" / "merging.md"
    assert methods_table() in guide.read_text(encoding="utf-8"), "put what methods_table() gives into docs/merging.md"
