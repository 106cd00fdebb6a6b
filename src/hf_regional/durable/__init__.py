"""Durable work: folders and files that appear whole or not at all, content digests, and work that goes on after a kill.

with atomic_folder(Path("out")) as folder:   # a hidden sibling; "out" appears by one rename at the end
    (folder / "model.safetensors").write_bytes(data)

with resumable_folder(Path("out"), key) as folder:   # the same, and the same key finds after a kill what was written before
    journal = Journal(folder)
    if journal.done("model.safetensors") is None:
        (folder / "model.safetensors").write_bytes(data)
        journal.finish("model.safetensors", {}, [folder / "model.safetensors"])
"""

from hf_regional.durable.appearing import atomic_file as atomic_file
from hf_regional.durable.appearing import atomic_folder as atomic_folder
from hf_regional.durable.appearing import copy_file as copy_file
from hf_regional.durable.appearing import require_writable as require_writable
from hf_regional.durable.digests import digest_of as digest_of
from hf_regional.durable.digests import file_sha256 as file_sha256
from hf_regional.durable.digests import folder_digest as folder_digest
from hf_regional.durable.journal import Journal as Journal
from hf_regional.durable.resuming import require_new as require_new
from hf_regional.durable.resuming import resumable_folder as resumable_folder
from hf_regional.durable.stages import Stages as Stages

__all__ = [
    "Journal",
    "Stages",
    "atomic_file",
    "atomic_folder",
    "copy_file",
    "digest_of",
    "file_sha256",
    "folder_digest",
    "require_new",
    "require_writable",
    "resumable_folder",
]
