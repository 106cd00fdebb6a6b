"""Duplicates: rows in; which are copies of one another or of an evaluation set, which of them stay, and why the others go, out.

    found = find_duplicates(table["image"], table["text"], table["region_countries"], table["language"])
    print(found.report)
    rows = table.filter(pa.array(found.keep))

    clean = contaminated(table["image"], table["text"], evaluation_sets={"cvqa": "cvqa.hashes.parquet"})
    print(clean.sets["cvqa"].rows)

The way: `thumbnails`, `hashing`, `images` (bytes to 64-bit hashes); `bands`, `neighbours` (near pairs of hashes); `wording`,
`shingles`, `signatures`, `texts` (near pairs of texts); `places`, `preference`, `links`, `groups`, `finding` (which row stays);
`fingerprints`, `decontamination` (evaluation sets).
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.filtering.duplicates.decontamination import Contamination as Contamination
    from hf_regional.filtering.duplicates.decontamination import contaminated as contaminated
    from hf_regional.filtering.duplicates.finding import Duplicates as Duplicates
    from hf_regional.filtering.duplicates.finding import find_duplicates as find_duplicates
    from hf_regional.filtering.duplicates.fingerprints import Fingerprints as Fingerprints
    from hf_regional.filtering.duplicates.fingerprints import fingerprint as fingerprint
    from hf_regional.filtering.duplicates.fingerprints import read_hashes as read_hashes
    from hf_regional.filtering.duplicates.fingerprints import write_hashes as write_hashes
    from hf_regional.filtering.duplicates.hashing import perceptual_hashes as perceptual_hashes
    from hf_regional.filtering.duplicates.images import ImageHashes as ImageHashes
    from hf_regional.filtering.duplicates.images import hash_images as hash_images
    from hf_regional.filtering.duplicates.images import hashes_of_table as hashes_of_table
    from hf_regional.filtering.duplicates.images import join_hashes as join_hashes
    from hf_regional.filtering.duplicates.neighbours import Neighbours as Neighbours
    from hf_regional.filtering.duplicates.neighbours import find_neighbours as find_neighbours
    from hf_regional.filtering.duplicates.neighbours import match_hashes as match_hashes
    from hf_regional.filtering.duplicates.summary import DuplicateReport as DuplicateReport

_HERE = "hf_regional.filtering.duplicates"
_HOMES = {
    "Contamination": f"{_HERE}.decontamination",
    "DuplicateReport": f"{_HERE}.summary",
    "Duplicates": f"{_HERE}.finding",
    "Fingerprints": f"{_HERE}.fingerprints",
    "ImageHashes": f"{_HERE}.images",
    "Neighbours": f"{_HERE}.neighbours",
    "contaminated": f"{_HERE}.decontamination",
    "find_duplicates": f"{_HERE}.finding",
    "find_neighbours": f"{_HERE}.neighbours",
    "fingerprint": f"{_HERE}.fingerprints",
    "hash_images": f"{_HERE}.images",
    "hashes_of_table": f"{_HERE}.images",
    "join_hashes": f"{_HERE}.images",
    "match_hashes": f"{_HERE}.neighbours",
    "perceptual_hashes": f"{_HERE}.hashing",
    "read_hashes": f"{_HERE}.fingerprints",
    "write_hashes": f"{_HERE}.fingerprints",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
