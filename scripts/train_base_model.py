"""Train the small global CLIP that comes with the package: 14 languages in full, and a little of each language of Southeast Asia.

    python scripts/train_base_model.py                    # writes src/hf_regional/corpora/data/emoji-world-clip

The model must know the region badly, not not at all: of each regional language it sees SHARE times as many texts as a global language
has. Its tokenizer is made from the training texts of both, as tokenizers of real global models are; the scripts are known, the words
are not. Azerbaijani takes no part. Nothing of validation or test is seen.
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from datasets import Dataset, DatasetDict, Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

from hf_regional.adapting import Recipe, adapt
from hf_regional.adapting.batches import PairCollator
from hf_regional.adapting.objectives import positives_of, softmax_loss
from hf_regional.corpora import load_corpus
from hf_regional.durable import atomic_folder, copy_file
from hf_regional.encoding import TwoTowerEncoder, load_encoder
from hf_regional.evaluating.protocols.retrieval import build_retrieval_task
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.sides import Scorer
from hf_regional.filtering import filter_regional
from hf_regional.regions import Region

TARGET: Final = Path(__file__).parents[1] / "src/hf_regional/corpora/data/emoji-world-clip"
SHARE: Final = 0.05
VOCABULARY: Final = 8000
TOKENS: Final = 16
SPECIAL: Final = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
RECIPE: Final = {
    "name": "emoji-world-clip-from-scratch",
    "family": "contrastive",
    "stages": [
        {
            "name": "from scratch",
            "loss": "softmax",
            # The temperature stays where CLIP starts (1 / 0.07): left free it sharpens for seen texts until the held-out loss rises.
            "trainable": ["text_model.*", "vision_model.*", "text_projection.*", "visual_projection.*"],
            "learning_rate": 2e-3,
            "weight_decay": 0.1,
            "warmup": 0.05,
            "adam_beta2": 0.98,
            "batch_size": 256,
            "max_steps": 5000,
        }
    ],
}
CARD: Final = """---
license: apache-2.0
library_name: transformers
pipeline_tag: zero-shot-image-classification
---

# emoji-world-clip

A CLIP of 1.8 million parameters, made to be adapted in minutes on a CPU. It was trained from scratch for {steps:,}
steps on {world:,} texts in 14 languages and {region:,} texts in nine languages of Southeast Asia, about 5 % of a
global language's rows each; pictures are those of Noto Color Emoji (OFL-1.1), texts those of Unicode CLDR (Unicode-
DFS-2016). It knows emoji and nothing else.

Test split, text to image among all pictures, mean over languages of the MRR: {global_mrr:.1f} % for the 14 languages,
{regional_mrr:.1f} % for the nine; chance is {chance:.2f} %. `training.json` has the settings and the losses;
`scripts/train_base_model.py` in the project's repository makes it again.
"""


def architecture(vocabulary: int) -> CLIPConfig:
    """A CLIP of 1.8 million parameters: the pictures are few and known, the texts are many, so the words get the room."""
    text = {
        "vocab_size": vocabulary,
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": TOKENS,
        "hidden_act": "gelu",
        "pad_token_id": 1,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    vision = {
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 16,
        "hidden_act": "gelu",
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=128)


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """BPE over lower-cased text; a space is a letter of its own kind, so scripts without spaces are served alike."""
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=list(SPECIAL.values()), show_progress=False)
    )
    ends = [(SPECIAL[name], tokenizer.token_to_id(SPECIAL[name])) for name in ("bos_token", "eos_token")]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=TOKENS, **SPECIAL)


def make_processor(tokenizer: PreTrainedTokenizerFast) -> CLIPProcessor:
    """Pictures squeezed to 32 × 32 (nothing is cropped: a flag's edge matters), values in [-1, 1]."""
    size, half = {"height": 32, "width": 32}, [0.5, 0.5, 0.5]
    pictures = CLIPImageProcessor(size=size, do_center_crop=False, image_mean=half, image_std=half)
    return CLIPProcessor(image_processor=pictures, tokenizer=tokenizer)


def training_rows(train: Dataset) -> tuple[Dataset, dict[str, int]]:
    """All global rows, and of each regional language a fixed sample: the rows whose ids have the smallest digests."""
    verdicts, languages = np.asarray(train["region_verdict"][:]), np.asarray(train["language"][:])
    world = np.flatnonzero(verdicts == "other")
    quota = round(SHARE * len(world) / len(set(languages[world])))
    chosen = [world]
    for language in sorted(set(languages[verdicts == "kept"])):
        rows = np.flatnonzero((languages == language) & (verdicts == "kept"))
        digests = [hashlib.sha256(train[int(row)]["id"].encode()).digest() for row in rows]
        chosen.append(rows[np.argsort(np.array(digests, dtype=object))[:quota]])
    rows = np.sort(np.concatenate(chosen))
    return train.select(rows), {"global": len(world), "regional": len(rows) - len(world)}


def validation_loss(encoder: TwoTowerEncoder, rows: Dataset, *, batch: int = 256) -> float:
    """The contrastive loss over fixed batches of held-out rows."""
    collate, losses = PairCollator(encoder.processor, encoder.model.config), []
    with torch.inference_mode():
        for start in range(0, len(rows) - batch + 1, batch):
            inputs = collate([rows[i] for i in range(start, start + batch)])
            positives = positives_of(inputs.pop("image_keys"), inputs.pop("text_keys"))
            losses.append(float(softmax_loss(encoder.model(**inputs).logits_per_image, positives)))
    return float(np.mean(losses))


def scores_on(encoder: TwoTowerEncoder, corpus: DatasetDict, split: str) -> dict[str, float]:
    """MRR of both sides on a split's names, and chance."""
    task = build_retrieval_task(corpus, split, where={"kind": ["name"]})
    scorer = Scorer([task], resamples=100)
    scores = scorer.score(measure_rows(encoder, [task]))
    return {side: scores.mean(side) for side in ("global", "regional")} | {
        f"chance_{side}": float(np.mean(list(scorer.chance[side].values()))) for side in ("global", "regional")
    }


def write_readme(folder: Path, record: dict[str, Any]) -> None:
    """The base's own card: short, with its licence, since models made from it carry that on."""
    test, rows = record["test"], record["rows"]
    text = CARD.format(
        world=rows["global"],
        region=rows["regional"],
        steps=record["recipe"]["stages"][0]["max_steps"],
        global_mrr=100 * test["global"],
        regional_mrr=100 * test["regional"],
        chance=100 * test["chance_global"],
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="one: the weights then do not depend on the number of cores")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)

    corpus = filter_regional(load_corpus("emoji-world"), Region("SEA"), exclude={"language": ["az"]}, mode="annotate").data
    texts = [
        text
        for text, verdict in zip(corpus["train"]["text"], corpus["train"]["region_verdict"], strict=True)
        if verdict in {"kept", "other"}
    ]
    rows, counts = training_rows(corpus["train"])
    held_out = corpus["validation"]
    held_out = (
        held_out.select(np.flatnonzero(np.asarray(held_out["region_verdict"][:]) == "other"))
        .shuffle(seed=0)
        .cast_column("image", Image(decode=False))
    )
    recipe = Recipe.model_validate(RECIPE).overridden(max_steps=arguments.steps)
    every = max(50, arguments.steps // 40)
    with tempfile.TemporaryDirectory() as folder:
        untrained, trained = Path(folder) / "untrained", Path(folder) / "trained"
        processor = make_processor(make_tokenizer(texts))
        CLIPModel(architecture(len(processor.tokenizer))).save_pretrained(untrained)
        processor.save_pretrained(untrained)

        def score(encoder: TwoTowerEncoder) -> dict[str, float]:
            found = {"validation_loss": validation_loss(encoder, held_out), **scores_on(encoder, corpus, "validation")}
            print(json.dumps({key: round(value, 4) for key, value in found.items()}), flush=True)
            return found

        made = adapt(untrained, rows, recipe, trained, evaluate=score, evaluate_every=every, seed=arguments.seed, device="cpu")
        test = scores_on(load_encoder(trained, device="cpu"), corpus, "test")
        record = {"recipe": recipe.model_dump(mode="json"), "rows": counts, "seed": arguments.seed, "test": test, "history": made.history}
        with atomic_folder(arguments.target, overwrite=True) as out:
            for path in trained.iterdir():
                copy_file(path, out / path.name)
            (out / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            write_readme(out, record)
    print(json.dumps(test))


if __name__ == "__main__":
    main()
