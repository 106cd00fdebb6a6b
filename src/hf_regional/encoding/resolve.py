"""From whatever names a checkpoint (a folder, a Hub id with a revision, a record with a path) to a folder on this disk."""

from pathlib import Path

from hf_regional.errors import MissingFileError
from hf_regional.protocols import HasPath

# Pickles can run code when they are opened; ours never are, so they are not even fetched.
_NEVER = ["*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.h5", "*.onnx", "*.pkl"]


def parse_model_id(model: str) -> tuple[str, str | None]:
    """Split "owner/name@revision"; without "@" the revision is None.

    >>> parse_model_id("google/siglip2-so400m-patch14-384@main")
    ('google/siglip2-so400m-patch14-384', 'main')
    """
    name, _, revision = model.partition("@")
    return name, revision or None


def resolve_folder(model: str | Path | HasPath, *, revision: str | None = None) -> Path:
    """The folder of a checkpoint, downloaded from the Hub where it is an id.

    Raises:
        MissingFileError: neither a folder nor a repository that can be reached.
    """
    if isinstance(model, HasPath):
        model = Path(model.path)
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if isinstance(model, Path) or model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise MissingFileError(f"{model} is no folder. Give a checkpoint folder, or a Hub id such as 'google/siglip2-base-patch16-224'.")
    return _download(*parse_model_id(model), revision)


def _download(repo_id: str, inner: str | None, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo_id, revision=revision or inner, ignore_patterns=_NEVER))
    except GatedRepoError as error:
        advice = f"accept its terms at https://huggingface.co/{repo_id} and log in with `hf auth login`"
        raise MissingFileError(f"{repo_id} is gated: {advice}.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        advice = "check the spelling, the connection, and HF_HUB_OFFLINE; a folder on this disk works without any"
        raise MissingFileError(f"{repo_id!r} is no folder here and could not be fetched from the Hub: {advice}.") from error
