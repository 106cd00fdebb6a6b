"""Who may not, and what goes wrong: tokens, gates, limits, and faults on demand."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, constants, hf_hub_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import parse_ratelimit_headers

from local_hub import Fault, LocalHub

OTHERS_FILES = {"a.txt": b"a", "model.safetensors": bytes(200_000)}


def api(token: str | bool) -> HfApi:
    return HfApi(token=token)


def status_of(call: Callable[[], object]) -> int:
    with pytest.raises(HfHubHTTPError) as caught:
        call()
    return caught.value.response.status_code


def test_a_private_repository_is_there_for_its_owner_alone(local_hub: LocalHub):
    local_hub.add_repo("model", "me/secret", OTHERS_FILES, private=True)
    stranger = api(local_hub.add_user("stranger"))
    colleague = api(local_hub.add_user("colleague", orgs=["me"]))
    assert api(local_hub.token).model_info("me/secret").private
    assert colleague.file_exists("me/secret", "a.txt")
    for nobody, status in ((stranger, 404), (api(False), 401)):
        with pytest.raises(RepositoryNotFoundError) as caught:
            nobody.hf_hub_download("me/secret", "a.txt")
        assert caught.value.response.status_code == status
        assert [model.id for model in nobody.list_models()] == []


def test_a_wrong_token_is_refused_everywhere_and_one_that_reads_does_not_write(local_hub: LocalHub):
    local_hub.add_repo("model", "me/x", OTHERS_FILES)
    wrong, reads = api("hf_wrong"), api(local_hub.add_user("me-reading", orgs=["me"], role="read"))
    assert [status_of(wrong.whoami), status_of(lambda: wrong.model_info("me/x"))] == [401, 401]
    assert reads.whoami()["auth"]["accessToken"]["role"] == "read"
    assert reads.model_info("me/x").id == "me/x"
    add: dict[str, Any] = {"path_or_fileobj": b"", "path_in_repo": "b.txt", "repo_id": "me/x"}
    assert status_of(lambda: reads.upload_file(**add)) == 403
    assert status_of(lambda: api(False).upload_file(**add)) == 401
    assert status_of(lambda: reads.create_repo("me/y")) == 403
    assert set(local_hub.files("me/x")) == {".gitattributes", *OTHERS_FILES}


def test_somebody_else_may_propose_but_not_commit(local_hub: LocalHub):
    local_hub.add_repo("model", "me/x", OTHERS_FILES)
    stranger = api(local_hub.add_user("stranger"))
    add: dict[str, Any] = {"path_or_fileobj": b"\0", "path_in_repo": "b.bin", "repo_id": "me/x"}
    assert status_of(lambda: stranger.upload_file(**add)) == 403
    assert stranger.upload_file(**add, create_pr=True).pr_num == 1
    assert status_of(lambda: stranger.merge_pull_request("me/x", 1)) == 403
    assert status_of(lambda: stranger.create_repo("our-lab/x")) == 403
    assert "b.bin" not in local_hub.files("me/x")


def test_a_gated_repository_shows_its_names_and_opens_for_who_was_let_in(local_hub: LocalHub):
    local_hub.add_repo("dataset", "google/rows", OTHERS_FILES, gated="manual")
    mine = api(local_hub.token)
    assert mine.dataset_info("google/rows").gated == "manual"
    assert "a.txt" in mine.list_repo_files("google/rows", repo_type="dataset")
    for nobody, status in ((mine, 403), (api(False), 401)):
        with pytest.raises(GatedRepoError, match="Access to dataset google/rows is restricted") as caught:
            nobody.hf_hub_download("google/rows", "a.txt", repo_type="dataset")
        assert caught.value.response.status_code == status
        assert caught.value.response.headers["X-Error-Code"] == "GatedRepo"
    local_hub.grant("datasets/google/rows", "me")
    assert Path(mine.hf_hub_download("google/rows", "a.txt", repo_type="dataset")).read_bytes() == b"a"


def test_settings_decide_who_sees_and_who_reads(local_hub: LocalHub):
    local_hub.add_repo("model", "me/x", OTHERS_FILES)
    api(local_hub.token).update_repo_settings("me/x", private=True, gated="auto")
    assert (local_hub.repo("me/x").private, local_hub.repo("me/x").gated) == (True, "auto")
    api(local_hub.token).update_repo_settings("me/x", private=False)
    assert status_of(lambda: api(False).auth_check("me/x")) == 401
    stranger = api(local_hub.add_user("stranger"))
    api(local_hub.token).grant_access("me/x", "stranger")
    stranger.auth_check("me/x")


def test_the_storage_gives_nothing_without_a_signature(local_hub: LocalHub):
    local_hub.add_repo("model", "me/x", OTHERS_FILES)
    oid = local_hub.repo("me/x").commit_at("main").files["model.safetensors"].sha256
    assert httpx2.get(f"{local_hub.state.cdn}/storage/{oid}").status_code == 403
    assert httpx2.put(f"{local_hub.state.cdn}/upload/models/me/x/{oid}/1", content=b"x").status_code == 403


def test_more_requests_than_the_limit_are_told_how_long_to_wait(local_hub: LocalHub):
    local_hub.limit(2, per_s=60)
    answers = [httpx2.get(f"{local_hub.url}/api/models") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    told = parse_ratelimit_headers(answers[2].headers)
    assert told is not None
    assert (told.remaining, told.limit, told.window_seconds) == (0, 2, 60)
    assert 0 < told.reset_in_seconds <= 60
    assert answers[2].headers["Retry-After"] == str(told.reset_in_seconds)
    local_hub.limit(None)
    assert httpx2.get(f"{local_hub.url}/api/models").status_code == 200


@pytest.mark.usefixtures("impatient")
def test_a_download_that_breaks_off_goes_on_where_it_stopped(local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch):
    content = os.urandom(200_000)
    local_hub.add_repo("model", "me/x", {"model.safetensors": content})
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)  # what is not a whole chunk yet is lost with the connection
    with local_hub.faults(kinds=["truncated"], endpoint="storage", times=1) as rule:
        assert Path(hf_hub_download("me/x", "model.safetensors")).read_bytes() == content
    assert [kind for kind, _, _ in rule.fired] == ["truncated"]
    first, second = local_hub.asked("storage")
    assert (first.sent, second.headers["range"], second.status, second.sent) == (100_000, "bytes=100000-", 206, 100_000)


@pytest.mark.usefixtures("impatient")
def test_a_snapshot_is_whole_although_a_third_of_the_downloads_breaks_off(local_hub: LocalHub):
    draw = random.Random(0)  # faults fall on addresses, which are digests of what is downloaded
    files = {f"{number}.bin": draw.randbytes(5000) for number in range(20)}
    local_hub.add_repo("model", "me/x", files)
    with local_hub.faults(0.3, ["truncated", "drop", "429", "slow"], seed=3, path="/storage/*", delay_s=0.01) as rule:
        folder = Path(HfApi().snapshot_download("me/x"))
    assert {path.name: path.read_bytes() for path in folder.glob("*.bin")} == files
    assert len(rule.fired) > 3


@pytest.mark.usefixtures("impatient")
def test_with_a_third_of_the_requests_failing_a_push_is_completed_and_never_half_there(local_hub: LocalHub, tmp_path: Path):
    chance = random.Random(0)
    files = {f"{number}.safetensors": chance.randbytes(3000) for number in range(5)}
    files |= {f"{number}.txt": b"%d" % number for number in range(5)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    local_hub.add_repo("model", "me/x")
    kinds: list[Fault] = ["429", "500", "503", "drop", "lost", "truncated", "slow"]
    attempts = 0
    with local_hub.faults(0.3, kinds, seed=1, delay_s=0.01) as rule:
        while len(local_hub.files("me/x")) == 1:
            attempts += 1
            try:
                HfApi().upload_folder(folder_path=tmp_path, repo_id="me/x")
            except (HfHubHTTPError, httpx2.HTTPError, RuntimeError):
                assert len(local_hub.files("me/x")) in (1, 1 + len(files))
    assert attempts < 20
    assert len({kind for kind, _, _ in rule.fired}) > 3
    assert {name: content for name, content in local_hub.files("me/x").items() if name in files} == files
    # What arrived in an attempt that failed is not sent by the next. (Where the answer is lost, the same attempt sends it again.)
    arrived = [served.path for served in local_hub.asked("upload") if served.fault in (None, "truncated", "slow")]
    assert len(arrived) == len(set(arrived))


def test_a_commit_whose_answer_is_lost_has_happened(local_hub: LocalHub):
    local_hub.add_repo("model", "me/x")
    with local_hub.faults(kinds=["lost"], endpoint="commit"), pytest.raises(httpx2.RemoteProtocolError):
        HfApi().create_commit("me/x", [CommitOperationAdd("a.txt", b"a")], commit_message="Lost")
    with local_hub.faults(kinds=["drop"], endpoint="commit"), pytest.raises(httpx2.RemoteProtocolError):
        HfApi().create_commit("me/x", [CommitOperationAdd("b.txt", b"b")], commit_message="Never came")
    assert [commit.title for commit in local_hub.commits("me/x")] == ["Lost", "initial commit"]


def test_a_stale_etag_makes_a_client_take_the_old_file_for_the_new_one(local_hub: LocalHub):
    # The reason why a push is read back and hashed: the client has the old content under the new commit, and does not know.
    local_hub.add_repo("model", "me/x", {"a.bin": b"\0old"})
    assert Path(hf_hub_download("me/x", "a.bin")).read_bytes() == b"\0old"
    new = local_hub.add_repo("model", "me/x", {"a.bin": b"\0new"})
    with local_hub.faults(kinds=["stale_etag"]):
        taken = Path(hf_hub_download("me/x", "a.bin"))
    assert (taken.parent.name, taken.read_bytes()) == (new, b"\0old")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "drop", "lost", "truncated"])
def test_what_clients_try_again_works_the_second_time(local_hub: LocalHub, kind: str):
    local_hub.add_repo("model", "me/x", OTHERS_FILES)
    with local_hub.faults(kinds=[cast("Fault", kind)], times=1, endpoint="tree"):
        assert len(list(HfApi().list_repo_tree("me/x"))) == 3
    assert [served.fault for served in local_hub.asked("tree")] == [kind, None]


def test_what_goes_wrong_follows_from_the_seed(local_hub: LocalHub):
    def gone_wrong(seed: int) -> list[int]:
        with local_hub.faults(0.5, ["503", "429"], seed=seed), httpx2.Client() as client:
            return [client.get(f"{local_hub.url}/api/models").status_code for _ in range(40)]

    first = gone_wrong(1)
    assert first == gone_wrong(1)
    assert first != gone_wrong(2)
    assert set(first) == {200, 429, 503}
    assert 10 < first.count(200) < 30  # of 40, at a share of a half: 10 is more than 3 standard deviations away
    assert httpx2.get(f"{local_hub.url}/api/models").status_code == 200


def test_a_rule_that_asks_for_the_impossible_is_refused(local_hub: LocalHub):
    with pytest.raises(ValueError, match="share is in"):
        local_hub.faults(1.5)
    with pytest.raises(ValueError, match="kinds are among"):
        local_hub.faults(kinds=[cast("Fault", "418")])
