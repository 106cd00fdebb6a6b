"""Pictures from servers of all tempers: what comes is kept by its content, what does not is counted by its reason."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from hf_regional.errors import CannotWriteError, ConfigError, OutOfRangeError
from hf_regional.network import Downloader, Manners, Retry, download_pictures
from local_server import Told, serving
from miniatures.pictures import jpeg

QUICK = Retry(attempts=3, first_wait_s=0.01, longest_wait_s=1)


def manners(*servers, **how):
    allowed = frozenset(server.url.partition("//")[2] for server in servers)
    return Manners(**{"operator": "Test, test@example.org", "allowed": allowed, "interval_s": 0.0, "retry": QUICK, **how})


def picture(number=1, **how):
    return Told(body=jpeg(number), headers={"Content-Type": "image/jpeg", **how.pop("headers", {})}, **how)


def fetch_one(answer, folder, path="/a.jpg", **how):
    with serving(answer) as server:
        (only,) = Downloader(folder, manners(server, **how)).fetch([server.url + path])
    return only, server.asked


@contextmanager
def talking(script):
    """A server that says what `script(connection)` says, byte by byte."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    script(connection)
                except OSError:  # the other side has gone
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_picture_is_kept_byte_for_byte_under_the_digest_of_its_content(tmp_path):
    only, asked = fetch_one(lambda _: picture(7), tmp_path / "pictures", path="/Nasi uduk é.jpg?20081205")
    digest = hashlib.sha256(jpeg(7)).hexdigest()
    assert only.path == tmp_path / "pictures" / digest[:2] / f"{digest}.jpg"
    assert only.path.read_bytes() == jpeg(7)
    assert (only.sha256, only.size) == (digest, len(jpeg(7)))
    assert asked[0].target == "/Nasi%20uduk%20%C3%A9.jpg?20081205"
    assert "(Test, test@example.org)" in asked[0].headers["User-Agent"]


def test_exif_is_left_as_it_is(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "Pasar terapung"
    Image.new("RGB", (8, 8)).save(tmp_path / "with.jpg", exif=exif)
    only, _ = fetch_one(lambda _: Told(body=(tmp_path / "with.jpg").read_bytes()), tmp_path / "pictures")
    with Image.open(only.path) as kept:
        assert kept.getexif()[0x010E] == "Pasar terapung"


def test_equal_addresses_are_asked_once_and_equal_contents_are_one_file(tmp_path):
    with serving(lambda _: picture(3)) as server:
        urls = [f"{server.url}/a", f"{server.url}/b", f"{server.url}/a"]
        found = download_pictures(urls, tmp_path / "pictures", manners(server))
    assert [asked.target for asked in sorted(server.asked, key=lambda asked: asked.target)] == ["/a", "/b"]
    assert len(set(found.paths.values())) == 1
    assert found.dead == Counter()


@pytest.mark.parametrize(
    ("answer", "reason", "times"),
    [
        (Told(404), "HTTP 404", 1),
        (Told(410), "HTTP 410", 1),
        (Told(403), "HTTP 403", 1),
        (Told(500), "HTTP 500", 3),
        (Told(429), "HTTP 429", 3),
        (Told(204, b""), "HTTP 204", 1),
        (Told(body=b"<!doctype html><p>Sign in", headers={"Content-Type": "image/jpeg"}), "not a picture", 1),
        (Told(body=b""), "not a picture", 1),
        (picture(headers={"Content-Length": "10000000000"}), "too large", 1),
        (picture(breaks_off=True), "the connection broke off", 3),
        (picture(byte_s=0.02), "timed out", 3),
        (picture(before_s=1.0), "timed out", 3),
        (picture(headers={"X-Robots-Tag": "noai, noimageai"}), "opted out by X-Robots-Tag", 1),
        (Told(302, headers={"Location": "/again"}), "too many redirects", 6),
        (Told(302, headers={"Location": "file:///etc/passwd"}), "not an address on the web", 1),
    ],
)
def test_what_does_not_come_is_named_and_asked_for_again_only_where_that_may_help(answer, reason, times, tmp_path):
    only, asked = fetch_one(lambda _: answer, tmp_path / "pictures", timeout_s=0.3)
    assert (only.path, only.reason, len(asked)) == (None, reason, times)


def test_the_content_decides_what_a_picture_is_whatever_the_server_calls_it(tmp_path):
    only, _ = fetch_one(lambda _: Told(body=jpeg(2), headers={"Content-Type": "text/html"}), tmp_path / "pictures", path="/a.php?id=1")
    assert only.path.suffix == ".jpg"


def test_a_body_without_end_is_left_at_the_limit(tmp_path):
    def script(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + jpeg(1))
        while True:
            connection.sendall(bytes(1 << 16))

    with talking(script) as server:
        how = Manners("Test, test@example.org", allowed=frozenset({server}), most_bytes=1 << 20)
        (only,) = Downloader(tmp_path / "pictures", how).fetch([f"http://{server}/"])
    assert only.reason == "too large"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"), id="no HTTP"),
        pytest.param(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n\xff\xd8\xff"), id="cut"),
        pytest.param(
            lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\xff\xd8\xff\xe0"),
            id="cut chunk",
        ),
        pytest.param(lambda connection: None, id="nothing"),
    ],
)
def test_an_answer_that_breaks_off_is_tried_again(script, tmp_path):
    times = []
    with talking(lambda connection: (times.append(1), script(connection))) as server:
        how = Manners("Test, test@example.org", allowed=frozenset({server}), retry=QUICK)
        (only,) = Downloader(tmp_path / "pictures", how).fetch([f"http://{server}/"])
    assert (only.reason, len(times)) == ("the connection broke off", 3)


def test_headers_that_trickle_are_cut_at_the_deadline(tmp_path):
    def script(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Slow: 1\r\n")
            time.sleep(0.05)

    with talking(script) as server:
        how = Manners("Test, test@example.org", allowed=frozenset({server}), timeout_s=0.4, retry=Retry(attempts=1))
        (only,) = Downloader(tmp_path / "pictures", how).fetch([f"http://{server}/"])
    assert only.reason == "timed out"


@pytest.mark.parametrize("written", ["Süd 1.jpg", "Süd 1.jpg".encode().decode("latin-1"), "S%C3%BCd%201.jpg"])
def test_a_redirect_is_followed_across_hosts_however_it_is_written_and_remembered(written, tmp_path):
    with serving(lambda _: picture(4)) as there, serving(lambda _: Told(301, headers={"Location": f"{there.url}/{written}"})) as here:
        (only,) = Downloader(tmp_path / "pictures", manners(here, there)).fetch([f"{here.url}/old"])
    assert only.url == f"{here.url}/old"
    assert only.found_at == f"{there.url}/S%C3%BCd%201.jpg"
    assert only.path.read_bytes() == jpeg(4)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_redirect_into_this_machine_is_refused_before_anything_is_asked(name, tmp_path):
    with serving(lambda _: picture()) as secret:
        port = secret.url.rpartition(":")[2]
        location = f"http://{name}:{port}/latest/meta-data"
        only, _ = fetch_one(lambda _: Told(302, headers={"Location": location}), tmp_path / "pictures")
    assert only.reason == "the address is not public"
    assert secret.asked == []


def test_a_redirect_into_a_private_network_is_refused(tmp_path):
    only, _ = fetch_one(lambda _: Told(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}), tmp_path / "pictures")
    assert only.reason == "the address is not public"


def test_a_name_that_changes_its_address_is_looked_up_once_a_connection_and_checked_each_time(tmp_path):
    looked_up = []

    def resolve(host, port):
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]

    with serving(lambda _: picture(5)) as server:
        port = server.url.rpartition(":")[2]
        downloader = Downloader(tmp_path / "pictures", manners(server, per_host=1), resolve=resolve)
        found = list(downloader.fetch(f"http://pictures.example:{port}/{name}" for name in "ab"))
    assert [each.reason for each in found] == ["", "the address is not public"]
    assert looked_up == ["pictures.example"] * 2
    assert [asked.headers["Host"] for asked in server.asked] == [f"pictures.example:{port}"]


def test_no_proxy_of_the_environment_is_used(tmp_path, monkeypatch):
    with serving(lambda _: picture()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        only, _ = fetch_one(lambda _: picture(6), tmp_path / "pictures")
        assert only.path.read_bytes() == jpeg(6)
    assert proxy.asked == []


def test_a_server_that_is_busy_is_left_alone_as_long_as_it_asks(tmp_path):
    times = []

    def answer(_):
        times.append(time.monotonic())
        return picture() if len(times) > 1 else Told(429, headers={"Retry-After": "1"})

    only, _ = fetch_one(answer, tmp_path / "pictures")
    assert only.path
    assert times[1] - times[0] >= 1  # the server's clock and ours are one


def test_who_asks_for_a_longer_wait_is_left_for_another_run_with_all_that_waits_there(tmp_path):
    with serving(lambda asked: Told(503, headers={"Retry-After": "3600"})) as busy, serving(lambda _: picture()) as other:
        urls = [f"{busy.url.replace('127.0.0.1', 'localhost')}/{number}" for number in range(20)] + [f"{other.url}/a"]
        how = manners(busy, other, per_host=1)
        found = download_pictures(urls, tmp_path / "pictures", how)
    assert len(busy.asked) == 1
    assert found.dead == {"left for another time: the host is busy or does not answer": 20}
    assert list(found.paths) == [f"{other.url}/a"]


def test_a_host_that_never_answers_is_given_up_after_some_pictures(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
    how = Manners("Test, test@example.org", allowed=frozenset({closed}), retry=QUICK, per_host=1, interval_s=0, patience=2)
    found = download_pictures((f"http://{closed}/{number}" for number in range(10)), tmp_path / "pictures", how)
    assert found.dead == {"no connection": 2, "left for another time: the host is busy or does not answer": 8}


def test_a_host_gets_no_more_requests_at_a_time_than_agreed(tmp_path):
    under_way, most, lock = 0, 0, threading.Lock()

    def answer(_):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        with lock:
            under_way -= 1
        return picture()

    with serving(answer) as server:
        download_pictures((f"{server.url}/{number}" for number in range(12)), tmp_path / "pictures", manners(server, per_host=3))
    assert (most, len(server.asked)) == (3, 12)


def test_what_is_lasting_is_not_asked_for_again_and_what_may_pass_is(tmp_path):
    answers = {"/there": picture(), "/gone": Told(404), "/text": Told(body=b"no picture at all"), "/ill": Told(500)}
    with serving(lambda asked: answers[asked.target]) as server:
        urls, how = [server.url + path for path in answers], manners(server, retry=Retry(attempts=1))
        first = download_pictures(urls, tmp_path / "pictures", how)
        server.asked.clear()
        again = download_pictures(urls, tmp_path / "pictures", how)
    assert [asked.target for asked in server.asked] == ["/ill"]
    assert first.dead == again.dead == {"HTTP 404": 1, "not a picture": 1, "HTTP 500": 1}
    assert first.paths == again.paths


def test_a_file_that_somebody_deleted_or_cut_is_fetched_anew(tmp_path):
    with serving(lambda _: picture(8)) as server:
        downloader = Downloader(tmp_path / "pictures", manners(server))
        for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"cut")):
            (only,) = downloader.fetch([server.url])
            spoil(only.path)
        (only,) = downloader.fetch([server.url])
        assert only.path.read_bytes() == jpeg(8)
    assert len(server.asked) == 3


_KILLED = """
import sys
from pathlib import Path
from hf_regional.network import Downloader, Manners
url, folder = sys.argv[1:]
how = Manners("Test, test@example.org", allowed=frozenset({url.partition("//")[2]}), per_host=1, interval_s=0.0)
for each in Downloader(Path(folder), how).fetch(f"{url}/{number}" for number in range(10)):
    print(each.url, flush=True)
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path, root):
    with serving(lambda asked: picture(int(asked.target[1:]), before_s=0.05)) as server:
        run = subprocess.Popen(
            [sys.executable, "-c", _KILLED, server.url, str(tmp_path / "pictures")],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root / "src")},
        )  # fmt: skip
        done = [run.stdout.readline().strip() for _ in range(3)]
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        server.asked.clear()
        found = download_pictures([f"{server.url}/{number}" for number in range(10)], tmp_path / "pictures", manners(server))
    assert len(found.paths) == 10
    assert not {server.url + asked.target for asked in server.asked} & set(done)
    assert not [path for path in (tmp_path / "pictures").rglob("*") if path.name.startswith(".") and path.stat().st_size == 0]


def test_the_hook_is_asked_before_each_request_and_its_no_is_counted(tmp_path):
    seen = []

    def may_fetch(url):
        seen.append(url)
        return "private" not in url

    with serving(lambda asked: Told(302, headers={"Location": "/private/b.jpg"})) as server:
        (only,) = Downloader(tmp_path / "pictures", manners(server), may_fetch=may_fetch).fetch([f"{server.url}/a.jpg"])
    assert only.reason == "not permitted"
    assert seen == [f"{server.url}/a.jpg", f"{server.url}/private/b.jpg"]
    assert [asked.target for asked in server.asked] == ["/a.jpg"]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with serving(lambda _: picture()) as server, pytest.raises(CannotWriteError, match="taken"):
        download_pictures([server.url], tmp_path / "taken", manners(server))


def test_a_caller_who_stops_early_leaves_nothing_running(tmp_path):
    with serving(lambda asked: picture(before_s=0 if asked.target == "/0" else 30)) as server:
        results = Downloader(tmp_path / "pictures", manners(server, per_host=4)).fetch(f"{server.url}/{number}" for number in range(4))
        assert next(results).path
        results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


@pytest.mark.parametrize("operator", ["", "somebody", "Ani\r\nX-Admin: 1, ani@example.org", "Ání, ani@example.org"])
def test_who_asks_must_say_so_in_a_way_that_a_header_can_hold(operator):
    with pytest.raises(ConfigError, match="operator"):
        Manners(operator)


def test_numbers_without_a_meaning_are_refused():
    with pytest.raises(OutOfRangeError, match="per_host"):
        Manners("Test, test@example.org", per_host=0)
    with pytest.raises(OutOfRangeError, match="timeout_s"):
        Manners("Test, test@example.org", timeout_s=0)


def test_what_is_no_address_is_counted(tmp_path):
    found = download_pictures(["", "photo.jpg", "http://user:pw@example.org/", Path("/x").as_uri()], tmp_path / "pictures", manners())
    assert found.dead == {"not an address on the web": 4}
