"""Rules that hold for every file of the repository, and the one command that holds the rest."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Places of one machine, and files that only some checkouts have beside them. Tests may read the latter, and skip.
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|tmp|root|home|Users|opt)/\w|\.\./shared")
MOST_LINES = 400


@pytest.fixture(scope="module")
def project(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins(root) -> dict[str, Requirement]:
    """Canonical name to pinned requirement, in the order of constraints.txt."""
    lines = [line for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, lines)}


def text_of(file: Path) -> str:
    """The file's text, or nothing where it is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_nothing_outside_the_tests_names_a_place_of_one_machine(tracked, root):
    files = [file for file in tracked if file.parts[0] != "tests"]
    found = [f"{file}: {hit[0]}" for file in files for hit in MACHINE_PATH.finditer(text_of(root / file))]
    assert not found


def test_no_source_file_is_longer_than_four_hundred_lines(tracked, root):
    lengths = {file: len(text_of(root / file).splitlines()) for file in tracked if file.suffix == ".py"}
    assert not {file: length for file, length in lengths.items() if length > MOST_LINES}


def test_test_files_have_unlike_names(tracked):
    # The folders of tests/ are no packages: two files of one name would be one module to pytest.
    names = [file.name for file in tracked if file.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_torch_is_pinned_in_constraints_and_nowhere_else(tracked, root, pins):
    assert next(iter(pins)) == "torch"
    pinned = [file for file in tracked if re.search(r"^\W*torch==\d", text_of(root / file), re.MULTILINE)]
    assert pinned == [Path("constraints.txt")]


def test_every_pin_is_one_version(pins):
    assert all([spec.operator for spec in pin.specifier] == ["=="] for pin in pins.values())


def test_every_base_and_dev_dependency_is_pinned_within_its_bounds(project, pins):
    for wanted in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]]):
        pin = pins[canonicalize_name(wanted.name)]
        (version,) = (spec.version for spec in pin.specifier)
        assert version in wanted.specifier, f"{wanted} against {pin}"


def test_extra_all_holds_every_extra_of_users(project):
    (everything,) = map(Requirement, project["optional-dependencies"]["all"])
    assert everything.extras == project["optional-dependencies"].keys() - {"all", "dev", "docs"}


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
def test_make_test_runs_every_check(root):
    # A make that runs us hands down its flags; the dry run must be its own.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    plan = subprocess.run(["make", "--dry-run", "test"], cwd=root, env=clean, capture_output=True, text=True, check=True).stdout
    checks = ["ruff format --check", "ruff check", "lint-imports", "basedpyright", "-m pytest"]
    assert [check for check in checks if check in plan] == checks


# What the interpreter pretends before it runs what it is given; the script that asks it is the real one.
PRETENCES = {
    "import sys; sys.version_info = (3, 9, 18)": "Python 3.11 or newer is needed, and '{python}' is 3.9.18",
    "import sys; sys.modules['ensurepip'] = None": "cannot make virtual environments",
}


def asked(root: Path, python: str) -> subprocess.CompletedProcess[str]:
    """The answer of scripts/need_python.sh about an interpreter."""
    return subprocess.run(["sh", str(root / "scripts" / "need_python.sh"), python, "demo"], capture_output=True, text=True)


@pytest.mark.skipif(not shutil.which("sh"), reason="no shell")
class TestNeedPython:
    def test_an_interpreter_that_will_do_is_passed_in_silence(self, root):
        done = asked(root, sys.executable)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_a_missing_one_is_answered_with_the_way_out(self, root):
        done = asked(root, "python-that-is-not")
        assert done.returncode == 1
        assert "no Python under the name 'python-that-is-not'" in done.stderr
        assert "make demo PYTHON=" in done.stderr

    @pytest.mark.parametrize("pretence", PRETENCES)
    def test_an_unfit_one_is_named_and_answered_with_the_way_out(self, root, tmp_path, pretence):
        python = tmp_path / "python"
        python.write_text(f"""#!/bin/sh\nexec '{sys.executable}' -c "{pretence}\n$2"\n""", encoding="utf-8")
        python.chmod(0o755)
        done = asked(root, str(python))
        assert done.returncode == 1
        assert PRETENCES[pretence].format(python=python) in done.stderr
        assert "make demo PYTHON=" in done.stderr
