"""By TLS: a certificate that nobody vouches for is refused at once, one that somebody does is taken."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hf_regional.errors import ServerError
from hf_regional.network import Downloader, HttpClient, Manners, Retry
from hf_regional.network.routes import certificates
from local_server import Told, serving, told
from miniatures.pictures import jpeg


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.fixture(autouse=True)
def _fresh_certificates():
    certificates.cache_clear()
    yield
    certificates.cache_clear()


def test_an_unknown_certificate_is_refused_at_the_first_attempt(certificate):
    with (
        serving(lambda _: told("done"), certificate) as server,
        pytest.raises(ServerError, match="certificate cannot be trusted") as caught,
    ):
        HttpClient(retry=Retry(attempts=3, first_wait_s=5)).json("GET", server.url)
    assert "attempts" not in str(caught.value)
    assert server.asked == []


def test_a_certificate_that_ssl_cert_file_names_is_taken(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(lambda _: told("done"), certificate) as server:
        assert HttpClient().json("GET", server.url) == "done"


def test_an_answer_by_tls_that_does_not_come_is_given_up_in_time(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    late = serving(lambda _: told("x" * 50, byte_s=0.05), certificate)
    with late as server, pytest.raises(ServerError, match="no whole answer within"):
        HttpClient(timeout_s=0.4, retry=Retry(attempts=1)).json("GET", server.url)


def _fetch(server, folder, url, resolve=None):
    how = Manners("Test, test@example.org", allowed=frozenset({server.url.partition("//")[2]}))
    (only,) = Downloader(folder, how, **({"resolve": resolve} if resolve else {})).fetch([url])
    return only


def test_a_picture_by_tls_is_taken_from_whom_somebody_vouches_for(certificate, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(lambda _: Told(body=jpeg(1)), certificate) as server:
        assert _fetch(server, tmp_path / "pictures", f"{server.url}/a.jpg").path.read_bytes() == jpeg(1)


def test_a_picture_by_tls_is_refused_where_nobody_vouches_or_the_name_is_another_s(certificate, monkeypatch, tmp_path):
    with serving(lambda _: Told(body=jpeg(1)), certificate) as server:
        assert _fetch(server, tmp_path / "pictures", f"{server.url}/a.jpg").reason == "the certificate cannot be trusted"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        certificates.cache_clear()
        # The connection goes to the checked address, and yet the certificate must be that of the name.
        other = server.url.replace("127.0.0.1", "pictures.example")
        found = _fetch(server, tmp_path / "pictures", f"{other}/a.jpg", resolve=lambda host, port: ["127.0.0.1"])
        assert found.reason == "the certificate cannot be trusted"
    assert server.asked == []
