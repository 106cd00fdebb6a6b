"""The paper behind parity, as BibTeX."""

from typing import Final

GG_EZ: Final = """\
@misc{cahyawijaya2026anthropogenic,
  title = {Anthropogenic Regional Adaptation},
  author = {Cahyawijaya, Samuel and others},
  year = {2026},
  eprint = {2604.11490},
  archivePrefix = {arXiv},
  url = {https://arxiv.org/abs/2604.11490},
}"""
GG_EZ_URL: Final = "https://arxiv.org/abs/2604.11490"
