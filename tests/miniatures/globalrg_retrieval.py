"""`UBCNLP/GlobalRG-Retrieval`: countries in small letters; one split in four shards."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_ROWS = (("indonesia", "wedding"), ("vietnam", "breakfast"), ("south korea", "wedding"), ("united states", "funeral"))


def write(folder: Path, thing: str = "universal", rows: tuple[tuple[str, str], ...] = _ROWS, shards: int = 4) -> None:
    features = datasets.Features({"u_id": _TEXT, "image": datasets.Image(), "region": _TEXT, thing: _TEXT})
    (folder / "data").mkdir()
    size = len(rows) // shards
    for shard in range(shards):
        numbered = [*enumerate(rows)][shard * size : (shard + 1) * size]
        part = [{"u_id": f"u{number}", "image": cell(number), "region": region, thing: said} for number, (region, said) in numbered]
        found = datasets.Dataset.from_list(part, features=features)
        found.to_parquet(str(folder / "data" / f"test-{shard:05d}-of-{shards:05d}.parquet"))
