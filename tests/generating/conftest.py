"""Pictures as `datasets` keeps them, and no key or proxy of the machine that the tests run on."""

import pytest


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("HF_REGIONAL_API_KEY", raising=False)


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """A folder with a tiny LLaVA that has learnt to judge colours."""
    from tiny_llava import save_llava

    return save_llava(tmp_path_factory.mktemp("judge"))
