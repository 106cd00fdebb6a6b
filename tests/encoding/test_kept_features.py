import io

import numpy as np
import pytest
from PIL import Image

from hf_regional.encoding import KeptFeatures, load_vision
from hf_regional.errors import BadRowError, DamagedFileError
from small_clip import png, save_clip


class Counting:
    """A real encoder that notes how many images it is asked for."""

    def __init__(self, encoder):
        self.encoder, self.asked = encoder, []

    def encode_images(self, images):
        self.asked.append(len(images))
        return self.encoder.encode_images(images)

    def fingerprint(self):
        return self.encoder.fingerprint()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return load_vision(save_clip(tmp_path_factory.mktemp("clip"), seed=0), device="cpu")


def cells(*colours):
    return [{"bytes": png(colour), "path": None} for colour in colours]


def test_only_images_of_a_new_content_are_encoded(tmp_path, clip):
    cache, encoder = KeptFeatures(tmp_path), Counting(clip)
    first = cache.features(encoder, cells("red", "green", "red"))
    assert encoder.asked == [2]
    second = KeptFeatures(tmp_path).features(encoder, cells("blue", "green", "red"))
    assert encoder.asked == [2, 1]
    np.testing.assert_array_equal(first[[2, 1]], second[[2, 1]])
    np.testing.assert_array_equal(first[0], first[2])
    np.testing.assert_allclose(second, clip.encode_images(cells("blue", "green", "red")), atol=1e-6)


def test_a_file_and_its_bytes_are_one_image_wherever_it_lies(tmp_path, clip):
    (tmp_path / "a.png").write_bytes(png("red"))
    (tmp_path / "b.png").write_bytes(png("green"))
    encoder, cache = Counting(clip), KeptFeatures(tmp_path / "cache")
    cache.features(encoder, [{"bytes": None, "path": str(tmp_path / name)} for name in ("a.png", "b.png")])
    (tmp_path / "a.png").rename(tmp_path / "c.png")
    cache.features(encoder, [*cells("red"), {"bytes": None, "path": str(tmp_path / "c.png")}])
    assert encoder.asked == [2]
    (tmp_path / "c.png").write_bytes(png("blue"))
    cache.features(encoder, [{"bytes": None, "path": str(tmp_path / "c.png")}])
    assert encoder.asked == [2, 1]


def test_open_pictures_are_known_by_their_pixels(tmp_path, clip):
    encoder, cache = Counting(clip), KeptFeatures(tmp_path)
    picture = Image.open(io.BytesIO(png("red")))
    cache.features(encoder, [picture, picture.copy()])
    assert encoder.asked == [1]


def test_encoders_share_a_folder_and_not_their_features(tmp_path, clip):
    other = load_vision(save_clip(tmp_path / "other", seed=1), device="cpu")
    first, second = (KeptFeatures(tmp_path / "cache").features(each, cells("red", "blue")) for each in (clip, other))
    assert abs(first - second).max() > 0.01
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_what_was_encoded_before_a_broken_picture_is_kept(tmp_path, clip, monkeypatch):
    monkeypatch.setattr("hf_regional.encoding.kept_features._PART", 2)
    encoder, cache = Counting(clip), KeptFeatures(tmp_path)
    broken = [*cells("red", "green", "blue"), {"bytes": b"no picture", "path": None}]
    with pytest.raises(BadRowError, match=r"among rows 2 to 3: the picture \(inline bytes\) cannot be opened"):
        cache.features(encoder, broken)
    cache.features(encoder, broken[:3])
    assert encoder.asked == [2, 2, 1]


def test_empty_cells_and_lost_files_are_named_by_row(tmp_path, clip):
    with pytest.raises(BadRowError, match="row 1: a row has no picture"):
        KeptFeatures(tmp_path).features(clip, [*cells("red"), {"bytes": None, "path": None}])
    with pytest.raises(BadRowError, match=r"row 0: there is no picture .*lost\.png"):
        KeptFeatures(tmp_path).features(clip, [{"bytes": None, "path": str(tmp_path / "lost.png")}])


def test_a_damaged_file_is_named_and_removing_it_helps(tmp_path, clip):
    encoder, cache = Counting(clip), KeptFeatures(tmp_path)
    cache.features(encoder, cells("red"))
    (part,) = tmp_path.rglob("*.npz")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(DamagedFileError, match=r"is no file of kept features .* Remove it"):
        cache.features(encoder, cells("red"))
    part.unlink()
    assert cache.features(encoder, cells("red")).shape == (1, 16)
    assert encoder.asked == [1, 1]
