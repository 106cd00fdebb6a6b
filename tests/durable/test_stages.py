"""Stages are made once, and digests tell when they must be made anew."""

import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subprocesses import start

from hf_regional.durable import Stages, digest_of, file_sha256, folder_digest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Counted:
    """Work that writes how often it was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / "times.txt").write_text(str(self.times))


def test_a_stage_with_the_same_key_is_made_once_and_with_another_anew(tmp_path):
    stages, work = Stages(tmp_path), Counted()
    for key, times in [({"rows": 3, "seed": 0}, 1), ({"seed": 0, "rows": 3}, 1), ({"rows": 4, "seed": 0}, 2), ({"rows": 3, "seed": 0}, 3)]:
        folder = stages.run("filter", key, work)
        assert (work.times, (folder / "times.txt").read_text()) == (times, str(times))
    assert [path.name for path in tmp_path.iterdir()] == ["filter"]


def test_a_stage_whose_work_fails_is_unfinished_and_the_old_one_stays(tmp_path):
    stages = Stages(tmp_path)
    stages.run("merge", 1, Counted())

    def fail(folder: Path) -> None:
        (folder / "half.bin").touch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        stages.run("merge", 2, fail)
    assert not stages.is_done("merge", digest_of(2))
    assert stages.is_done("merge", digest_of(1))
    assert sorted(path.name for path in (tmp_path / "merge").iterdir()) == ["stage.json", "times.txt"]


def test_forgetting_removes_all_stages(tmp_path):
    stages = Stages(tmp_path / "stages")
    stages.run("a", 1, Counted())
    stages.forget()
    stages.forget()
    assert not (tmp_path / "stages").exists()


DAMAGES = {
    "its manifest is cut short": lambda folder: (folder / "stage.json").write_text('{"key": "'),
    "its manifest is gone": lambda folder: (folder / "stage.json").unlink(),
    "a file is cut short": lambda folder: (folder / "times.txt").write_text(""),
    "a file is gone": lambda folder: (folder / "times.txt").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_finished_stage_is_made_again_where(damage, tmp_path):
    stages, work = Stages(tmp_path), Counted()
    DAMAGES[damage](stages.run("a", 1, work))
    assert (stages.run("a", 1, work) / "times.txt").read_text() == "2"


KILLED = """
import sys, time
from pathlib import Path
from hf_regional.durable import Stages

def work(folder):
    (folder / "half.txt").write_text("half")
    print("in the middle", flush=True)
    time.sleep(60)

stages = Stages(Path("stages"))
stages.run("first", 1, lambda folder: (folder / "whole.txt").touch())
stages.run("second", 2, work)
"""


def test_a_killed_stage_is_unfinished_and_the_next_run_makes_it_and_clears_up(tmp_path):
    with start(KILLED, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = sorted(path.name for path in (tmp_path / "stages").iterdir())
    assert left[1:] == ["first"]
    assert left[0].startswith(".second.partial-")

    stages, first, second = Stages(tmp_path / "stages"), Counted(), Counted()
    stages.run("first", 1, first)
    stages.run("second", 2, second)
    assert (first.times, second.times) == (0, 1)
    assert sorted(path.name for path in (tmp_path / "stages").iterdir()) == ["first", "second"]
    assert sorted(path.name for path in (tmp_path / "stages" / "second").iterdir()) == ["stage.json", "times.txt"]


def test_a_digest_is_the_sha256_of_the_canonical_json():
    # printf '{"a":1,"b":["é",null]}' | sha256sum
    assert digest_of({"b": ["é", None], "a": 1}) == "13d9a822ad32e5e212330efcac0a1d999dfc0508cee708a8a0cdbe2802a26cf1"


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_the_order_of_keys_does_not_matter(value):
    assert digest_of(dict(reversed(value.items()))) == digest_of(value)


def test_nan_has_no_digest():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_of({"beta": float("nan")})


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a.txt") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


def test_the_digest_of_a_folder_sees_contents_names_and_places(tmp_path):
    def digest(files: dict[str, bytes], name: str) -> str:
        for place, content in files.items():
            (tmp_path / name / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / place).write_bytes(content)
        return folder_digest(tmp_path / name)

    same = [digest({"a": b"1", "b/c": b"2"}, "one"), digest({"b/c": b"2", "a": b"1"}, "two")]
    others = [digest({"a": b"1", "b/c": b"3"}, "three"), digest({"a": b"1", "b/d": b"2"}, "four"), digest({"a": b"1", "c": b"2"}, "five")]
    assert same[0] == same[1]
    assert len({*same, *others}) == 4
