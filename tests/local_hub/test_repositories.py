"""What huggingface_hub asks of a Hub: files, history, branches, pull requests, listings, Spaces, collections, cards."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    ModelCard,
    ModelCardData,
    SpaceCard,
    SpaceHardware,
)
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RemoteEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile, RepoFolder
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.licences import licences
from local_hub import LocalHub
from local_hub.cards import LICENCES
from local_hub.exchange import Asked, part_of
from local_hub.git_store import BadPathError, GitStore, pointer

STRANGE = "ข้อมูล ๑/a b+c#d%20é.txt"


@pytest.fixture
def api(local_hub: LocalHub) -> HfApi:
    return HfApi()


def names(hub: LocalHub, repo: str, revision: str = "main") -> set[str]:
    return set(hub.files(repo, revision)) - {".gitattributes"}


def test_a_folder_comes_back_as_it_was_large_files_from_another_host_without_the_token(local_hub: LocalHub, api: HfApi, tmp_path: Path):
    (tmp_path / "up" / STRANGE).parent.mkdir(parents=True)
    (tmp_path / "up" / STRANGE).write_text("ไทย")
    (tmp_path / "up/weights.safetensors").write_bytes(bytes(range(256)) * 400)
    (tmp_path / "up/empty.bin").touch()
    api.create_repo("me/x")
    done = api.upload_folder(folder_path=tmp_path / "up", repo_id="me/x")
    down = Path(api.snapshot_download("me/x", local_dir=tmp_path / "down"))
    for path in (STRANGE, "weights.safetensors", "empty.bin"):
        assert (down / path).read_bytes() == (tmp_path / "up" / path).read_bytes() == local_hub.files("me/x")[path]
    assert local_hub.commits("me/x")[0].oid == done.oid
    # 256 · 400 bytes under a name of the large ones go to the storage, the others into git.
    stored = local_hub.asked("storage")
    assert [served.sent for served in stored] == [102400]
    assert all("authorization" not in served.headers for served in [*stored, *local_hub.asked("upload*")])
    assert all(served.headers["authorization"] == "Bearer hf_me" for served in local_hub.asked("resolve"))


def test_a_large_file_goes_up_in_parts_and_once(local_hub: LocalHub, api: HfApi):
    local_hub.state.multipart_bytes = 1000
    content = os.urandom(2500)
    api.create_repo("me/x")
    api.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id="me/x")
    assert [served.received for served in local_hub.asked("upload-part")] == [1000, 1000, 500]
    api.upload_file(path_or_fileobj=content, path_in_repo="b.bin", repo_id="me/x")
    assert local_hub.count("upload-part") == 3  # it was there
    assert local_hub.files("me/x")["a.bin"] == local_hub.files("me/x")["b.bin"] == content


def test_a_folder_uploaded_again_sends_what_has_changed(local_hub: LocalHub, api: HfApi, tmp_path: Path):
    for number in range(300):  # what to do with them is asked for 256 files at a time
        (tmp_path / f"{number}.{'txt' if number % 2 else 'parquet'}").write_bytes(b"%d" % number)
    local_hub.add_repo("dataset", "me/many")
    for expected in ((150, 1), (151, 2), (151, 2)):
        api.upload_folder(folder_path=tmp_path, repo_id="me/many", repo_type="dataset")
        assert (local_hub.count("upload"), local_hub.count("commit")) == expected
        (tmp_path / "0.parquet").write_bytes(b"changed")
    assert {name: content for name, content in local_hub.files("datasets/me/many").items() if name != ".gitattributes"} == {
        path.name: path.read_bytes() for path in tmp_path.iterdir()
    }
    assert local_hub.count("preupload") == 6


def test_the_second_download_is_one_head_and_no_bytes(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"config.json": b"{}", "model.safetensors": b"12345678"})
    for path in ("config.json", "model.safetensors"):
        first = api.hf_hub_download("me/x", path)
        local_hub.forget()
        assert api.hf_hub_download("me/x", path) == first
        assert local_hub.counts() == {"HEAD resolve": 1}


def test_an_older_commit_a_tag_a_branch_and_the_beginning_of_an_id_are_revisions(local_hub: LocalHub, api: HfApi):
    old = local_hub.add_repo("model", "me/x", {"a.txt": b"old"})
    api.create_tag("me/x", tag="v1")
    api.create_branch("me/x", branch="beta-0.25", revision="v1")
    new = local_hub.add_repo("model", "me/x", {"a.txt": b"new"})
    read = {revision: Path(api.hf_hub_download("me/x", "a.txt", revision=revision)).read_bytes() for revision in (old, "v1", "beta-0.25")}
    assert read == {old: b"old", "v1": b"old", "beta-0.25": b"old"}
    assert Path(api.hf_hub_download("me/x", "a.txt")).read_bytes() == b"new"
    assert (api.model_info("me/x", revision=old[:8]).sha, api.model_info("me/x").sha) == (old, new)
    refs = api.list_repo_refs("me/x")
    assert {ref.name: ref.target_commit for ref in refs.branches} == {"main": new, "beta-0.25": old}
    assert [(ref.ref, ref.target_commit) for ref in refs.tags] == [("refs/tags/v1", old)]
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.create_tag("me/x", tag="v1")
    api.create_tag("me/x", tag="v1", exist_ok=True)
    api.delete_tag("me/x", tag="v1")
    api.delete_branch("me/x", branch="beta-0.25")
    for gone in ("v1", "beta-0.25"):
        with pytest.raises(RevisionNotFoundError):
            api.hf_hub_download("me/x", "a.txt", revision=gone)


def test_what_is_not_there_is_said_in_the_hub_s_three_ways(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"a.txt": b""})
    with pytest.raises(RemoteEntryNotFoundError):
        api.hf_hub_download("me/x", "b.txt")
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download("me/x", "a.txt", revision="v9")
    with pytest.raises(RepositoryNotFoundError):
        api.hf_hub_download("me/y", "a.txt")
    assert (api.file_exists("me/x", "b.txt"), api.revision_exists("me/x", "v9"), api.repo_exists("me/y")) == (False, False, False)
    with pytest.raises(RemoteEntryNotFoundError):
        list(api.list_repo_tree("me/x", "no/such/folder"))


def test_a_commit_adds_copies_and_deletes_at_once_or_not_at_all(local_hub: LocalHub, api: HfApi):
    first = local_hub.add_repo("model", "me/x", {"a.bin": b"\0large", "keep.txt": b"k", "old/1.txt": b"1", "old/2.txt": b"2"})
    operations = [
        CommitOperationAdd("new.txt", b"n"),
        CommitOperationCopy("a.bin", "copy.bin"),
        CommitOperationDelete("old/"),
    ]
    api.create_commit("me/x", operations, commit_message="Three things", parent_commit=first)
    assert names(local_hub, "me/x") == {"a.bin", "copy.bin", "keep.txt", "new.txt"}
    assert local_hub.files("me/x")["copy.bin"] == b"\0large"
    with pytest.raises(HfHubHTTPError, match="A commit has happened since"):
        api.create_commit("me/x", [CommitOperationAdd("late.txt", b"")], commit_message="Late", parent_commit=first)
    with pytest.raises(RemoteEntryNotFoundError):
        api.create_commit("me/x", [CommitOperationAdd("b.txt", b""), CommitOperationDelete("none.txt")], commit_message="Half")
    with pytest.raises(BadRequestError, match=r"'keep.txt' is a file, so that 'keep.txt/below' cannot lie below it"):
        api.upload_file(path_or_fileobj=b"", path_in_repo="keep.txt/below", repo_id="me/x")
    assert names(local_hub, "me/x") == {"a.bin", "copy.bin", "keep.txt", "new.txt"}
    assert [commit.title for commit in api.list_repo_commits("me/x")] == ["Three things", "Upload files", "initial commit"]
    assert local_hub.files("me/x", first)["old/1.txt"] == b"1"


def test_a_file_that_is_there_is_not_committed_again(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"a.txt": b"a", "b.bin": b"\0"})
    operations = [CommitOperationAdd("a.txt", b"a"), CommitOperationAdd("b.bin", b"\0")]
    assert api.create_commit("me/x", operations, commit_message="Nothing").oid == local_hub.commits("me/x")[0].oid
    assert local_hub.count("commit") == 0


def test_a_listing_comes_in_pages_and_tells_the_last_commit_of_each_row(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("dataset", "me/x", {f"{folder}/{number}.txt": b"" for folder in "ab" for number in range(5)})
    second = local_hub.add_repo("dataset", "me/x", {"b/0.txt": b"changed"}, message="Change one")
    local_hub.state.page = 4
    rows = list(api.list_repo_tree("me/x", recursive=True, expand=True, repo_type="dataset"))
    assert local_hub.count("tree") == 4  # 10 files, .gitattributes and 2 folders, 4 a page
    changed = {row.path for row in rows if row.last_commit and row.last_commit.oid == second}
    assert changed == {"b", "b/0.txt"}
    assert {row.path for row in rows if isinstance(row, RepoFolder)} == {"a", "b"}
    assert [row.path for row in api.list_repo_tree("me/x", "a", repo_type="dataset")] == [f"a/{number}.txt" for number in range(5)]
    found = api.get_paths_info("me/x", ["b/0.txt", "b", "none"], repo_type="dataset", expand=True)
    assert [(row.path, row.last_commit and row.last_commit.title) for row in found] == [("b/0.txt", "Change one"), ("b", "Change one")]


def test_a_pull_request_leaves_main_alone_until_it_is_merged(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"a.txt": b"a"})
    made = api.upload_file(path_or_fileobj=b"b", path_in_repo="b.txt", repo_id="me/x", create_pr=True)
    assert (made.pr_num, made.pr_revision, made.pr_url) == (1, "refs/pr/1", f"{local_hub.url}/me/x/discussions/1")
    api.upload_file(path_or_fileobj=b"c", path_in_repo="c.txt", repo_id="me/x", revision="refs/pr/1")
    assert Path(api.hf_hub_download("me/x", "b.txt", revision="refs/pr/1")).read_bytes() == b"b"
    assert (names(local_hub, "me/x"), names(local_hub, "me/x", "refs/pr/1")) == ({"a.txt"}, {"a.txt", "b.txt", "c.txt"})
    local_hub.add_repo("model", "me/x", {"d.txt": b"d"})  # main goes on meanwhile
    api.comment_discussion("me/x", 1, "Thanks")
    api.merge_pull_request("me/x", 1)
    assert names(local_hub, "me/x") == {"a.txt", "b.txt", "c.txt", "d.txt"}
    details = api.get_discussion_details("me/x", 1)
    assert (details.status, details.merge_commit_oid) == ("merged", local_hub.commits("me/x")[0].oid)
    assert [event.type for event in details.events] == ["commit", "commit", "comment", "status-change"]


def test_a_pull_request_that_main_contradicts_is_not_merged(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"a.txt": b"a"})
    api.upload_file(path_or_fileobj=b"theirs", path_in_repo="a.txt", repo_id="me/x", create_pr=True)
    local_hub.add_repo("model", "me/x", {"a.txt": b"ours"})
    with pytest.raises(HfHubHTTPError, match=r"Merge conflict in a\.txt"):
        api.merge_pull_request("me/x", 1)
    assert api.get_discussion_details("me/x", 1).conflicting_files == ["a.txt"]
    api.change_discussion_status("me/x", 1, "closed")
    assert [(each.num, each.status) for each in api.get_repo_discussions("me/x")] == [(1, "closed")]
    assert local_hub.files("me/x")["a.txt"] == b"ours"


def test_squashing_leaves_the_files_and_one_commit(local_hub: LocalHub, api: HfApi):
    old = local_hub.add_repo("model", "me/x", {"a.txt": b"a"})
    api.super_squash_history("me/x", commit_message="All of it")
    assert [(commit.title, commit.parents) for commit in local_hub.commits("me/x")] == [("All of it", ())]
    assert names(local_hub, "me/x") == names(local_hub, "me/x", old) == {"a.txt"}


def test_repositories_are_renamed_deleted_made_again_and_listed_by_tag(local_hub: LocalHub, api: HfApi):
    card = "---\nlanguage: [id, th]\nlicense: mit\nbase_model: a/b\nbase_model_relation: merge\ntags: [sea]\n---\n"
    local_hub.add_repo("model", "me/x", {"README.md": card.encode(), "config.json": b'{"model_type": "clip"}'})
    api.move_repo("me/x", "our-lab/y")
    assert [model.id for model in api.list_models(filter=["sea", "license:mit", "th", "base_model:merge:a/b"])] == ["our-lab/y"]
    assert [model.id for model in api.list_models(author="me")] == []
    about = api.model_info("our-lab/y")
    expected = ["transformers", "sea", "base_model:a/b", "base_model:merge:a/b", "id", "th", "license:mit", "region:us"]
    assert (about.library_name, about.tags) == ("transformers", expected)
    api.delete_repo("our-lab/y")
    api.delete_repo("our-lab/y", missing_ok=True)
    api.create_repo("our-lab/y", exist_ok=True)
    assert names(local_hub, "our-lab/y") == set()
    local_hub.add_repo("dataset", "me/rows", {"README.md": b"---\nlanguage: [th]\ntask_categories: [image-to-text]\n---\n"})
    assert [found.id for found in api.list_datasets(language="th", task_categories="image-to-text")] == ["me/rows"]


def test_a_space_has_secrets_that_are_not_told_and_runs_once_its_app_is_there(local_hub: LocalHub, api: HfApi):
    api.create_repo("me/demo", repo_type="space", space_sdk="gradio", space_secrets=[{"key": "TOKEN", "value": "s"}])
    assert api.get_space_runtime("me/demo").stage == "NO_APP_FILE"
    api.upload_file(path_or_fileobj=b"", path_in_repo="app.py", repo_id="me/demo", repo_type="space")
    api.add_space_variable("me/demo", "MODEL", "me/x")
    assert (api.get_space_runtime("me/demo").stage, api.get_space_runtime("me/demo").hardware) == ("RUNNING", "cpu-basic")
    assert list(api.get_space_secrets("me/demo")) == ["TOKEN"]
    assert api.get_space_variables("me/demo")["MODEL"].value == "me/x"
    assert local_hub.repo("spaces/me/demo").space.secrets == {"TOKEN": "s"}
    assert api.request_space_hardware("me/demo", SpaceHardware.T4_SMALL, sleep_time=300).requested_hardware == "t4-small"
    assert (api.pause_space("me/demo").stage, api.restart_space("me/demo").stage) == ("PAUSED", "RUNNING")
    assert SpaceCard.load("me/demo").data.to_dict()["sdk"] == "gradio"


def test_a_collection_holds_each_thing_once(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x")
    made = api.create_collection("SEA models", namespace="our-lab")
    assert api.create_collection("SEA models", namespace="our-lab", exists_ok=True).slug == made.slug
    for _ in range(2):
        api.add_collection_item(made.slug, "me/x", "model", note="β = 0.25", exists_ok=True)
    found = api.get_collection(made.slug)
    assert [(item.item_id, item.item_type, item.note) for item in found.items] == [("me/x", "model", "β = 0.25")]
    assert [each.slug for each in api.list_collections(owner="our-lab", item="models/me/x")] == [made.slug]
    api.update_collection_item(made.slug, found.items[0].item_object_id, note="β = 0.5")
    assert api.get_collection(made.slug).items[0].note == "β = 0.5"
    api.delete_collection_item(made.slug, found.items[0].item_object_id)
    api.delete_collection(made.slug)
    api.delete_collection(made.slug, missing_ok=True)


def test_a_card_is_pushed_if_the_hub_would_take_it(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x")
    good = ModelCard(f"---\n{ModelCardData(license='apache-2.0', language=['id'], base_model=['a/b', 'c/d']).to_yaml()}\n---\n# A card\n")
    good.validate()
    good.push_to_hub("me/x")
    assert ModelCard.load("me/x").data.to_dict()["base_model"] == ["a/b", "c/d"]
    bad = "---\nlicense: my-own\nlanguage: [no]\ndatasets: a b c\n---\n"
    with pytest.raises(ValueError, match=r"(?s)\"license\".*'my-own'.*\"language\".*False.*\"datasets\""):
        ModelCard(bad).validate()
    with pytest.raises(ValueError, match="Invalid metadata"):
        api.upload_file(path_or_fileobj=bad.encode(), path_in_repo="README.md", repo_id="me/x")


@pytest.mark.parametrize(
    ("head", "objection"),
    [
        ("sdk: gradio\ncolorFrom: teal", '"colorFrom" must be one of'),
        ("title: A Space", '"sdk" is required'),
        (f"sdk: static\nshort_description: {'x' * 61}", '"short_description" length must be less than or equal to 60'),
    ],
)
def test_the_card_of_a_space_is_checked_too(local_hub: LocalHub, head: str, objection: str):
    with pytest.raises(ValueError, match=objection):
        SpaceCard(f"---\n{head}\n---\n").validate()


def test_every_licence_of_our_table_that_is_said_to_be_on_the_hub_is_taken():
    assert {name for name, licence in licences().items() if licence.on_hub} <= LICENCES


def test_another_process_uses_the_hub_by_its_environment(local_hub: LocalHub):
    program = "from huggingface_hub import HfApi; api = HfApi(); print(api.whoami()['name'], api.create_repo('me/x').repo_id)"
    done = subprocess.run([sys.executable, "-c", program], env=local_hub.whole_environment, capture_output=True, text=True, check=True)
    assert done.stdout == "me me/x\n"
    assert local_hub.refs("me/x").keys() == {"refs/heads/main"}


paths = st.lists(st.sampled_from(["a", "b", "ก", "a b", "a.txt", "-"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=25)  # each starts git several times
@given(states=st.lists(st.dictionaries(paths, st.binary(max_size=5), max_size=6), min_size=1, max_size=3))
@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_git_reads_the_same_history(tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, bytes]]):
    folder = tmp_path_factory.mktemp("git") / "x.git"
    store = GitStore(folder)

    def git(*words: str) -> bytes:
        return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True).stdout

    taken: list[dict[str, bytes]] = []
    for state in states:
        files = {path: store.add(content) for path, content in state.items()}
        clash = any(path.startswith(f"{other}/") for path in files for other in files)
        try:
            store.write("refs/heads/main", files, tuple(filter(None, [store.refs.get("refs/heads/main")])), "A title", "me")
            assert not clash
            taken.append(state)
        except BadPathError:
            assert clash
    if not taken:
        return
    git("fsck", "--strict")
    oids = git("rev-list", "main").decode().split()
    assert oids == [commit.oid for commit in store.history(store.refs["refs/heads/main"])]
    for oid, state in zip(reversed(oids), taken, strict=True):
        listed = git("ls-tree", "-r", "-z", "--name-only", oid).decode().split("\0")[:-1]
        assert set(listed) == set(state)
        assert all(git("cat-file", "blob", f"{oid}:{path}") == content for path, content in state.items())


@given(content=st.binary(min_size=1, max_size=30), first=st.integers(0, 40), length=st.integers(1, 40))
def test_a_range_is_a_slice(content: bytes, first: int, length: int):
    last = first + length - 1
    got = part_of(content, Asked("GET", "/", {"range": f"bytes={first}-{last}"}), {})
    assert (got.status, got.content()) == ((206, content[first : last + 1]) if first < len(content) else (416, b""))
    tail = part_of(content, Asked("GET", "/", {"range": f"bytes=-{length}"}), {})
    assert (tail.status, tail.content()) == (206, content[-length:])
    assert tail.headers["Content-Range"] == f"bytes {max(len(content) - length, 0)}-{len(content) - 1}/{len(content)}"


def test_the_pointer_to_a_large_file_is_the_one_of_the_specification():
    # github.com/git-lfs/git-lfs/blob/main/docs/spec.md gives this example.
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    assert pointer(oid, 12345) == f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n".encode()


def test_sizes_and_hashes_of_a_file_are_told_with_it(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "me/x", {"a.txt": b"a", "b.bin": b"\0\0"})
    rows = {row.path: row for row in api.list_repo_tree("me/x") if isinstance(row, RepoFile)}
    # git hash-object of "a"; SHA-256 of two zero bytes
    assert (rows["a.txt"].blob_id, rows["a.txt"].lfs) == ("2e65efe2a145dda7ee51d1741299f848e5bf752e", None)
    assert rows["b.bin"].lfs is not None
    assert rows["b.bin"].lfs.sha256 == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"


def test_a_name_without_an_owner_and_one_that_is_a_word_of_the_api_are_found(local_hub: LocalHub, api: HfApi):
    local_hub.add_repo("model", "gpt2", {"config.json": b"{}"})
    local_hub.add_repo("model", "me/refs", {"tree/main/resolve/x.txt": b"x"})
    assert [ref.name for ref in api.list_repo_refs("gpt2").branches] == ["main"]
    assert api.list_repo_files("gpt2", revision="refs/heads/main") == [".gitattributes", "config.json"]
    assert Path(api.hf_hub_download("gpt2", "config.json")).read_bytes() == b"{}"
    assert Path(api.hf_hub_download("me/refs", "tree/main/resolve/x.txt")).read_bytes() == b"x"
    assert [row.path for row in api.list_repo_tree("me/refs", "tree/main/resolve")] == ["tree/main/resolve/x.txt"]


def test_the_command_of_the_hub_uploads_and_downloads(local_hub: LocalHub, tmp_path: Path):
    (tmp_path / "up").mkdir()
    (tmp_path / "up/a.bin").write_bytes(b"\0\1")
    hf = [str(Path(sys.executable).with_name("hf"))]
    for words in (
        ["upload", "me/x", "up", ".", "--repo-type", "dataset"],
        ["download", "me/x", "--repo-type", "dataset", "--local-dir", "down"],
    ):
        done = subprocess.run(hf + words, cwd=tmp_path, env=local_hub.whole_environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "down/a.bin").read_bytes() == b"\0\1" == local_hub.files("datasets/me/x")["a.bin"]
