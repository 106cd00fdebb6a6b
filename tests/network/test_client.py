"""The client against a server that fails in every way in which servers fail."""

import pickle
import socket
import threading
import time

import pytest

from hf_regional.errors import ConfigError, OutOfRangeError, ServerBusyError, ServerError
from hf_regional.network import HttpClient, Retry
from local_server import Told, serving, told

QUICK = Retry(attempts=3, first_wait_s=0.01, longest_wait_s=2.0)


def client(**settings) -> HttpClient:
    return HttpClient(**{"timeout_s": 5.0, "retry": QUICK} | settings)


def in_turn(*replies):
    """Answer the first request with the first reply, and so on; the last one stays."""
    rest = list(replies)
    return lambda _: rest.pop(0) if len(rest) > 1 else rest[0]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_a_payload_goes_out_as_json_and_the_answer_comes_back_parsed():
    with serving(lambda asked: told({"twice": asked.json["n"] * 2})) as server:
        assert client().json("POST", f"{server.url}/double?x=1", {"n": 21}) == {"twice": 42}
    (asked,) = server.asked
    assert (asked.method, asked.target, asked.headers["Content-Type"]) == ("POST", "/double?x=1", "application/json")


def test_null_is_an_answer():
    with serving(lambda _: told(None)) as server:
        assert client().json("GET", server.url) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_a_temporary_error_is_tried_again(status):
    with serving(in_turn(told({"error": "busy"}, status), told("done"))) as server:
        assert client().json("GET", server.url) == "done"
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_a_lasting_error_is_said_at_once_in_the_servers_own_words(status):
    with (
        serving(lambda _: told({"error": {"message": "no such model: llama"}}, status)) as server,
        pytest.raises(ServerError, match=f"{status}.*no such model: llama") as caught,
    ):
        client().json("POST", server.url, {})
    assert caught.value.status == status
    assert len(server.asked) == 1


def test_after_the_last_attempt_the_error_says_how_many_there_were():
    with (
        serving(lambda _: Told(500, b"the tower is on fire")) as server,
        pytest.raises(ServerError, match=r"500 Internal Server Error: the tower is on fire\. Gave up after 3 attempts") as caught,
    ):
        client().json("GET", server.url)
    assert (caught.value.status, len(server.asked)) == (500, 3)


def test_retry_after_is_obeyed_by_all_threads():
    with serving(in_turn(told({}, 429, headers={"Retry-After": "1"}), told("done"))) as server:
        patient, begun = client(), time.monotonic()
        first = threading.Thread(target=patient.json, args=("GET", server.url))
        first.start()
        while not server.asked:
            time.sleep(0.01)
        time.sleep(0.1)
        assert patient.json("GET", server.url) == "done"
        assert time.monotonic() - begun >= 1
        first.join()
    assert len(server.asked) == 3


def test_a_server_that_asks_for_an_hour_is_left_alone():
    with (
        serving(lambda _: told({"error": "quota"}, 429, headers={"Retry-After": "3600"})) as server,
        pytest.raises(ServerBusyError, match=r"quota.*come back in 3600 s, longer than longest_wait_s=2.*kept"),
    ):
        client().json("GET", server.url)
    assert len(server.asked) == 1


def test_json_that_broke_off_is_asked_for_again():
    with serving(in_turn(Told(body=b'{"choices": ['), told("done"))) as server:
        assert client().json("GET", server.url) == "done"


def test_a_body_that_is_never_json_is_an_error_of_the_server():
    with serving(lambda _: Told(body=b"<html>Please log in</html>")) as server, pytest.raises(ServerError, match="the answer is no JSON"):
        client().json("GET", server.url)


def test_a_connection_that_breaks_in_the_middle_is_tried_again():
    with serving(in_turn(told("a" * 1000, breaks_off=True), told("done"))) as server:
        assert client().json("GET", server.url) == "done"


def test_a_silent_server_is_given_up_in_time():
    with serving(lambda _: told("late", before_s=1.0)) as server:
        begun = time.monotonic()
        with pytest.raises(ServerError, match=r"no whole answer within 0.2 s.*2 attempts"):
            client(timeout_s=0.2, retry=Retry(attempts=2, first_wait_s=0)).json("GET", server.url)
        assert time.monotonic() - begun < 0.9


def test_an_answer_that_trickles_is_given_up_in_time_although_no_single_byte_is_late():
    with serving(lambda _: told("x" * 100, byte_s=0.05)) as server:
        begun = time.monotonic()
        with pytest.raises(ServerError, match=r"no whole answer within 0\.3 s"):
            client(timeout_s=0.3, retry=Retry(attempts=1)).json("GET", server.url)
        assert time.monotonic() - begun < 2


def test_no_server_is_told_from_a_server_with_an_error():
    with pytest.raises(ServerError, match="no server answers there") as caught:
        client().json("GET", f"http://127.0.0.1:{free_port()}/v1")
    assert caught.value.status is None


def test_a_redirect_is_not_followed_since_the_key_would_go_along():
    with (
        serving(lambda _: Told(307, headers={"Location": "https://elsewhere.example/v1"})) as server,
        pytest.raises(ServerError, match=r"307.*https://elsewhere\.example/v1 itself"),
    ):
        client(secret="k").json("POST", server.url, {})
    assert len(server.asked) == 1


def test_one_connection_serves_many_requests():
    with serving(lambda _: told("done")) as server:
        one = client()
        for _ in range(5):
            one.json("GET", server.url)
    assert len({asked.client for asked in server.asked}) == 1


def test_a_kept_connection_that_the_server_has_closed_costs_no_attempt():
    with serving(in_turn(told("first", closes=True), told("second"))) as server:
        once = client(retry=Retry(attempts=1))
        assert once.json("GET", server.url) == "first"
        time.sleep(0.05)
        assert once.json("GET", server.url) == "second"


def test_lost_counts_the_attempts_that_the_server_may_have_worked_on():
    lost: list[int] = []
    replies = in_turn(told("cut", breaks_off=True), told({}, 503), Told(body=b"{"), told("done"))
    with serving(replies) as server:
        client(retry=Retry(attempts=4, first_wait_s=0)).json("GET", server.url, lost=lambda: lost.append(1))
    assert (len(server.asked), len(lost)) == (4, 2)  # not the one that was turned away


def test_the_key_is_sent_and_never_shown():
    with serving(lambda asked: told({"error": f"{asked.headers['Authorization']} is no key"}, 401)) as server:
        keyed = client(secret="sk-secret")
        with pytest.raises(ServerError) as caught:
            keyed.json("GET", server.url)
    assert server.asked[0].headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in str(caught.value) + repr(keyed)


def test_close_ends_what_another_thread_is_waiting_for():
    with serving(lambda _: told("late", before_s=3)) as server:
        waiting, errors = client(), []

        def ask() -> None:
            try:
                waiting.json("GET", server.url)
            except ServerError as error:
                errors.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        while not server.asked:
            time.sleep(0.01)
        begun = time.monotonic()
        waiting.close()
        thread.join()
        assert time.monotonic() - begun < 1
    assert len(errors) == len(server.asked) == 1


def test_a_client_pickles_without_its_connections():
    with serving(lambda _: told("done")) as server:
        one = client(secret="k")
        one.json("GET", server.url)
        assert pickle.loads(pickle.dumps(one)).json("GET", server.url) == "done"


def test_a_proxy_of_the_environment_is_asked_for_the_whole_address(monkeypatch):
    with serving(lambda asked: told(asked.target)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:p%40ss@"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert client().json("GET", "http://model.example:8000/v1/models") == "http://model.example:8000/v1/models"
    assert proxy.asked[0].headers["Proxy-Authorization"] == "Basic bWU6cEBzcw=="  # me:p@ss


def test_a_server_on_this_machine_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with serving(lambda _: told("direct")) as server:
        assert client().json("GET", server.url) == "direct"


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:99999/v1", "http://ho st/v1", "http://hôst/v1"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ConfigError, match="address"):
        client().json("GET", url)


def test_an_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(ConfigError) as caught:
        client().json("GET", "http://me:hunter2@host/v1")
    assert "hunter2" not in str(caught.value)


def test_a_time_limit_must_be_above_zero():
    with pytest.raises(OutOfRangeError):
        HttpClient(timeout_s=0)


def test_what_json_cannot_say_is_an_error_before_anything_is_sent():
    with serving(lambda _: told("done")) as server, pytest.raises(ValueError, match="not JSON compliant"):
        client().json("POST", server.url, {"score": float("nan")})
    assert server.asked == []
