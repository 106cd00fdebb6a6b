"""Unpacked: an archive of pictures that many tables share in; a folder with them, made once and kept, out."""

from pathlib import Path, PurePosixPath

from hf_regional.corpora.archives import members
from hf_regional.corpora.pictures import ENDINGS
from hf_regional.corpora.repository import Store
from hf_regional.durable import atomic_folder, digest_of


def unpacked(store: Store, archive: str, home: Path) -> Path:
    """Unpack the pictures of an archive, each once for every state of the store; the whole archive is fetched.

    Args:
        store: where it lies.
        archive: its name there.
        home: the folder in which folders of unpacked archives stand.

    Raises:
        DamagedFileError: the archive is cut off. CannotWriteError: there is no room for the pictures.
    """
    final = home / "unpacked" / digest_of([store.fingerprint, archive])[:24]
    if not final.is_dir():
        with atomic_folder(final) as folder, store.path(archive).open("rb") as file:
            for member in members(file, f"{store.origin}/{archive}", _is_wanted):
                place = folder / member.name.removeprefix("./")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(member.data)
    return final


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    # A name that leads out of the folder is nobody's picture.
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and name.lower().endswith(ENDINGS)
