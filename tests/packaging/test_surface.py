"""The public surface is one table, told three times in src/hf_regional/__init__.py; the three must agree, and each name must resolve."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import hf_regional

SOURCE = Path(hf_regional.__file__)
TREE = ast.parse(SOURCE.read_text(encoding="utf-8"))
HOMES = hf_regional._HOMES
# Cheap rooms: what a user imports to plan, describe or score must not cost the second and a half that torch does.
CHEAP = ["hf_regional", *(f"hf_regional.{room}" for room in ("metrics", "regions", "cards", "licences", "planning", "cli"))]


def type_checking_block() -> dict[str, str]:
    """Names to modules as the `if TYPE_CHECKING:` block imports them, each as `from home import name as name`."""
    block = next(n for n in TREE.body if isinstance(n, ast.If) and isinstance(n.test, ast.Name) and n.test.id == "TYPE_CHECKING")
    told = {}
    for line in block.body:
        assert isinstance(line, ast.ImportFrom), ast.unparse(line)
        for name in line.names:
            assert name.asname == name.name, f"write `{name.name} as {name.name}`: checkers take it as exported only then"
            told[name.name] = line.module
    return told


def imported_from_root(tree: ast.AST) -> set[str]:
    """Names that a module takes from the package root; importing a submodule by its full name is not meant."""
    lines = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "hf_regional"]
    return {name.name for line in lines for name in line.names}


def test_type_checkers_see_the_names_that_the_lookup_serves():
    assert type_checking_block() == HOMES


def test_all_and_dir_list_the_names_that_the_lookup_serves():
    assert set(hf_regional.__all__) == {"__version__", *HOMES}
    assert set(HOMES) <= set(dir(hf_regional))


def test_table_is_sorted():
    assert list(HOMES) == sorted(HOMES)


@pytest.mark.parametrize("name", HOMES)
def test_every_public_name_resolves_and_is_documented(name):
    assert getattr(hf_regional, name).__doc__


@pytest.mark.parametrize("name", HOMES)
def test_no_module_bears_the_name_of_a_public_name(name):
    # metrics.grp would be the function at first and the module after somebody imported it.
    assert find_spec(f"{HOMES[name]}.{name}") is None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'regoin'"):
        hf_regional.regoin  # noqa: B018 - the access is the test


@pytest.mark.parametrize("file", sorted(SOURCE.parent.rglob("*.py")), ids=lambda f: f.relative_to(SOURCE.parent).as_posix())
def test_no_room_takes_a_public_name_from_the_root(file):
    # The TYPE_CHECKING block imports the rooms: a room that imports the root closes a circle.
    assert not imported_from_root(ast.parse(file.read_text(encoding="utf-8"))) & HOMES.keys()


@pytest.mark.parametrize("module", [m for m in CHEAP if find_spec(m)])
def test_cheap_imports_leave_torch_out(module):
    probe = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr or f"import {module} imports torch"
