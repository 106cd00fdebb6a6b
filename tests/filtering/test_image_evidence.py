import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hf_regional.encoding import load_encoder
from hf_regional.errors import ConfigError, DamagedFileError, OutOfRangeError
from hf_regional.filtering.evidence import features as module
from hf_regional.filtering.evidence.features import features_of
from hf_regional.filtering.evidence.image import THRESHOLD, find, means_of
from hf_regional.filtering.hits import country_codes
from tiny_towers import WORDS, picture, save_towers

COSINE_OF_45 = np.sqrt(0.5)


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def found(hits):
    codes = country_codes()
    return [
        (row, codes[country], value, round(float(sure), 3))
        for row, country, value, sure in zip(hits.row.tolist(), hits.country, hits.value.to_pylist(), hits.confidence, strict=True)
    ]


def test_a_row_is_from_where_the_references_are_that_it_is_like():
    references, countries = unit([[1, 0], [1, 0], [0, 1]]), ["THA", "THA", "VNM"]
    # Cosines 1, 0.707 with both, and -1.
    hits = find(unit([[1, 0], [1, 1], [-1, 0]]), references, countries)
    # (0.7071 - 0.555) / 0.445 / 2 + 0.5 = 0.671
    assert found(hits) == [(0, "THA", "1", 1.0), (1, "THA", "0.707", 0.671), (1, "VNM", "0.707", 0.671)]


def test_the_score_is_the_mean_cosine_and_not_the_cosine_with_the_mean():
    # Two references at right angles: the cosine with each is 0.7071, and so is their mean; the cosine with the mean's direction is 1.
    references = unit([[1, 0], [0, 1]])
    assert found(find(unit([[1, 1]]), references, ["THA", "THA"])) == [(0, "THA", "0.707", 0.671)]
    assert found(find(unit([[1, 0]]), references, ["THA", "THA"])) == []  # mean of 1 and 0


@given(
    st.lists(
        st.lists(st.floats(-1, 1, width=16), min_size=4, max_size=4).filter(lambda row: np.linalg.norm(row) > 0.1), min_size=1, max_size=8
    ),
    st.integers(1, 5),
    st.floats(-1, 0.9),
)
def test_one_product_with_the_mean_gives_the_mean_of_all_cosines(rows, count, threshold):
    every = unit(rows)
    references, countries = np.concatenate([every, unit(np.eye(4))]), [["THA", "IDN"][place % 2] for place in range(len(every) + 4)]
    features = every[:count]
    means, places = means_of(references, countries)
    for country, mean in zip(places, means, strict=True):
        own = references[[code == country_codes()[country] for code in countries]]
        assert features @ mean == pytest.approx((features @ own.T).mean(1), abs=1e-5)
    for row, country, value, sure in found(find(features, references, countries, threshold=threshold)):
        own = references[[code == country for code in countries]]
        score = float((features[row] @ own.T).mean())
        assert float(value) == pytest.approx(score, abs=1e-3)
        assert score >= threshold - 1e-5
        assert sure == pytest.approx(0.5 + (score - threshold) / (1 - threshold) / 2, abs=2e-3)


def test_the_most_similar_country_comes_first_and_rows_ascend():
    references = unit([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 1]])
    hits = find(unit([[0, 0, 1], [1, 0.2, 0]]), references, ["IDN", "MYS", "Philippines"])
    assert [(row, country) for row, country, *_ in found(hits)] == [(0, "PHL"), (1, "MYS"), (1, "IDN")]


def test_rows_that_could_not_be_read_have_no_hits():
    features = unit([[1, 0], [1, 0]])
    features[0] = np.nan
    assert [row for row, *_ in found(find(features, unit([[1, 0]]), ["THA"]))] == [1]
    assert found(find(np.zeros((3, 0), np.float32), unit([[1, 0]]), ["THA"])) == []


@pytest.mark.parametrize(
    ("features", "references", "countries", "said"),
    [
        ([[1, 0]], [[1, 0]], ["THA", "VNM"], "2 countries are given"),
        ([[1, 0]], np.zeros((0, 2)), [], "one row a picture"),
        ([[1, 0]], [[1, 0]], ["Atlantis"], "reference 0 is of 'Atlantis'"),
        ([[1, 0]], [[1, 0], [3, 4]], ["THA", "THA"], "the references have a row, 1, of norm 5"),
        ([[2, 0]], [[1, 0]], ["THA"], "features of column 'image' have a row, 0, of norm 2"),
        ([[1, 0, 0]], [[1, 0]], ["THA"], "encode both with the same model"),
    ],
)
def test_features_that_do_not_fit_are_refused_with_what_is_wrong(features, references, countries, said):
    with pytest.raises(ConfigError, match=said):
        find(np.array(features, np.float32), np.array(references, np.float32), countries)


@pytest.mark.parametrize("threshold", [1.0, 55.5, -1.1, float("nan")])
def test_a_threshold_that_is_no_cosine_is_refused(threshold):
    with pytest.raises(OutOfRangeError, match="mean cosine"):
        find(unit([[1, 0]]), unit([[1, 0]]), ["THA"], threshold=threshold)


def test_the_threshold_is_that_of_sea_vl():
    assert THRESHOLD == 0.555


# Encoding ---------------------------------------------------------------------------------------------------------------------------


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def cells(*contents):
    return pa.array([None if one is None else {"bytes": one, "path": None} for one in contents], PICTURES)


PICTURES = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CONTENTS = [png(picture(words)) for words in WORDS]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_towers("clip", tmp_path_factory.mktemp("clip"))


@pytest.fixture
def files(tmp_path):
    """Forget what this process holds of earlier caches."""
    module._store.cache_clear()
    return tmp_path


def test_pictures_and_texts_are_encoded_as_by_the_model(clip):
    encoder = load_encoder(clip, device="cpu")
    images = features_of(cells(*CONTENTS), "image", clip)
    texts = features_of(pa.array(WORDS), "text", encoder)
    assert images.features == pytest.approx(encoder.encode_images([picture(words) for words in WORDS]), abs=1e-5)
    assert texts.features == pytest.approx(encoder.encode_texts(WORDS), abs=1e-5)
    assert images.set_aside == texts.set_aside == {}


def test_similar_pictures_find_their_country(clip):
    encoder = load_encoder(clip, device="cpu")
    references = features_of(cells(*CONTENTS[:2]), "image", encoder).features
    hits = find(features_of(cells(None, CONTENTS[0]), "image", encoder).features, references[:1], ["Laos"], threshold=0.99)
    assert found(hits) == [(1, "LAO", "1", 1.0)]


def test_what_cannot_be_read_is_set_aside_with_all_its_copies_and_counted(clip, monkeypatch, tmp_path):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    bomb, large = png(Image.new("L", (100, 100))), png(Image.new("L", (40, 40)))  # over twice the limit, and over it
    (tmp_path / "there.png").write_bytes(CONTENTS[0])
    column = pa.array(
        [
            {"bytes": CONTENTS[0], "path": None},
            {"bytes": b"no picture", "path": None},
            {"bytes": b"no picture", "path": "name.png"},
            {"bytes": CONTENTS[1][:60], "path": None},
            {"bytes": bomb, "path": None},
            {"bytes": large, "path": None},
            {"bytes": None, "path": str(tmp_path / "gone.png")},
            {"bytes": None, "path": str(tmp_path / "there.png")},
            {"bytes": b"", "path": None},
            {"bytes": None, "path": None},
            None,
        ],
        PICTURES,
    )
    encoded = features_of(column, "photo", clip)
    assert np.isfinite(encoded.features).all(1).tolist() == [True, *[False] * 6, True, *[False] * 3]
    assert (encoded.features[0] == encoded.features[7]).all()
    assert encoded.set_aside == {
        ("photo", "no picture that can be opened"): 3,
        ("photo", "a picture of more pixels than is safe to decode"): 2,
        ("photo", "no bytes, and no file at the path"): 2,
    }


def test_blank_texts_say_nothing_and_are_no_fault(clip):
    encoded = features_of(pa.array(["left red", "", None, "  "]), "text", clip)
    assert np.isfinite(encoded.features).all(1).tolist() == [True, False, False, False]
    assert encoded.set_aside == {}


def test_what_was_encoded_is_kept_and_found_again_by_another_process(clip, files):
    first = features_of(cells(*CONTENTS[:3], CONTENTS[0]), "image", clip, cache=files)
    (kept,) = files.rglob("*.npz")
    with np.load(kept) as data:
        assert len(data["keys"]) == 3  # the fourth is a copy
    module._store.cache_clear()
    again = features_of(cells(*CONTENTS[:5]), "image", clip, cache=files)
    assert (again.features[:3] == first.features[:3]).all()
    sizes = sorted(len(np.load(file)["keys"]) for file in files.rglob("*.npz"))
    assert sizes == [2, 3]  # only what was new


def test_a_run_that_was_cut_short_goes_on_where_it_was(clip, files, monkeypatch):
    whole = features_of(cells(*CONTENTS), "image", clip).features
    monkeypatch.setattr(module, "PORTION", 4)

    def killed(content, opened=module._opened):
        if content == CONTENTS[9]:
            raise KeyboardInterrupt
        return opened(content)

    monkeypatch.setattr(module, "_opened", killed)
    with pytest.raises(KeyboardInterrupt):
        features_of(cells(*CONTENTS), "image", clip, cache=files)
    assert len([*files.rglob("*.npz")]) == 2  # of four pictures each
    monkeypatch.undo()
    module._store.cache_clear()
    assert features_of(cells(*CONTENTS), "image", clip, cache=files).features == pytest.approx(whole, abs=1e-6)
    assert sum(len(np.load(file)["keys"]) for file in files.rglob("*.npz")) == len(CONTENTS)


def test_other_weights_have_their_own_features(clip, files, tmp_path_factory):
    other = save_towers("clip", tmp_path_factory.mktemp("other"), seed=1)
    one = features_of(cells(CONTENTS[0]), "image", clip, cache=files)
    two = features_of(cells(CONTENTS[0]), "image", other, cache=files)
    assert abs(one.features - two.features).max() > 0.01
    assert len([*files.iterdir()]) == 2


def test_a_damaged_file_of_the_cache_is_named(clip, files):
    features_of(cells(CONTENTS[0]), "image", clip, cache=files)
    (kept,) = files.rglob("*.npz")
    kept.write_bytes(kept.read_bytes()[:50])
    module._store.cache_clear()
    with pytest.raises(DamagedFileError, match=kept.name):
        features_of(cells(CONTENTS[0]), "image", clip, cache=files)


def test_bytes_alone_chunks_and_columns_of_nothing_are_read(clip):
    chunks = pa.chunked_array([[CONTENTS[0]], [CONTENTS[1], None]], pa.large_binary())
    assert np.isfinite(features_of(chunks, "image", clip).features).all(1).tolist() == [True, True, False]
    assert features_of(pa.nulls(2), "image", clip).features.shape == (2, 0)
    with pytest.raises(ConfigError, match=r"'image' holds int64"):
        features_of(pa.array([1]), "image", clip)
