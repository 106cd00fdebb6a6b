"""Linear mixes of stored numbers, judged by exact fractions: each is the nearest number of its dtype to β·region + (1-β)·world."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from hf_regional.merging.exact import mix_by_ratio
from hf_regional.merging.interpolation import Interpolation

NAMES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32", torch.float64: "F64"}
CODES = {torch.bfloat16: torch.int16, torch.float16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}
SIXTEEN = [torch.bfloat16, torch.float16]


def raw(tensor: Tensor) -> np.ndarray:
    return tensor.contiguous().view(torch.uint8).numpy()


def mixed(world: Tensor, region: Tensor, beta: float) -> Tensor:
    out = torch.empty_like(world)
    assert Interpolation().mix(raw(world), raw(region), (NAMES[world.dtype], NAMES[region.dtype]), [beta], [raw(out)])
    return out


def exactly(world: Tensor, region: Tensor, beta: float) -> list[Fraction]:
    written = Fraction(beta).limit_denominator(10_000)
    share = written if float(written) == beta else Fraction(beta)
    return [Fraction(a) * (1 - share) + Fraction(b) * share for a, b in zip(world.double().tolist(), region.double().tolist(), strict=True)]


def neighbours(value: Tensor) -> list[Fraction]:
    codes = value.view(CODES[value.dtype])
    beside = torch.stack([codes - 1, codes, codes + 1]).view(value.dtype).double()
    return [Fraction(one) for one in beside.tolist() if np.isfinite(one)]


def is_nearest(value: Tensor, exact: Fraction) -> bool:
    """Whether no neighbour is nearer, and at a tie the last bit is 0."""
    distance = abs(Fraction(value.item()) - exact)
    if value.item() == 0:  # whose neighbours are the smallest subnormals, of either sign
        return distance <= Fraction(float(torch.tensor([1], dtype=CODES[value.dtype]).view(value.dtype).double())) / 2
    others = [abs(one - exact) for one in neighbours(value) if one != Fraction(value.item())]
    if any(other == distance for other in others):
        return value.view(CODES[value.dtype]).item() % 2 == 0
    return all(distance < other for other in others)


def assert_correctly_rounded(world: Tensor, region: Tensor, beta: float) -> None:
    result = mixed(world, region, beta)
    off = [place for place, exact in enumerate(exactly(world, region, beta)) if not is_nearest(result[place], exact)]
    assert not off, [(world[place].item(), region[place].item(), beta, result[place].item()) for place in off[:3]]


@pytest.mark.parametrize("beta", [0.25, 0.3, 0.4, 0.5, 0.7, 0.9, 0.05, 0.38, 0.123, 1e-5, 1 - 1e-5])
@pytest.mark.parametrize("kind", ["tuned", "unrelated", "opposite", "pruned"])
@pytest.mark.parametrize("dtype", SIXTEEN, ids=str)
def test_sixteen_bits_are_rounded_once_and_right(dtype: torch.dtype, kind: str, beta: float) -> None:
    torch.manual_seed(0)
    world = (0.02 * torch.randn(1501)).to(dtype)
    region = {
        "tuned": world.double() + 5e-4 * torch.randn(1501),
        "unrelated": 0.02 * torch.randn(1501).double(),
        "pruned": world.double() * 2.0 ** torch.randint(-24, 1, (1501,)),  # hardly off the middle between two numbers
        "opposite": -world.double() * (1 - beta) / beta + 1e-6 * torch.randn(1501),  # all digits cancel
    }[kind].to(dtype)
    assert_correctly_rounded(world, region, beta)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-6e4, 6e4, width=16), st.floats(-6e4, 6e4, width=16)), min_size=1, max_size=6),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_any_finite_numbers_and_any_share(pairs: list[tuple[float, float]], beta: float) -> None:
    for dtype in SIXTEEN:
        world, region = (torch.tensor(side, dtype=torch.float64).to(dtype) for side in zip(*pairs, strict=True))
        assert_correctly_rounded(world, region, beta)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(-40, 40)), min_size=1, max_size=8),
    st.fractions(0, 1, max_denominator=10_000).filter(lambda share: 0 < share < 1),
)
@example([(0x3F80, 0x3F81, 1)], Fraction(1, 2))  # in bfloat16 1 and the next number: the even one
@example([(0x3F83, 0x2180, 0)], Fraction(1, 4))  # 196.5 units and 2⁻⁶² more, which no float64 holds
def test_a_quotient_is_the_nearest_number_wherever_it_says_so(codes: list[tuple[int, int, int]], share: Fraction) -> None:
    for dtype in SIXTEEN:
        # Any bits at all, and beside them ends that are near each other.
        pairs = [(a, b) for a, b, _ in codes] + [(a, (a + step) % 0x10000) for a, _, step in codes] + [(a, a ^ 0x8000) for a, _, _ in codes]
        world, region = (np.array(side, np.uint16) for side in zip(*pairs, strict=True))
        out = np.empty_like(world)
        with np.errstate(all="ignore"):
            sure = mix_by_ratio(world, region, NAMES[dtype], share, out)
        numbers = [torch.from_numpy(side.view(np.int16)).view(dtype) for side in (world, region, out)]
        for start, end, mixed in zip(*(side[torch.from_numpy(sure)] for side in numbers), strict=True):
            assert is_nearest(mixed, Fraction(start.item()) * (1 - share) + Fraction(end.item()) * share), (start, end, share)
        alike = [(a & 0x7FFF) >> 10 == (b & 0x7FFF) >> 10 and 0x3000 <= a & 0x7FFF < 0x7000 for a, b in pairs]
        assert sure[alike].all()


def test_seven_tenths_are_seven_tenths() -> None:
    # 1 + 0.7·5 units of 2⁻⁷ is 3.5 units above 1, which goes to the even 4; the float64 next to 0.7 would make it 3.
    world, region = torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([1 + 5 * 2**-7], dtype=torch.bfloat16)
    assert mixed(world, region, 0.7).item() == 1 + 4 * 2**-7
    assert torch.lerp(world, region, 0.7).item() == 1 + 4 * 2**-7
    assert mixed(world, region, math.nextafter(0.7, 0)).item() == 1 + 3 * 2**-7


@pytest.mark.parametrize("beta", [0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 1e-7])
def test_float32_is_torch_lerp_bit_for_bit(beta: float) -> None:
    torch.manual_seed(0)
    world = torch.randn(300_001)
    region = torch.where(torch.rand(300_001) < 0.5, world + 1e-3 * torch.randn(300_001), torch.randn(300_001))
    assert torch.equal(mixed(world, region, beta), torch.lerp(world, region, beta))


@pytest.mark.parametrize("dtype", [*NAMES], ids=str)
def test_where_nothing_was_learned_no_bit_changes(dtype: torch.dtype) -> None:
    tiny = torch.finfo(dtype).smallest_normal / 4
    world = torch.tensor([-0.0, 0.0, 1.5, -tiny, torch.finfo(dtype).max, 3.0], dtype=dtype)
    region = world.clone()
    region[-1] = 4.0
    result = mixed(world, region, 0.3)
    assert raw(result)[: 5 * dtype.itemsize].tobytes() == raw(world)[: 5 * dtype.itemsize].tobytes()


def test_unlike_dtypes_are_widened_and_rounded_once() -> None:
    world, region = torch.tensor([1.0, 2.0], dtype=torch.bfloat16), torch.tensor([1 + 2**-8 + 2**-20, 2.0])
    # Halfway lies 1 + 2⁻⁹ + 2⁻²¹, a quarter of a unit of bfloat16 above 1.
    assert mixed(world, region, 0.5).tolist() == [1.0, 2.0]
    assert_correctly_rounded(world, region, 0.99)


def test_several_shares_at_once_are_each_what_they_are_alone() -> None:
    torch.manual_seed(0)
    world, region = torch.randn(2, 200_003).bfloat16()
    outs = [torch.empty_like(world) for _ in range(3)]
    Interpolation().mix(raw(world), raw(region), ("BF16", "BF16"), [0.2, 0.5, 0.9], [raw(out) for out in outs])
    for beta, out in zip([0.2, 0.5, 0.9], outs, strict=True):
        assert torch.equal(out, mixed(world, region, beta))


@pytest.mark.parametrize("dtype", [*NAMES], ids=str)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_told(dtype: torch.dtype, bad: float) -> None:
    world, region = torch.ones(9, dtype=dtype), torch.full((9,), 2.0, dtype=dtype)
    region[4] = bad
    out = torch.empty_like(world)
    assert not Interpolation().mix(raw(world), raw(region), (NAMES[dtype], NAMES[dtype]), [0.5], [raw(out)])
    assert out[:4].tolist() == [1.5] * 4
