"""What every test stands on: no network, no shared caches, one thread, nothing left behind for the next test."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local_hub import fixtures

# No timed assertions: machines are noisy. Derandomised: a failure is of the change, not of the day.
settings.register_profile("ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

ROOT = Path(__file__).resolve().parents[1]
local_hub, impatient = fixtures.local_hub, fixtures.impatient  # fixtures for every test
collect_ignore_glob = ["*conftest.py"]  # several of one name: as doctest modules they would be taken for one another

# Read by the libraries when they are imported, so they are set here, before any test module imports one; subprocesses inherit them.
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "Agg",
    # One thread: tests of the same numbers must not depend on the machine, and two workers on two cores must not fight.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # argparse, tqdm and rich measure the terminal.
    "COLUMNS": "120",
}
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background by a shell: tests of Ctrl-C would wait for ever
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # the same under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if "HF_HOME" not in os.environ:
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hf-regional-tests-")
    atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To a Hub without Xet huggingface_hub 2.4 uploads by an argument that its HTTP client would rather not see used so."""
    for item in items:
        if "local_hub" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"))


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    """Give back environment and working folder as they were, whatever the test did to them; torch, once imported, runs on one thread."""
    environment, folder = dict(os.environ), Path.cwd()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    yield
    os.chdir(folder)
    for name in os.environ.keys() - environment.keys() - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    os.environ.update(environment)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked(root) -> list[Path]:
    """The files of the repository, those that are new and not ignored included, as paths relative to its top."""
    if not (root / ".git").exists() or not shutil.which("git"):
        pytest.skip("no git checkout")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({Path(name) for name in names if name and (root / name).is_file()})


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared` of facts and samples beside the checkout; HF_REGIONAL_SHARED names another. Skips where there is none."""
    folder = Path(os.environ.get("HF_REGIONAL_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; name one with HF_REGIONAL_SHARED")
    return folder
