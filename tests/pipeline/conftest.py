from pathlib import Path

import pytest
from small_world import make_pictures, make_siglip, small_config

from hf_regional.adapting import adapt
from hf_regional.corpora import load_corpus
from hf_regional.pipeline import Run, run


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """The folder with the 75 pictures and their CSV."""
    return make_pictures(tmp_path_factory.mktemp("world") / "pictures")


@pytest.fixture(scope="session")
def random_base(tmp_path_factory) -> Path:
    """A SigLIP that has learned nothing."""
    return make_siglip(tmp_path_factory.mktemp("random") / "tiny-siglip")


@pytest.fixture(scope="session")
def base(pictures, random_base, tmp_path_factory) -> Path:
    """The same SigLIP, taught the three countries of the world: well above chance there."""
    train = load_corpus("imagefolder+csv", data_dir=pictures, split="train")
    world = train.filter(lambda country: country not in {"IDN", "MYS"}, input_columns="country_iso3")
    folder = tmp_path_factory.mktemp("taught") / "tiny-siglip"
    settings = {"max_steps": 30, "batch_size": 27, "learning_rate": 3e-3}
    return adapt(random_base, world, "siglip2-sea", folder, device="cpu", progress=False, **settings).path


@pytest.fixture(scope="session")
def finished(base, pictures, tmp_path_factory) -> Run:
    """One whole run of the job over the small world; read it, do not change it."""
    return run(small_config(base, pictures, tmp_path_factory.mktemp("run") / "out"), progress=False)
