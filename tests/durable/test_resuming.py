"""Work that goes on after a kill: one writer at a time, nothing taken up that is not this work's, nothing left behind."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from subprocesses import start

from hf_regional.durable import Journal, atomic_file, atomic_folder, require_new, resumable_folder
from hf_regional.errors import CannotWriteError, OutputExistsError

KEY = {"beta": 0.5, "inputs": ["a", "b"]}
# Finishes one of two files and stands still in the middle of the other.
HALF = """
import sys, time
from pathlib import Path
from hf_regional.durable import Journal, resumable_folder

with resumable_folder(Path("out"), {key!r}) as folder:
    (folder / "first.bin").write_bytes(b"first")
    Journal(folder).finish("first.bin", {{"bytes": 5}}, [folder / "first.bin"])
    (folder / "second.bin").write_bytes(b"sec")
    print("in the middle", flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def writing(tmp_path: Path, key: object = KEY) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of its work, killed at the end."""
    with start(HALF.format(key=key), tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n", process.communicate()[1]
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def killed(tmp_path: Path, key: object = KEY) -> None:
    with writing(tmp_path, key):
        pass
    assert [name[:12] for name in names(tmp_path)] == [".out.resume-"]


def test_a_folder_has_its_name_only_when_the_block_has_ended_and_nothing_stays_beside_it(tmp_path):
    with resumable_folder(tmp_path / "deep" / "out", KEY) as folder:
        (folder / "a.txt").write_text("1")
        Journal(folder).finish("a.txt", {})
        assert [name[:12] for name in names(tmp_path / "deep")] == [".out.resume-"]
    assert names(tmp_path / "deep") == ["out"]
    assert names(tmp_path / "deep" / "out") == ["a.txt"]


def test_a_folder_whose_block_fails_is_gone_and_the_error_is_the_blocks_own(tmp_path):
    error = ValueError("wrong")
    with pytest.raises(ValueError, match="wrong") as caught:
        stopped_by(error, tmp_path)
    assert caught.value is error
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM as an exception"])
def test_a_folder_whose_block_is_stopped_is_found_again_as_after_a_kill(tmp_path, error):
    with pytest.raises(type(error)) as caught:
        stopped_by(error, tmp_path)
    assert caught.value is error
    with resumable_folder(tmp_path / "out", KEY) as folder:
        assert Journal(folder).done("a.txt") == {"bytes": 1}
        assert (folder / "a.txt").read_text() == "1"
    assert names(tmp_path) == ["out"]


def stopped_by(error: BaseException, place: Path) -> None:
    with resumable_folder(place / "out", KEY) as folder:
        (folder / "a.txt").write_text("1")
        Journal(folder).finish("a.txt", {"bytes": 1}, [folder / "a.txt"])
        raise error


def test_after_a_kill_the_same_key_finds_what_was_written_and_what_was_finished(tmp_path):
    killed(tmp_path)
    with resumable_folder(tmp_path / "out", dict(reversed(KEY.items()))) as folder:
        journal = Journal(folder)
        assert (journal.done("first.bin"), journal.done("second.bin")) == ({"bytes": 5}, None)
        assert (folder / "first.bin").read_bytes() == b"first"
        (folder / "second.bin").write_bytes(b"second")
    assert names(tmp_path) == ["out"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"first.bin": b"first", "second.bin": b"second"}


def test_after_a_kill_half_files_are_no_part_of_the_result_though_another_machine_began_them(tmp_path):
    killed(tmp_path)
    (home,) = tmp_path.iterdir()
    (home / "work" / "deep").mkdir()
    for half in (".facts.json.partial-7-0123abcd-89abcdef", "deep/.a.b.partial-7-0123abcd-89abcdef"):
        (home / "work" / half).touch()
    (home / "work" / ".gitattributes").touch()
    with resumable_folder(tmp_path / "out", KEY):
        pass
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == [".gitattributes", "deep", "first.bin", "second.bin"]


def test_after_a_kill_another_key_begins_anew_and_clears_up(tmp_path):
    killed(tmp_path)
    with resumable_folder(tmp_path / "out", KEY | {"beta": 0.25}) as folder:
        assert names(folder) == []
        assert Journal(folder).done("first.bin") is None
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == ["out"]


def test_what_was_left_for_another_output_is_not_touched(tmp_path):
    killed(tmp_path)
    with resumable_folder(tmp_path / "out2", KEY | {"beta": 0.25}), resumable_folder(tmp_path / "ou", KEY | {"beta": 0.25}):
        pass
    assert [name[:12] for name in names(tmp_path)] == [".out.resume-", "ou", "out2"]


@pytest.mark.parametrize("key", [KEY, "another"])
def test_while_another_process_writes_it_is_refused_and_the_other_is_not_disturbed(tmp_path, key):
    with writing(tmp_path):
        before = names(tmp_path)
        with (
            pytest.raises(CannotWriteError, match=r"another process is writing .*out just now\. Wait"),
            resumable_folder(tmp_path / "out", key),
        ):
            pytest.fail("the block must not run")
        assert names(tmp_path) == before
    with resumable_folder(tmp_path / "out", KEY) as folder:
        assert Journal(folder).done("first.bin") == {"bytes": 5}


RACE = """
import os, time
from pathlib import Path
from hf_regional.durable import resumable_folder

while not Path("go").exists():
    time.sleep(0.001)
with resumable_folder(Path("place/out"), {key}) as folder:
    with (folder / "pid").open("x") as file:  # a second one in the same folder would fail here
        file.write(str(os.getpid()))
    time.sleep(0.2)
"""


@pytest.mark.parametrize("key", ["1", "os.getpid()"], ids=["of the same work", "of other work"])
def test_of_several_that_begin_at_once_one_wins_and_the_others_are_told(tmp_path, key):
    processes = [start(RACE.format(key=key), tmp_path) for _ in range(5)]
    (tmp_path / "go").touch()
    ends = {process.pid: (process.communicate(timeout=60)[1], process.returncode) for process in processes}
    assert [int((tmp_path / "place" / "out" / "pid").read_text())] == [pid for pid, (_, code) in ends.items() if code == 0]
    told = [message.splitlines()[-1] for message, code in ends.values() if code]
    assert all("CannotWriteError: another process is writing" in line or "OutputExistsError: " in line for line in told), told
    assert names(tmp_path / "place") == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_name_that_is_taken_is_refused_and_what_a_killed_process_left_goes(tmp_path, kind):
    killed(tmp_path)
    final = tmp_path / "out"
    if kind == "folder":
        final.mkdir()
    (final / "mine.txt" if kind == "folder" else final).write_text("mine")
    with pytest.raises(OutputExistsError, match="out exists already"), resumable_folder(final, KEY):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["out"]
    assert (final / "mine.txt" if kind == "folder" else final).read_text() == "mine"


def test_what_a_kill_after_the_last_rename_left_goes_with_the_next_call(tmp_path):
    killed(tmp_path)
    (home,) = tmp_path.iterdir()
    require_new(tmp_path / "out")
    assert names(tmp_path) == [home.name]  # there is work in it
    (home / "work").rename(tmp_path / "out")
    with pytest.raises(OutputExistsError, match="out exists already"):
        require_new(tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["first.bin", "second.bin"]


def test_an_empty_folder_under_the_name_does_not_cost_the_work(tmp_path):
    killed(tmp_path)
    (tmp_path / "out").mkdir()
    with resumable_folder(tmp_path / "out", KEY) as folder:
        assert Journal(folder).done("first.bin") == {"bytes": 5}
    assert names(tmp_path) == ["out"]


def test_a_name_is_new_where_there_is_no_folder_for_it_yet(tmp_path):
    require_new(tmp_path / "deep" / "out")
    assert names(tmp_path) == []


@pytest.mark.parametrize("folder_of", [atomic_folder, lambda final: resumable_folder(final, KEY)], ids=["atomic", "resumable"])
def test_a_name_that_is_taken_while_the_block_runs_stays_the_others(tmp_path, folder_of):
    final = tmp_path / "out"

    def work() -> None:
        with folder_of(final) as folder:
            (folder / "ours.txt").touch()
            final.mkdir()
            (final / "theirs.txt").touch()

    with pytest.raises(OutputExistsError, match="was made by something else meanwhile"):
        work()
    assert names(tmp_path) == ["out"]
    assert names(final) == ["theirs.txt"]


@pytest.mark.parametrize("folder_of", [atomic_folder, lambda final: resumable_folder(final, KEY)], ids=["atomic", "resumable"])
@pytest.mark.parametrize("gone", ["the parent", "the hidden folder", "the hidden folder, made anew by another thread"])
def test_a_folder_that_is_taken_away_meanwhile_is_a_clear_error(tmp_path, folder_of, gone):
    final = tmp_path / "parent" / "out"

    def work() -> None:
        with folder_of(final) as folder:
            (folder / "a.txt").touch()
            shutil.rmtree(final.parent if gone == "the parent" else folder)
            if "anew" in gone:
                (folder / "deep").mkdir(parents=True)

    with pytest.raises(CannotWriteError, match=r"cannot write .*out: .* vanished while it was written to"):
        work()
    assert names(tmp_path) == ([] if gone == "the parent" else ["parent"])
    assert "anew" not in gone or names(final.parent) == []


@pytest.mark.parametrize("folder_of", [atomic_folder, lambda final: resumable_folder(final, KEY)], ids=["atomic", "resumable"])
def test_a_full_disk_inside_names_what_the_user_asked_for_and_not_the_hidden_folder(tmp_path, folder_of):
    def work() -> None:
        with folder_of(tmp_path / "out") as folder, atomic_file(folder / "facts.json"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CannotWriteError, match=rf"cannot write {tmp_path / 'out'}: No space left on device\. Nothing was left"):
        work()
    assert names(tmp_path) == []


@pytest.mark.parametrize("folder_of", [atomic_folder, lambda final: resumable_folder(final, KEY)], ids=["atomic", "resumable"])
@pytest.mark.parametrize("there", ["an empty folder", "nothing yet"])
def test_a_name_that_is_a_link_is_followed(tmp_path, folder_of, there):
    if there == "an empty folder":
        (tmp_path / "big").mkdir()
    (tmp_path / "out").symlink_to("big")
    with folder_of(tmp_path / "out") as folder:
        (folder / "a.txt").touch()
    assert names(tmp_path) == ["big", "out"]
    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path / "big") == ["a.txt"]


def test_a_journal_without_its_folder_is_not_believed(tmp_path):
    killed(tmp_path)
    (home,) = tmp_path.iterdir()
    (home / "work").rename(tmp_path / "out")  # and killed before the rest was removed
    shutil.rmtree(tmp_path / "out")
    with resumable_folder(tmp_path / "out", KEY) as folder:
        assert names(folder) == []
        assert Journal(folder).done("first.bin") is None
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_nothing_can_be_locked_the_folder_is_fresh_and_nothing_is_left(tmp_path, code, monkeypatch):
    def no_locks(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", no_locks)  # this machine has no such file system
    with resumable_folder(tmp_path / "out", KEY) as first, resumable_folder(tmp_path / "other", KEY) as second:
        assert first != second
        (first / "a.txt").touch()
        Journal(first).finish("a.txt", {})
    assert names(tmp_path) == ["other", "out"]
    assert names(tmp_path / "out") == ["a.txt"]


def test_a_kill_by_the_time_limit_of_a_cluster_is_a_kill_like_any(tmp_path):
    with writing(tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == -signal.SIGTERM
    with resumable_folder(tmp_path / "out", KEY) as folder:
        assert Journal(folder).done("first.bin") == {"bytes": 5}


class TestJournal:
    def test_what_is_finished_is_known_to_the_next_and_the_last_record_counts(self, tmp_path):
        folder = tmp_path / "work"
        folder.mkdir()
        journal = Journal(folder)
        journal.finish("ä\n.bin", {"bytes": 1})
        journal.finish("b", {"bytes": 2})
        journal.finish("b", {"bytes": 3})
        assert {name: Journal(folder).done(name) for name in ("ä\n.bin", "b", "c")} == {
            "ä\n.bin": {"bytes": 1},
            "b": {"bytes": 3},
            "c": None,
        }
        assert names(folder) == []

    def test_a_line_cut_short_anywhere_counts_as_not_written_and_the_next_one_is_whole(self, tmp_path):
        Journal(tmp_path / "work").finish("a", {"bytes": 1})
        (file,) = tmp_path.iterdir()
        first = file.read_bytes()
        Journal(tmp_path / "work").finish("b", {"bytes": 22})
        whole = file.read_bytes()
        for length in range(len(first), len(whole)):
            file.write_bytes(whole[:length])
            is_there = length >= len(whole) - 1  # all but its line feed
            journal = Journal(tmp_path / "work")
            assert journal.done("b") == ({"bytes": 22} if is_there else None)
            journal.finish("c", {"bytes": 3})
            again = Journal(tmp_path / "work")
            assert (again.done("a"), again.done("c")) == ({"bytes": 1}, {"bytes": 3})

    @pytest.mark.parametrize("rubbish", [b"\x00" * 40, b"\xff\xfe\n", b'["a"]\n', b'{"name": 3, "record": {}}\n', b'{"name": "b"}\n'])
    def test_rubbish_counts_as_nothing(self, tmp_path, rubbish):
        Journal(tmp_path / "work").finish("a", {})
        (file,) = tmp_path.iterdir()
        file.write_bytes(file.read_bytes() + rubbish)
        journal = Journal(tmp_path / "work")
        assert (journal.done("a"), journal.done("b")) == ({}, None)

    def test_several_threads_may_finish_at_once(self, tmp_path):
        journal = Journal(tmp_path / "work")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda place: journal.finish(f"{place}", {"place": place}), range(200)))
        again = Journal(tmp_path / "work")
        assert [again.done(f"{place}") for place in range(200)] == [{"place": place} for place in range(200)]
