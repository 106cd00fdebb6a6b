"""The wheel alone is enough: built from the sdist, put into an empty environment, used from an empty folder with no checkout beside.

The environment is empty but for one path file that lends it the site-packages of the one that runs the tests: torch and the rest
are the same files, so a test takes seconds and no network, and what is tested is ours: that nothing of the package stays behind in the
checkout. The editable install cannot help out, because Python reads path files only in its own site-packages and not in lent ones.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

# Checkout folders that the wheel carries, and where: the package as it is, the card templates inside it.
CARRIED = {"src/hf_regional/": "hf_regional/", "cards/": "hf_regional/_assets/cards/"}


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that has the wheel, and an empty folder to work in."""

    bin: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        """What the program of that environment prints; nothing of this process's Python settings reaches it."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [str(self.bin / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=clean, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def python(self, code: str) -> str:
        return self.run("python", "-W", "error", "-c", code).strip()


@pytest.fixture(scope="module")
def built(root, tmp_path_factory) -> Path:
    """The folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    # --no-isolation: hatchling is among the dev dependencies, and an isolated build would ask the network for it.
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(root)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    (file,) = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    top = tmp_path_factory.mktemp("empty")
    environment, folder = top / "environment", top / "folder"
    folder.mkdir()
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    home = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True, text=True
    )
    Path(home.stdout.strip(), "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(environment / "bin", folder)


@pytest.fixture(scope="module")
def carried(tracked) -> dict[str, Path]:
    """Where the wheel must hold a file, and which file of the checkout that is."""
    names = [(file, folder) for file in tracked for folder in CARRIED if file.as_posix().startswith(folder)]
    return {file.as_posix().replace(folder, CARRIED[folder], 1): file for file, folder in names}


def test_wheel_holds_package_and_templates_byte_for_byte_and_nothing_else(wheel, root, carried):
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == carried.keys()
        assert not [file for name, file in carried.items() if archive.read(name) != (root / file).read_bytes()]


def test_sdist_holds_what_building_and_testing_need(built, root, tracked):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {Path(*Path(name).parts[1:]) for name in archive.getnames()}
    assert not {file for file in tracked if file.parts[0] not in (".ci", ".pre-commit-config.yaml")} - inside


def test_wheel_carries_licence_and_notice(wheel):
    with zipfile.ZipFile(wheel) as archive:
        assert {Path(name).name for name in archive.namelist() if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_import_is_of_the_wheel_and_not_of_the_checkout(installed, root):
    home = Path(installed.python("import hf_regional; print(hf_regional.__file__)"))
    assert home.is_relative_to(installed.bin.parent)
    assert not home.is_relative_to(root)


def test_command_answers(installed):
    assert "usage: hf-regional" in installed.run("hf-regional", "--help")
    assert "usage: hf-regional" in installed.run("python", "-m", "hf_regional", "--help")


def test_every_public_name_resolves(installed):
    assert installed.python("import hf_regional as h; print(all(getattr(h, name) is not None for name in h.__all__))") == "True"


def test_every_module_imports(installed):
    code = "import hf_regional, importlib, pkgutil\nfor m in pkgutil.walk_packages(hf_regional.__path__, 'hf_regional.'): "
    installed.python(code + "m.name.endswith('__main__') or importlib.import_module(m.name)")


def test_tables_are_found(installed):
    assert installed.python("from hf_regional import Region; print(len(Region('SEA').countries))") == "11"


def test_templates_are_found_inside_the_package(installed, carried):
    inside = "hf_regional/_assets/cards/"
    code = "from hf_regional.assets import asset_folder as f; c = f('cards'); print(*(p.relative_to(c).as_posix() for p in c.rglob('*.*')))"
    assert {inside + name for name in installed.python(code).split()} == {name for name in carried if name.startswith(inside)}
    assert installed.python("from hf_regional.assets import asset_folder as f; print(f('cards').parent.name)") == "_assets"


def test_embedded_corpus_loads(installed):
    code = "from hf_regional.corpora import load_corpus; print(*(s for s, rows in load_corpus('emoji-world').items() if len(rows) > 1000))"
    assert set(installed.python(code).split()) == {"train", "validation", "test"}


def test_whole_job_runs_from_the_wheel(installed):
    settings = yaml.safe_load(installed.run("hf-regional", "run", "--print-config"))
    settings |= {"training": {"max_steps": 3}, "merging": {"betas": [0.5]}, "resamples": 100, "output": "made"}
    (installed.folder / "short.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    report = json.loads(installed.run("hf-regional", "run", "short.yaml", "--json"))["report"]
    assert [point["beta"] for point in report["curve"]] == [0.0, 0.5]
    expected = {"README.md", "config.yaml", "model.safetensors", "regional.json", "report.json", "tradeoff.png"}
    assert expected <= {file.name for file in (installed.folder / "made").iterdir()}
