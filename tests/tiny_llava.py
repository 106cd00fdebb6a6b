"""A LLaVA of some ten thousand parameters that has learnt to judge pictures of one colour, with its processor, as a plain folder.

Red has 5, blue has 1, and about green it says that it cannot tell; of two pictures it judges the second. It is trained on the spot for
a second or two, so that an answer shows which picture and which prompt the model was given.
"""

import json
from pathlib import Path

import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

SIDE = 8
SAYS = {"red": "Good . Final Score : 5", "blue": "Bad . Final Score : 1", "green": "I cannot tell ."}
SPECIAL = ("<pad>", "<unk>", "<s>", "</s>", "<image>")
YES_NO = {"red": "Yes", "blue": "No", "green": "I cannot tell ."}
WORDS = (*SPECIAL, "USER", "ASSISTANT", "Judge", "this", *dict.fromkeys(" ".join((*SAYS.values(), *YES_NO.values(), "A B C")).split()))
TEMPLATE = (
    "<s>{% for message in messages %}USER {% for part in message.content %}"
    "{% if part.type == 'image' %}<image> {% else %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT{% endif %}"
)


def plain(colour: str, side: int = SIDE) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


def make_processor() -> LlavaProcessor:
    words = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.normalizer, words.pre_tokenizer = normalizers.NFC(), pre_tokenizers.Whitespace()
    words.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )
    pictures = CLIPImageProcessor(size={"height": SIDE, "width": SIDE}, do_center_crop=False)
    return LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=4,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )


def make_model() -> LlavaForConditionalGeneration:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    text = LlamaConfig(**sizes, **ends, vocab_size=len(WORDS), max_position_embeddings=1024)
    vision = CLIPVisionConfig(**sizes | {"num_hidden_layers": 1}, image_size=SIDE, patch_size=4)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=WORDS.index("<image>"), vision_feature_layer=-1, **ends)
    return LlavaForConditionalGeneration(config)


def save_llava(
    folder: Path, prompts: tuple[str, ...] = ("Judge this",), *, says: dict[str, str] = SAYS, seed: int = 0, steps: int = 120
) -> Path:
    """Train on each prompt with each colour, and write model and processor; the folder."""
    torch.manual_seed(seed)
    processor, model = make_processor(), make_model()
    processor.tokenizer.padding_side = "right"
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    pairs = [(prompt, colour) for prompt in prompts for colour in says]
    texts = [f"<s>USER <image> {prompt} ASSISTANT {says[colour]} </s>" for prompt, colour in pairs]
    inputs = processor(
        text=texts, images=[[plain(colour)] for _, colour in pairs], padding=True, return_tensors="pt", add_special_tokens=False
    )
    answered = (inputs["input_ids"] == WORDS.index("ASSISTANT")).cumsum(1) > 0
    labels = torch.where(
        answered & (inputs["attention_mask"] == 1) & (inputs["input_ids"] != WORDS.index("ASSISTANT")), inputs["input_ids"], -100
    )
    for _ in range(steps):
        loss = model(**inputs, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / "loss.json").write_text(json.dumps(loss.item()))
    return folder
