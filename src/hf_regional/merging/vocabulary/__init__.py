"""Vocabularies: checkpoints whose tokenizers differ in, their rows matched by token out. Never by index.

A region's languages need tokens of their own, so its model has more rows in its embeddings and its head than the world's, or the
same rows in another order. `plan_vocabulary` says what that means for the output, or refuses where it cannot be decided:

- `tokens`: a folder's tokenizer files in, the row of each token out;
- `rows`: vocabularies in, for each row of the output the row of every side;
- `axes`: shapes in, which tensors are indexed by token, and along which axis;
- `gathered`: such a tensor's rows as a `Source`, read where they lie;
- `grown`: headers, indexes and configurations as they must read with another number of rows;
- `plan`: all of it for two checkpoints, and which tokenizer goes with the result.
"""

from hf_regional.merging.vocabulary.grown import grown_config, grown_index, grown_shard
from hf_regional.merging.vocabulary.plan import Regrown, VocabularyPlan, plan_vocabulary
from hf_regional.merging.vocabulary.rows import RowMap, match_vocabularies
from hf_regional.merging.vocabulary.tokens import Vocabulary, read_vocabulary

__all__ = [
    "Regrown",
    "RowMap",
    "Vocabulary",
    "VocabularyPlan",
    "grown_config",
    "grown_index",
    "grown_shard",
    "match_vocabularies",
    "plan_vocabulary",
    "read_vocabulary",
]
