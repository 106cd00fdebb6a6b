"""A repository at a commit in; the JSON in which the Hub speaks of it, of its files and of its commits, out."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from local_hub.cards import metadata
from local_hub.git_store import Commit, File, pointer
from local_hub.state import Kind, Repo

_TAGGED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "model": (),
    "dataset": ("task_categories", "task_ids", "size_categories", "annotations_creators", "language_creators", "multilinguality"),
    "space": (),
}


def moment(date: datetime) -> str:
    """A date as the Hub writes it."""
    return date.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def text_of(repo: Repo, commit: Commit, path: str) -> str:
    """A small file, or nothing."""
    file = commit.files.get(path)
    return repo.git.read(file.oid).decode(errors="replace") if file and not file.sha256 else ""


def card_of(repo: Repo, commit: Commit) -> dict[str, Any]:
    """What the head of the README.md says."""
    return metadata(text_of(repo, commit, "README.md"))


def describe(repo: Repo, commit: Commit, *, with_blobs: bool = False) -> dict[str, Any]:
    """The repository as `model_info`, `dataset_info` and `space_info` read it."""
    card = card_of(repo, commit)
    library = card.get("library_name") or _library(repo, commit)
    about: dict[str, Any] = {
        "_id": commit.oid[:24],
        "id": repo.id,
        "author": repo.namespace or None,
        "sha": commit.oid,
        "lastModified": moment(commit.date),
        "createdAt": moment(repo.created),
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": tags_of(repo.kind, card, library),
        "siblings": [_sibling(path, file, with_blobs) for path, file in sorted(commit.files.items())],
        "cardData": json.loads(json.dumps(card, default=str)),
        "usedStorage": sum(file.size for file in commit.files.values()),
    }
    return about | {name: value for name, value in _of_its_kind(repo, commit, card, library).items() if value is not None}


def tags_of(kind: Kind, card: Mapping[str, Any], library: str | None) -> list[str]:
    """The tags that the Hub makes of a card, which its listings filter by."""
    relation = card.get("base_model_relation", "finetune")
    bases = _several(card.get("base_model"))
    tags = [*filter(None, [library, card.get("pipeline_tag"), card.get("sdk")]), *_several(card.get("tags"))]
    tags += [f"{name}:{value}" for name in _TAGGED[kind] for value in _several(card.get(name))]
    tags += [f"dataset:{name}" for name in _several(card.get("datasets"))]
    tags += [f"base_model:{name}" for name in bases] + [f"base_model:{relation}:{name}" for name in bases]
    tags += [f"language:{name}" if kind == "dataset" else str(name) for name in _several(card.get("language"))]
    tags += [f"license:{name}" for name in _several(card.get("license"))]
    return list(dict.fromkeys([*map(str, tags), "region:us"]))


def describe_file(path: str, file: File) -> dict[str, Any]:
    """A row of a listing."""
    about = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
    return about | ({"lfs": {**_large(file), "oid": file.sha256}} if file.sha256 else {})


def describe_commit(commit: Commit) -> dict[str, Any]:
    """A row of a history."""
    return {
        "id": commit.oid,
        "title": commit.title,
        "message": commit.description,
        "authors": [{"user": commit.author, "avatar": ""}],
        "date": moment(commit.date),
    }


def last_change(history: Iterable[Commit], path: str) -> dict[str, Any]:
    """The newest commit of a history that changed a file or a folder."""
    ordered = list(history)
    now = _at(ordered[0], path)
    same = next((at for at, commit in enumerate(ordered) if _at(commit, path) != now), len(ordered))
    found = ordered[same - 1]
    return {"id": found.oid, "title": found.title, "date": moment(found.date)}


def _at(commit: Commit, path: str) -> str | None:
    return commit.files[path].oid if path in commit.files else commit.folders.get(path)


def _large(file: File) -> dict[str, Any]:
    return {"size": file.size, "sha256": file.sha256, "pointerSize": len(pointer(file.sha256 or "", file.size))}


def _sibling(path: str, file: File, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": path}
    return {"rfilename": path, "size": file.size, "blobId": file.oid} | ({"lfs": _large(file)} if file.sha256 else {})


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _library(repo: Repo, commit: Commit) -> str | None:
    found = {"adapter_config.json": "peft", "model_index.json": "diffusers", "config.json": "transformers"}
    return next((name for path, name in found.items() if path in commit.files), None) if repo.kind == "model" else None


def _of_its_kind(repo: Repo, commit: Commit, card: Mapping[str, Any], library: str | None) -> dict[str, Any]:
    if repo.kind == "space":
        return {"sdk": card.get("sdk"), "runtime": runtime(repo), "host": None, "models": card.get("models")}
    if repo.kind == "dataset":
        return {"description": card.get("pretty_name")}
    try:
        config = json.loads(text_of(repo, commit, "config.json") or "null")
    except ValueError:
        config = None
    kept = {name: config[name] for name in ("architectures", "model_type") if name in config} if isinstance(config, dict) else None
    about = {"modelId": repo.id, "library_name": library, "pipeline_tag": card.get("pipeline_tag"), "config": kept}
    return about | {"model-index": card.get("model-index"), "spaces": []}


def runtime(repo: Repo) -> dict[str, Any]:
    """How a Space is doing: the hub builds nothing, it looks whether the app's file is there."""
    commit = repo.commit_at("main")
    card = card_of(repo, commit)
    app = card.get("app_file") or {"docker": "Dockerfile", "static": "index.html"}.get(str(card.get("sdk")), "app.py")
    stage = "RUNNING" if app in commit.files else "NO_APP_FILE"
    stage = "CONFIG_ERROR" if "sdk" not in card else "PAUSED" if repo.space.paused else stage
    hardware = {"current": repo.space.hardware if stage == "RUNNING" else None, "requested": repo.space.hardware}
    return {"stage": stage, "hardware": hardware, "storage": None, "gcTimeout": repo.space.sleep_s or 172800, "replicas": {"requested": 1}}
