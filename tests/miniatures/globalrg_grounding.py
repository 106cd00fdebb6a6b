"""`UBCNLP/GlobalRG-Grounding`: as `globalrg_retrieval`, with a thing of one culture under `concept`; one shard."""

from pathlib import Path

from miniatures import globalrg_retrieval


def write(folder: Path) -> None:
    globalrg_retrieval.write(folder, "concept", (("philippines", "bahay kubo"), ("mexico", "alebrije"), ("vietnam", "ao dai")), shards=1)
