"""Weighted sums: compiled and in numpy they agree, and a kernel that is off in any way is not used."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simsimd
import torch

from hf_regional.merging import weighted_sums
from hf_regional.merging.interpolation import Interpolation
from hf_regional.merging.weighted_sums import add_product, sum16


@pytest.fixture
def without_kernels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """As on a processor for which simsimd was not compiled."""
    monkeypatch.setattr(simsimd, "__file__", str(tmp_path / "missing.so"))
    weighted_sums.kernel_of.cache_clear()
    yield
    weighted_sums.kernel_of.cache_clear()


def codes(numbers: torch.Tensor) -> np.ndarray:
    return numbers.bfloat16().view(torch.int16).numpy().view(np.uint16)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 1000])
def test_sixteen_bits_are_the_nearest_of_the_sum(count: int) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, count)
    out = np.empty(count, np.uint16)
    sum16(codes(a), codes(b), "BF16", 0.6, 0.4, out)
    exact = 0.6 * a.bfloat16().double() + 0.4 * b.bfloat16().double()
    found = torch.from_numpy(out.view(np.int16)).view(torch.bfloat16).double()
    assert ((found - exact).abs() <= exact.abs() * 2.0**-8 * 1.001).all()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 5000])
def test_a_product_is_added_with_one_rounding(count: int) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, count)
    out = np.empty(count, np.float32)
    add_product(a.numpy(), b.numpy(), np.float32(0.3), out)
    assert np.array_equal(out, (a.double() + b.double() * float(np.float32(0.3))).float().numpy())


@pytest.mark.usefixtures("without_kernels")
@pytest.mark.parametrize("beta", [0.3, 0.4, 0.5])
@pytest.mark.parametrize(("dtype", "name"), [(torch.bfloat16, "BF16"), (torch.float32, "F32")])
def test_without_kernels_a_mix_is_the_same(dtype: torch.dtype, name: str, beta: float) -> None:
    torch.manual_seed(0)
    world = (0.02 * torch.randn(70_001)).to(dtype)
    region = (world + 5e-4 * torch.randn(70_001)).to(dtype)
    raw = [tensor.view(torch.uint8).numpy() for tensor in (world, region)]
    plain = np.empty_like(raw[0])
    assert weighted_sums.kernel_of(name) is None
    assert Interpolation().mix(raw[0], raw[1], (name, name), [beta], [plain])
    expected = torch.lerp(world.double(), region.double(), beta).to(dtype) if dtype == torch.bfloat16 else torch.lerp(world, region, beta)
    found = torch.from_numpy(plain).view(dtype)
    assert torch.equal(found, expected) if dtype == torch.float32 else (found != expected).sum() <= (beta == 0.3) * 7_000  # ties of 3/10


def truncating(a: np.ndarray, b: np.ndarray, alpha: float, beta: float, out: np.ndarray) -> None:
    out[:] = ((floats(a) * np.float32(alpha) + floats(b) * np.float32(beta)).view(np.uint32) >> 16).astype(np.uint16)


def with_few_digits(a: np.ndarray, b: np.ndarray, alpha: float, beta: float, out: np.ndarray) -> None:
    total = (floats(a).astype(np.float16) * np.float16(alpha) + floats(b).astype(np.float16) * np.float16(beta)).astype(np.float32)
    out[:] = codes(torch.from_numpy(total))


def swallowing_infinity(a: np.ndarray, b: np.ndarray, alpha: float, beta: float, out: np.ndarray) -> None:
    out[:] = codes(torch.from_numpy(np.clip(floats(a) * np.float32(alpha) + floats(b) * np.float32(beta), -3e38, 3e38)))


def floats(stored: np.ndarray) -> np.ndarray:
    return (stored.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("kernel", [truncating, with_few_digits, swallowing_infinity])
def test_a_kernel_that_is_off_is_found_out(kernel: weighted_sums.Kernel) -> None:
    assert not weighted_sums.is_bfloat16_sound(kernel)


def test_a_kernel_that_rounds_twice_is_found_out() -> None:
    def twice(a: np.ndarray, b: np.ndarray, alpha: float, beta: float, out: np.ndarray) -> None:
        out[:] = a * np.float32(alpha) + b * np.float32(beta)

    assert not weighted_sums.is_float32_sound(twice)
