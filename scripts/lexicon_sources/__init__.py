"""The sources of the lexicon, one a module: each gives rows of `Word`, which `scripts/build_lexicon.py` merges and writes."""
