from pathlib import Path

import pytest
from datasets import DatasetDict
from small_corpus import NAMES, TEST_ROWS, TRAIN_ROWS, dataset

from hf_regional.evaluating import RetrievalTask, build_retrieval_task
from small_clip import save_clip
from tiny_pipelines import stable_diffusion_xl


@pytest.fixture(scope="session")
def corpus() -> DatasetDict:
    return DatasetDict({"train": dataset(TRAIN_ROWS), "test": dataset(TEST_ROWS)})


@pytest.fixture(scope="session")
def task(corpus) -> RetrievalTask:
    return build_retrieval_task(corpus, "test", where=NAMES)


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    return save_clip(tmp_path_factory.mktemp("base") / "clip", seed=1)


@pytest.fixture(scope="session")
def regional(tmp_path_factory) -> Path:
    return save_clip(tmp_path_factory.mktemp("regional") / "clip", seed=2)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory) -> Path:
    """A random text-to-image model."""
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("sdxl") / "tiny-sdxl"
    stable_diffusion_xl().save_pretrained(folder)
    return folder


@pytest.fixture
def _no_proxy(monkeypatch):
    """For tests with a server of this machine: no key or proxy of the machine stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("HF_REGIONAL_API_KEY", raising=False)
