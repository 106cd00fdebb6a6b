"""The snippet on a card is run as it stands, on tiny models with random weights."""

import re
import subprocess
import sys

import pytest
from PIL import Image

from hf_regional.cards import CardFacts, write_card

WORDS = {"<pad>": 0, "<unk>": 1, "</s>": 2, "fish": 3, "ikan": 4}
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 5,
    "max_position_embeddings": 8,
}
VISION = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32, "patch_size": 16}


def tokenizer():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel(WORDS, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="</s>", model_max_length=8)


def clip():
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    text = TEXT | {"eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 0}
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=8)), CLIPProcessor(images, tokenizer())


def siglip():
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    return SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION)), SiglipProcessor(images, tokenizer())


@pytest.mark.parametrize("make", [clip, siglip])
@pytest.mark.filterwarnings("ignore")  # what the libraries say of their own image processors is not ours
def test_the_snippet_runs_as_it_stands(tmp_path, make):
    model, processor = make()
    folder = tmp_path / 'a "quoted" folder'
    for part in (model, processor):
        part.save_pretrained(folder)
    CardFacts().with_step("model", name="tiny", model_type=make.__name__, repo_id=str(folder)).save(folder)
    snippet = re.search(r"```python\n(import torch.*?)```", write_card(folder).read_text(), flags=re.DOTALL)[1]
    for name, colour in (("first.png", "red"), ("second.png", "blue")):
        Image.new("RGB", (40, 40), colour).save(tmp_path / name)
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"( *-?\d+\.\d\d  (first|second)\.png\n){2}", done.stdout)
