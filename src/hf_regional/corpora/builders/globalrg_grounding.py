"""GlobalRG, grounding: a picture a row, with a thing of one country's culture that can be seen in it. Where in it is not public.

Published by Bhatia et al. (EMNLP 2024, arXiv:2407.00263) as `UBCNLP/GlobalRG-Grounding`, CC BY 4.0.
"""

from datasets import Features, Image, Value

from hf_regional.corpora.builders.globalrg_retrieval import GlobalRgRetrieval


class GlobalRgGrounding(GlobalRgRetrieval):
    """Builder of GlobalRG's grounding part: the thing is the text and the topic."""

    NAME = "globalrg-grounding"
    THING = "concept"
    RAW = Features({"u_id": Value("string"), "image": Image(), "region": Value("string"), "concept": Value("string")})
    NEEDED = ("image", "region", "concept")
    OPTIONAL = GlobalRgRetrieval.OPTIONAL
    FILES = GlobalRgRetrieval.FILES
