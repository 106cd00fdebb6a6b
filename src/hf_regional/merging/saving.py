"""Saving: a merged model that its library has saved in, the library's own class name, `regional.json` and a card beside it out."""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from torch import nn

from hf_regional.cards import CardFacts, write_card
from hf_regional.durable import atomic_file, copy_file
from hf_regional.errors import OutputExistsError
from hf_regional.merging.loading import named_tensors, plain_class
from hf_regional.merging.modules import Mix
from hf_regional.merging.pairing import groups_of
from hf_regional.merging.provenance import told

_log = logging.getLogger(__name__)
_CARD: Final = "README.md"
_CONFIGS: Final = ("config.json", "model_index.json")
# Weights of an earlier push, cut into other shards, would stay beside the new ones, and be loaded in their place.
_STALE: Final = [f"{part}{stem}*.safetensors*" for part in ("", "*/") for stem in ("model", "diffusion_pytorch_model")]


def make_plain(folder: Path, model: Any) -> None:
    """Write the name of the library's class where the library wrote the model's own, so that every loader finds it."""
    name = plain_class(model).__name__
    plain = {"architectures": [name], "_class_name": name}
    for file in (folder / config for config in _CONFIGS if (folder / config).is_file()):
        content = json.loads(file.read_text(encoding="utf-8"))
        with atomic_file(file) as partial:
            renamed = content | {key: value for key, value in plain.items() if content.get(key)}
            partial.write_text(json.dumps(renamed, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if getattr(getattr(model, "config", None), "architectures", None):
        model.config.architectures = [name]


def write_facts(folder: Path, model: Any, mix: Mix, given: CardFacts) -> None:
    """Write `regional.json` and the card of a merged model. A card that somebody else wrote stays, with a warning."""
    parameters = sum(tensor.numel() for tensor in groups_of(named_tensors(model)).values() if isinstance(tensor, nn.Parameter))
    kind = plain_class(model).__name__
    described = {
        "name": folder.resolve().name,
        "model_type": getattr(getattr(model, "config", None), "model_type", kind),
        "architectures": [kind],
        "parameters": parameters,
    }
    told(given, mix.base, mix.regionals, model=described, merging=mix.report()).save(folder)
    try:
        write_card(folder)
    except OutputExistsError:
        _log.warning("%s was not written by hf-regional and stays; `write_card(folder, overwrite=True)` replaces it", folder / _CARD)


def upload(
    folder: Path,
    repo_id: str,
    save: Callable[[], Any],
    *,
    commit_message: str = "Upload merged model",
    commit_description: str | None = None,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    tags: Sequence[str] | str = (),
) -> Any:
    """Make the repository, save into `folder` beside the card that is there already, and push all in one commit.

    Returns:
        The `CommitInfo` of `huggingface_hub`.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError

    api = HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with suppress(EntryNotFoundError, RevisionNotFoundError):  # a new repository has none
        copy_file(Path(api.hf_hub_download(repo_id, _CARD, revision=revision)), folder / _CARD)
    save()
    _add_tags(folder / _CARD, [tags] if isinstance(tags, str) else list(tags))
    if revision is not None and not revision.startswith("refs/pr"):
        api.create_branch(repo_id, branch=revision, exist_ok=True)
    return api.upload_folder(
        repo_id=repo_id,
        folder_path=folder,
        commit_message=commit_message,
        commit_description=commit_description,
        revision=revision,
        create_pr=create_pr,
        delete_patterns=_STALE,
    )


def _add_tags(card: Path, tags: list[str]) -> None:
    from huggingface_hub import ModelCard

    if tags:
        written: Any = ModelCard.load(card)
        written.data.tags = [*dict.fromkeys([*(written.data.tags or []), *tags])]
        written.save(card)
