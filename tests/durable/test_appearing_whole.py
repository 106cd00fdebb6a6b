"""Folders and files that appear whole or not at all."""

import errno
import hashlib
import os
import platform
from pathlib import Path

import pytest

from hf_regional.durable import atomic_file, atomic_folder, require_writable
from hf_regional.errors import CannotWriteError, NonFiniteError, OutputExistsError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_has_its_name_only_when_the_block_has_ended(tmp_path):
    with atomic_folder(tmp_path / "deep" / "out") as folder:
        (folder / "a.txt").write_text("1")
        assert not (tmp_path / "deep" / "out").exists()
        assert folder.parent == tmp_path / "deep"
    assert names(tmp_path / "deep") == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "1"


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt(), NonFiniteError("NaN")])
def test_a_folder_whose_block_fails_is_gone_and_the_error_is_the_blocks_own(tmp_path, error):
    def work() -> None:
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "a.txt").write_text("1")
            raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    assert names(tmp_path) == []


def test_a_folder_that_holds_something_is_refused_and_left_as_it_was(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="out exists already"), atomic_folder(tmp_path / "out"):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_file_under_the_name_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputExistsError), atomic_folder(tmp_path / "out"):
        pytest.fail("the block must not run")


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "a.txt").touch()
    assert names(tmp_path / "out") == ["a.txt"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("old", ["folder", "file"])
def test_overwriting_replaces_the_old_one_whole(tmp_path, old):
    final = tmp_path / "out"
    if old == "folder":
        final.mkdir()
        (final / "old.txt").touch()
    else:
        final.touch()
    with atomic_folder(final, overwrite=True) as folder:
        (folder / "new.txt").touch()
    assert names(tmp_path) == ["out"]
    assert names(final) == ["new.txt"]


def test_overwriting_that_fails_keeps_the_old_one(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").touch()
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "out", overwrite=True):
        _ = 1 / 0
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["old.txt"]


def test_the_block_may_change_the_working_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.chdir(tmp_path)
    with atomic_folder(Path("out")), atomic_file(Path("note.txt")) as note:
        os.chdir("elsewhere")
        note.touch()
    assert names(tmp_path) == ["elsewhere", "note.txt", "out"]


def test_a_file_replaces_the_old_one_when_the_block_has_ended(tmp_path):
    final = tmp_path / "deep" / "a.txt"
    for content in ("first", "second"):
        with atomic_file(final) as path:
            path.write_text(content)
            assert final.exists() == (content == "second")
        assert final.read_text() == content
    assert names(final.parent) == ["a.txt"]


def test_a_file_whose_block_fails_keeps_the_old_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "a.txt") as path:
        _ = path.write_text("new") / 0
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_what_a_full_or_read_only_disk_answers_is_an_error_of_ours(tmp_path, code):
    with pytest.raises(CannotWriteError, match=rf"cannot write .*out: {os.strerror(code)}\. Nothing was left") as caught:  # noqa: SIM117
        with atomic_folder(tmp_path / "out"):
            raise OSError(code, os.strerror(code))
    assert isinstance(caught.value.__cause__, OSError)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Error while serializing: I/O error: No space left on device (os error 28)", "No space left on device"),  # safetensors
        ("File too large (os error 27)", "File too large"),  # tokenizers
        ("write(): fd 3 failed with No space left on device", "No space left on device"),  # torch.save, old format
        ("[enforce fail at inline_container.cc:747] . open file failed with strerror: Read-only file system", "Read-only file system"),
        ("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534", "the disk took only a part"),  # torch.save
        ("1000000 requested and 24968 written", "the disk took only a part"),  # numpy.ndarray.tofile
    ],
)
def test_a_full_disk_told_in_words_only_is_the_same_error(tmp_path, text, reason):
    with pytest.raises(CannotWriteError, match=f"out: {reason}"), atomic_folder(tmp_path / "out"):
        raise RuntimeError(text)


def test_a_full_disk_as_the_cause_of_another_error_is_the_same_error(tmp_path):
    with pytest.raises(CannotWriteError, match="out: No space left"), atomic_folder(tmp_path / "out"):
        raise RuntimeError("the data set could not be generated") from OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)"),
        RuntimeError("No such file or directory (os error 2)"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "input.csv"),
        PermissionError(errno.EACCES, "Permission denied", "/somewhere/input.csv"),
    ],
)
def test_other_errors_come_out_as_they_are(tmp_path, error):
    with pytest.raises(type(error)) as caught, atomic_folder(tmp_path / "out"):
        raise error
    assert caught.value is error
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["file/out", "file/deep/out"])
@pytest.mark.parametrize(
    "call", [require_writable, lambda final: atomic_folder(final).__enter__(), lambda final: atomic_file(final).__enter__()]
)
def test_a_file_in_the_way_of_the_folder_is_named(tmp_path, call, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CannotWriteError, match=r"cannot write .*/out: .*/file(/deep)?\)\. Choose another output"):
        call(tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_that_can_be_written_is_left_empty(tmp_path):
    require_writable(tmp_path / "new" / "out")
    assert names(tmp_path / "new") == []


HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
NOBODY = 2**22 + 1  # one above the greatest process number that Linux gives


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_makes_is_not(tmp_path):
    dead = tmp_path / f".out.partial-{NOBODY}-{HOST}-01234567"
    kept = [
        tmp_path / f".out.partial-{os.getppid()}-{HOST}-01234567",  # it lives
        tmp_path / f".out.partial-{NOBODY}-00000000-01234567",  # of another machine
        tmp_path / f".out2.partial-{NOBODY}-{HOST}-01234567",  # of another output
        tmp_path / ".out.partial-notes",
    ]
    for folder in (dead, *kept):
        folder.mkdir()
        (folder / "a.txt").touch()
    with atomic_folder(tmp_path / "out"):
        pass
    assert names(tmp_path) == sorted(["out", *(folder.name for folder in kept)])


def test_a_folder_that_a_killed_process_had_set_aside_gets_its_name_back(tmp_path):
    aside = tmp_path / f".out.old-{NOBODY}-{HOST}-01234567"
    aside.mkdir()
    (aside / "a.txt").touch()
    with pytest.raises(OutputExistsError), atomic_folder(tmp_path / "out"):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a.txt"]
