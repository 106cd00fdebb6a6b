"""Weights that are no file, shrink while they are read, or have a header of 100 megabytes: refused, not waited for, not paid for."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from hostile_answers import ENVIRONMENT, ONE, refused, within, write
from hostile_headers import entry, file_of

from hf_regional.errors import DamagedFileError, MissingFileError
from hf_regional.merging.header import read_shard
from hf_regional.merging.sources import Files


def test_a_missing_file_is_missing(tmp_path):
    refused(tmp_path / "a.safetensors", "is not there", MissingFileError)
    refused(tmp_path / "a" / "a.safetensors", "is not there", MissingFileError)
    refused(tmp_path / ("a" * 300), "is not there", MissingFileError)
    (tmp_path / "dangling").symlink_to("nowhere")
    refused(tmp_path / "dangling", "is not there", MissingFileError)
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop", "is not there", MissingFileError)
    with pytest.raises(MissingFileError, match=r"a\\x00b' is no name"):
        read_shard(tmp_path / "a\0b")


def test_a_folder_a_pipe_a_socket_and_a_device_are_named_and_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "is a folder, not a file")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "is a pipe, not a file")
    (tmp_path / "link").symlink_to("pipe")
    refused(tmp_path / "link", "is a pipe, not a file")
    monkeypatch.chdir(tmp_path)  # the name of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        refused(tmp_path / "socket", "is a socket, not a file")
    refused(Path("/dev/zero"), "is a device, not a file")
    refused(Path("/dev/null"), "is a device, not a file")


def test_a_link_to_a_file_is_a_file(tmp_path):
    (tmp_path / "link").symlink_to(write(tmp_path, {"w": ONE}))
    assert read_shard(tmp_path / "link").tensors.keys() == {"w"}


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    file = write(tmp_path, {"w": ONE})
    file.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):  # of pytest, which lets nobody else in
        folder.chmod(0o755)
    # Root may read anything, so it becomes nobody first.
    code = f"""
import os
from pathlib import Path
from hf_regional.merging.header import read_shard
if os.geteuid() == 0: os.setuid(65534)
read_shard(Path({str(file)!r}))
"""
    assert f"DamagedFileError: {file} cannot be read: Permission denied." in error_of(code)


def test_a_sparse_file_of_8_tebibytes_is_a_file(tmp_path):
    file = write(tmp_path, {"w": {"dtype": "F32", "shape": [2**41], "data_offsets": [0, 2**43]}}, b"")
    start = file.stat().st_size
    try:
        os.truncate(file, start + 2**43)
    except OSError:
        pytest.skip("this file system takes no sparse file of that size")
    with within(20):
        assert read_shard(file).tensors["w"].start == start
    os.truncate(file, start + 2**43 - 1)
    refused(file, "announces")


def test_a_file_that_is_cut_after_its_header_was_read_is_refused_when_it_is_read(tmp_path):
    file = write(tmp_path, {"w": ONE})
    stored = read_shard(file).tensors["w"]
    with Files() as files:
        files.add(file)
        os.truncate(file, stored.start + 3)
        with pytest.raises(DamagedFileError, match=r"hostile\.safetensors ended while it was read"):
            files.read(file, stored.start, memoryview(bytearray(stored.size)))


def test_a_file_that_is_cut_while_its_header_is_read_is_refused_or_read(tmp_path):
    file = write(tmp_path, {"w" * 200_000: ONE})
    whole, ended = file.read_bytes(), threading.Event()

    def shrink_and_grow() -> None:
        with file.open("r+b", buffering=0) as stream:
            while not ended.is_set():
                stream.truncate(100_000)
                stream.seek(0)
                stream.write(whole)

    thread = threading.Thread(target=shrink_and_grow)
    thread.start()
    ends = Counter[str]()
    try:
        for _ in range(400):
            try:
                ends[str(len(read_shard(file).tensors))] += 1
            except DamagedFileError:
                ends["refused"] += 1
    finally:
        ended.set()
        thread.join()
    assert ends.keys() <= {"1", "refused"}
    assert ends["refused"]


LARGEST = 10**8
EXPENSIVE = {
    "lists": lambda: b'{"a": [' + b"[]," * (LARGEST // 3 - 10) + b"[]]}",
    "names": lambda: b"{" + b",".join(b'"%d":0' % place for place in range(1_990_000)) + b"}",
    "entries": lambda: b"{" + b",".join(b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % place for place in range(280_000)) + b"}",
    "sides": lambda: b'{"a":{"dtype":"U8","data_offsets":[0,0],"shape":[' + b"18446744073709551615," * 1_900_000 + b"0]}}",
    "digits": lambda: b'{"a":' + b"1" * (LARGEST - 10) + b"}",
    "spaces": lambda: b"{" + b" " * (LARGEST - 2) + b"}",
    "brackets": lambda: b'{"a":' + b"[" * (LARGEST - 10),
    "wide letters": lambda: b'{"__metadata__":{"a":"' + b"x" * (LARGEST - 100) + "😀".encode() + b'"}}',
}
MEASURED = """
import resource, sys
from pathlib import Path
from hf_regional.errors import DamagedFileError
from hf_regional.merging.header import read_shard
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
try:
    read_shard(Path({file!r}))
except DamagedFileError as error:
    print(error, file=sys.stderr)
used = resource.getrusage(resource.RUSAGE_SELF)
print(peak() - before, used.ru_utime + used.ru_stime)
"""


@pytest.mark.parametrize(
    "kind", [kind if kind in {"lists", "brackets"} else pytest.param(kind, marks=pytest.mark.slow) for kind in EXPENSIVE]
)
def test_a_header_of_100_megabytes_costs_seconds_and_less_than_a_gigabyte(kind, tmp_path):
    text = EXPENSIVE[kind]()
    file = tmp_path / "a.safetensors"
    file.write_bytes(file_of(text))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(file=str(file))], env=ENVIRONMENT, text=True, capture_output=True, timeout=120
    )
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes < 1000, done.stderr
    assert seconds < 20, done.stderr
    file.unlink()


def test_ten_thousand_tensors_are_read_in_a_moment(tmp_path):
    header = {f"model.layers.{place}.self_attn.q_proj.weight": entry("BF16", [64, 64], 8192 * place) for place in range(10_000)}
    file = write(tmp_path, header, b"")
    assert len(json.dumps(header)) > 1_200_000
    os.truncate(file, file.stat().st_size + 8192 * 10_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(file=str(file))], env=ENVIRONMENT, text=True, capture_output=True, timeout=60
    )
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes < 50
    assert seconds < 1, "importing numpy and the room included"


def error_of(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, text=True, capture_output=True, timeout=60).stderr
