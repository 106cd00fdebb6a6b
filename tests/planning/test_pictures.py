import datasets
import numpy as np
import pytest

from hf_regional.corpora import embedded_model
from hf_regional.encoding import load_encoder
from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.planning import geo_similarity, image_features, stand_ins
from small_clip import png, save_clip

COLOURS = ("red", "green", "blue", "red")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("clip"), seed=0)


def made(colours=COLOURS):
    rows = {"image": [{"bytes": png(colour), "path": None} for colour in colours], "topic": ["bed"] * len(colours)}
    return datasets.Dataset.from_dict(rows, features=datasets.Features({"image": datasets.Image(), "topic": datasets.Value("string")}))


def test_a_dataset_is_encoded_by_several_models_at_once(tmp_path, clip):
    other = save_clip(tmp_path / "other", seed=1)
    found = image_features(made(), {"one": clip, "two": other}, tmp_path / "cache", device="cpu")
    cells = [{"bytes": png(colour), "path": None} for colour in COLOURS]
    for name, folder in (("one", clip), ("two", other)):
        np.testing.assert_allclose(found[name], load_encoder(folder, device="cpu").encode_images(cells), atol=1e-6)


def test_images_that_are_added_are_encoded_alone(tmp_path, clip):
    first = image_features(made(), clip, tmp_path, device="cpu")[str(clip)]
    (part,) = tmp_path.rglob("*.npz")
    second = image_features(made((*COLOURS, "yellow")), [clip], tmp_path, device="cpu")[str(clip)]
    np.testing.assert_array_equal(first, second[:4])
    (new,) = set(tmp_path.rglob("*.npz")) - {part}
    assert len(np.load(new)["digests"]) == 1


def test_paths_and_columns_of_paths_are_read(tmp_path, clip):
    (tmp_path / "red.png").write_bytes(png("red"))
    paths = [tmp_path / "red.png"]
    table = datasets.Dataset.from_dict({"file": [str(path) for path in paths]})
    found = [image_features(rows, {"clip": clip}, tmp_path / "c", column="file", device="cpu")["clip"] for rows in (paths, table)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda rows, clip, to: image_features(rows, clip, to, column="picture"),
            MissingColumnError,
            "no column 'picture'; it has image, topic",
        ),
        (
            lambda rows, clip, to: image_features(datasets.DatasetDict(train=rows), clip, to),
            ConfigError,
            r"choose one, such as dataset\['train'\]",
        ),
        (lambda rows, clip, to: image_features(rows.to_iterable_dataset(), clip, to), ConfigError, "It is a stream"),
        (lambda rows, clip, to: image_features(rows.select([]), clip, to), NoRowsError, "no rows"),
        (lambda rows, clip, to: image_features(rows, [], to), ConfigError, "models: none"),
        (lambda rows, clip, to: image_features(rows, [clip, clip], to), ConfigError, "2 were given and 1 differ"),
    ],
)
def test_bad_input_is_refused_by_name(tmp_path, clip, call, error, message):
    with pytest.raises(error, match=message):
        call(made(), clip, tmp_path)


def test_real_photographs_are_compared_by_the_small_model_that_is_shipped(tmp_path, shared):
    """29 photographs of Dollar Street, from file to stand-ins. What a model of emoji sees in them is not judged."""
    import pandas as pd

    folder = shared / "data" / "dollar_street_sample"
    if not folder.is_dir():
        pytest.skip(f"the photographs of Dollar Street are not in {folder}")
    rows = pd.read_csv(folder / "metadata.csv")
    paths = [folder / name for name in rows["file_name"]]
    features = image_features(paths, {"emoji": embedded_model("emoji-world-clip")}, tmp_path, device="cpu")["emoji"]
    assert features.shape[0] == 29
    found = geo_similarity(features, rows["topic"], rows["country_iso3"], min_n=2, resamples=100, encoder="emoji")
    assert found.groups["n"].sum() + found.left_out["n"].sum() == 29
    for row in found.table.itertuples():
        a, b = (features[(rows["topic"] == row.topic) & (rows["country_iso3"] == side)] for side in (row.country_a, row.country_b))
        assert row.similarity == pytest.approx((a @ b.T).mean(), abs=1e-6)
    assert (found.table["low"] <= found.table["similarity"]).all()
    assert (found.table["high"] >= found.table["similarity"]).all()
    helpers = stand_ins(found, incomes=rows.groupby("country_iso3")["monthly_income_usd"].mean().to_dict())
    assert set(helpers.clusters["country"]) == set(found.countries)
    assert abs(helpers.distance.r) <= 1
    assert helpers.income is not None
    assert helpers.income.unknown == ()
