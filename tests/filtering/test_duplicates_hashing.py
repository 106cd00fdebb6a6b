import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.filtering.duplicates import perceptual_hashes

Y, X = np.mgrid[0:32, 0:32]


def reference(thumbnail):
    """The definition, word for word: DCT-II along both axes, the 8 by 8 lowest frequencies, a bit for each above their median."""
    matrix = np.array([[np.cos(np.pi * (2 * place + 1) * wave / 64) for place in range(32)] for wave in range(8)])
    frequencies = (matrix @ thumbnail.astype(float) @ matrix.T).ravel().tolist()
    median = sum(sorted(frequencies)[31:33]) / 2
    return int("".join("1" if frequency > median else "0" for frequency in frequencies), 2)


def one(thumbnail):
    return int(perceptual_hashes(np.asarray(thumbnail, np.uint8)[None])[0])


def test_hashes_are_those_of_the_definition():
    thumbnails = np.random.default_rng(0).integers(0, 256, (700, 32, 32), dtype=np.uint8)  # more than one chunk
    assert perceptual_hashes(thumbnails).tolist() == [reference(thumbnail) for thumbnail in thumbnails]


@pytest.mark.parametrize(
    ("pattern", "imagehash"),
    [
        ((7 * Y + 13 * X) % 256, "a40d5e518bfa1d72"),
        ((Y * X) % 251, "813f78636c4952d5"),
        (((3 * Y) ^ (5 * X)) % 256, "a91c679898e31d57"),
        ((Y * Y + 3 * X) % 256, "833c2f324df59a26"),
    ],
)
def test_hashes_are_those_that_imagehash_4_3_2_gives(pattern, imagehash):
    assert f"{one(pattern):016x}" == imagehash


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(threads):
    thumbnails = np.random.default_rng(1).integers(0, 256, (1500, 32, 32), dtype=np.uint8)
    assert (perceptual_hashes(thumbnails, threads=threads) == perceptual_hashes(thumbnails)).all()


@given(st.integers(0, 2**32), st.integers(1, 55))
def test_a_brighter_picture_has_the_same_hash(seed, brighter):
    dark = np.random.default_rng(seed).integers(0, 200, (32, 32))
    assert one(dark + brighter) == one(dark)


@given(st.integers(0, 2**32))
def test_a_negative_has_all_bits_flipped_but_that_of_the_mean(seed):
    thumbnail = np.random.default_rng(seed).integers(0, 256, (32, 32))
    # The mean is far above the median in both, so the median itself lies elsewhere: two bits at most change sides with it.
    assert bin(one(thumbnail) ^ one(255 - thumbnail) ^ 0x7FFFFFFFFFFFFFFF).count("1") <= 2


@given(st.integers(0, 255))
def test_a_blank_picture_has_the_one_bit_of_its_mean_and_none_of_rounding(grey):
    assert one(np.full((32, 32), grey)) == (0x8000000000000000 if grey else 0)


@given(st.integers(0, 2**32))
def test_what_is_mathematically_equal_makes_no_noise(seed):
    # Stripes: 56 of the 64 frequencies are 0, and rounding must not decide on which side of the median they lie.
    stripes = np.repeat(np.random.default_rng(seed).integers(0, 256, (32, 1)), 32, axis=1)
    assert one(stripes) & 0x7F7F7F7F7F7F7F7F == 0


def test_no_thumbnails_have_no_hashes():
    assert perceptual_hashes(np.zeros((0, 32, 32), np.uint8)).shape == (0,)


@pytest.mark.parametrize("thumbnails", [np.zeros((3, 32, 31), np.uint8), np.zeros((32, 32), np.uint8), np.zeros((1, 32, 32), np.float32)])
def test_anything_else_than_grey_thumbnails_is_refused(thumbnails):
    with pytest.raises(ValueError, match="uint8"):
        perceptual_hashes(thumbnails)
