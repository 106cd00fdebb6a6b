"""From whatever names a checkpoint (a folder, a Hub id with a revision, a record with a path) to a folder on this disk."""

from pathlib import Path

from hf_regional.errors import MissingFileError
from hf_regional.protocols import HasPath

# Pickles can run code when they are opened; ours never are, so they are not even fetched.
_NEVER = ["*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.h5", "*.onnx", "*.pkl"]

_ADVICE = "check the spelling, the connection, and HF_HUB_OFFLINE; a folder on this disk works without any"


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
    _require_id(model)
    return _download(*parse_model_id(str(model)), revision)


def _require_id(model: str | Path) -> None:
    if isinstance(model, Path) or model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise MissingFileError(f"{model} is no folder. Give a checkpoint folder, or a Hub id such as 'google/siglip2-base-patch16-224'.")


def bytes_to_fetch(model: str) -> int:
    """Bytes that `resolve_folder` would download for a model: 0 for a folder and for what the cache holds already.

    Asks the Hub for the repository's listing, and fetches none of its files.

    Raises:
        MissingFileError: neither a folder nor a repository that can be reached.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
    from huggingface_hub.utils import filter_repo_objects

    if Path(model).expanduser().is_dir():
        return 0
    _require_id(model)
    repo_id, revision = parse_model_id(model)
    try:
        listing = HfApi().model_info(repo_id, revision=revision, files_metadata=True)
    except OfflineModeIsEnabled:
        resolve_folder(model)  # from the cache, or the error that says the way out
        return 0
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise MissingFileError(f"{repo_id!r} is no folder here and could not be found on the Hub: {_ADVICE}.") from error
    sizes = {file.rfilename: file.size or 0 for file in listing.siblings or []}
    wanted = filter_repo_objects(sizes, ignore_patterns=_NEVER)
    return sum(sizes[name] for name in wanted if not isinstance(try_to_load_from_cache(repo_id, name, revision=listing.sha), str))


def _download(repo_id: str, inner: str | None, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo_id, revision=revision or inner, ignore_patterns=_NEVER))
    except GatedRepoError as error:
        advice = f"accept its terms at https://huggingface.co/{repo_id} and log in with `hf auth login`"
        raise MissingFileError(f"{repo_id} is gated: {advice}.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise MissingFileError(f"{repo_id!r} is no folder here and could not be fetched from the Hub: {_ADVICE}.") from error
