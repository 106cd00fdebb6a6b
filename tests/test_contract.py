"""The public calls are those that were agreed, in order, kind and default."""

import subprocess
import sys

import pytest


def test_public_calls_hold_against_the_agreed_ones(shared, tmp_path):
    contract = shared / "checks" / "contract.py"
    if not contract.is_file():
        pytest.skip(f"no {contract}")
    # From an empty folder, so that the installed package answers and not files that happen to lie beside.
    done = subprocess.run([sys.executable, str(contract)], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
