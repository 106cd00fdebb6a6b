"""Stored numbers to wide ones and back, judged by torch."""

import numpy as np
import pytest
import torch

from hf_regional.merging.codecs import is_finite, narrow, widen, width_of

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


def every_code(name: str) -> torch.Tensor:
    """All codes of 8 and 16 bits, random ones of more."""
    width = width_of(name)
    codes = (
        torch.arange(256**width) if width <= 2 else torch.randint(-(2**62), 2**62, (20_000,), generator=torch.Generator().manual_seed(0))
    )
    return codes.to({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[width]).view(torch.uint8)


@pytest.mark.parametrize("name", [*DTYPES])
def test_every_code_means_what_torch_says(name: str) -> None:
    codes = every_code(name)
    np.testing.assert_array_equal(widen(codes.numpy(), name, np.float64), codes.view(DTYPES[name]).double().numpy())


@pytest.mark.parametrize("name", [*DTYPES])
def test_what_goes_out_comes_back(name: str) -> None:
    codes = every_code(name)
    values = codes.view(DTYPES[name]).double()
    finite = values[values.isfinite()].to(DTYPES[name])
    back = narrow(widen(finite.view(torch.uint8).numpy(), name), name)
    assert back.tobytes() == finite.view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("name", ["F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"])
def test_rounding_is_torch_s_for_float32(name: str) -> None:
    torch.manual_seed(0)
    limit = torch.finfo(DTYPES[name]).max
    values = (torch.randn(50_000) * torch.exp(4 * torch.randn(50_000))).clamp(-limit, limit)
    codes = every_code(name).view(DTYPES[name]).float()
    ordered = codes[codes.isfinite()].unique()[:200_000]
    for some in (values, (ordered[1:] + ordered[:-1]) / 2):  # the second: ties
        assert narrow(some.numpy(), name).tobytes() == some.to(DTYPES[name]).view(torch.uint8).numpy().tobytes()


def test_float64_is_not_rounded_twice_on_its_way_to_16_bits() -> None:
    # A little above the middle of 1 and its neighbour: by way of float32 it would fall on the middle, and to the even 1.
    above = np.array([1 + 2**-8 + 2**-40])
    assert widen(narrow(above, "BF16"), "BF16").tolist() == [1 + 2**-7]
    assert widen(narrow(np.array([1 + 2**-11 + 2**-40]), "F16"), "F16").tolist() == [1 + 2**-10]


@pytest.mark.parametrize("name", [*DTYPES])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_nan_infinity_and_overflow_are_seen(name: str, bad: float) -> None:
    with np.errstate(over="ignore"):
        too_large = np.array([1.0, float(torch.finfo(DTYPES[name]).max) * 1.5, -2.0])
    assert not is_finite(narrow(np.array([1.0, bad]), name), name)
    assert not is_finite(narrow(too_large, name), name)
    assert is_finite(narrow(np.array([1.0, -2.0, 0.0]), name), name)
