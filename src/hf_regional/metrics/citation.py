"""Papers behind several metrics, as BibTeX: parity, CLIPScore, GlobalRG."""

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

CLIP_SCORE: Final = """\
@inproceedings{hessel2021clipscore,
  title = {CLIPScore: A Reference-free Evaluation Metric for Image Captioning},
  author = {Hessel, Jack and Holtzman, Ari and Forbes, Maxwell and Le Bras, Ronan and Choi, Yejin},
  booktitle = {Proceedings of EMNLP},
  year = {2021},
  url = {https://arxiv.org/abs/2104.08718},
}"""
CLIP_SCORE_URL: Final = "https://arxiv.org/abs/2104.08718"

GLOBAL_RG: Final = """\
@inproceedings{bhatia2024local,
  title = {From Local Concepts to Universals: Evaluating the Multicultural Understanding of Vision-Language Models},
  author = {Bhatia, Mehar and Ravi, Sahithya and Chinchure, Aditya and Hwang, Eunjeong and Shwartz, Vered},
  booktitle = {Proceedings of EMNLP},
  year = {2024},
  url = {https://arxiv.org/abs/2407.00263},
}"""
GLOBAL_RG_URL: Final = "https://arxiv.org/abs/2407.00263"
