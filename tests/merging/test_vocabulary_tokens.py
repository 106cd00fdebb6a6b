"""Which row a token has, by our reading of a tokenizer's files and by the libraries'."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import GPT2Tokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.models.bert.tokenization_bert import load_vocab

from hf_regional.errors import DamagedFileError
from hf_regional.merging.vocabulary import read_vocabulary
from tiny_towers import WORDS, make_tokenizer


def unigram() -> PreTrainedTokenizerBase:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        WORDS, trainers.UnigramTrainer(vocab_size=40, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


def wordpiece() -> PreTrainedTokenizerBase:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(WORDS, trainers.WordPieceTrainer(vocab_size=60, special_tokens=["[UNK]"], show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


@pytest.mark.parametrize("make", [make_tokenizer, unigram, wordpiece])
def test_tokenizer_json_of_each_kind_is_read_as_the_library_reads_it(make: Callable[[], PreTrainedTokenizerBase], tmp_path: Path) -> None:
    tokenizer = make()
    tokenizer.add_tokens(["selamat", "pagi"])
    tokenizer.add_special_tokens({"pad_token": "<rest>"})
    tokenizer.save_pretrained(tmp_path)
    vocabulary = read_vocabulary(tmp_path)
    assert vocabulary is not None
    assert vocabulary.ids == tokenizer.get_vocab()
    assert vocabulary.last == len(tokenizer) - 1
    assert vocabulary.rows is None


def test_merges_are_passed_over_whatever_stands_in_them_and_tokens_that_look_like_them_are_kept(tmp_path: Path) -> None:
    pieces = ["[", "]", '"', "\\", ",", '"merges": [', "a"]
    merges = [("[", "]"), ('"', "\\"), ("\\", '"'), ("]", "["), (",", '"')]
    vocab = {token: row for row, token in enumerate([*pieces, *("".join(pair) for pair in merges)])}
    Tokenizer(models.BPE(vocab, merges)).save(str(tmp_path / "tokenizer.json"))
    vocabulary = read_vocabulary(tmp_path)
    assert vocabulary is not None
    assert vocabulary.ids == vocab


def test_no_tokenizer_and_no_torch_is_loaded(tmp_path: Path) -> None:
    make_tokenizer().save_pretrained(tmp_path)
    code = (
        "import sys, pathlib; from hf_regional.merging.vocabulary import read_vocabulary\n"
        "print(len(read_vocabulary(pathlib.Path(sys.argv[1])).ids), {'torch', 'transformers', 'tokenizers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "55 set()\n"


def test_vocab_txt_is_read_by_lines_even_where_a_token_is_a_line_separator(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2028", "\x85", "pagi"]
    (tmp_path / "vocab.txt").write_bytes("".join(f"{word}\r\n" if word == "pagi" else f"{word}\n" for word in words).encode())
    vocabulary = read_vocabulary(tmp_path)
    assert vocabulary is not None
    assert vocabulary.ids == {word: row for row, word in enumerate(words)}
    assert vocabulary.ids == dict(load_vocab(str(tmp_path / "vocab.txt")))


def test_vocab_json_and_what_was_added_beside_it(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text('{"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}')
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\n")
    (tmp_path / "added_tokens.json").write_text('{"selamat": 4}')
    (tmp_path / "tokenizer_config.json").write_text('{"added_tokens_decoder": {"4": {"content": "selamat"}, "5": {"content": "pagi"}}}')
    (tmp_path / "config.json").write_text('{"text_config": {"vocab_size": 8, "type_vocab_size": 2}}')
    vocabulary = read_vocabulary(tmp_path)
    assert vocabulary is not None
    library = GPT2Tokenizer(vocab={"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}, merges=[("a", "b")])
    library.add_tokens(["selamat", "pagi"])
    assert vocabulary.ids == library.get_vocab()
    assert (vocabulary.rows, vocabulary.last) == (8, 5)


@pytest.mark.parametrize("names", [[], ["tokenizer.model"], ["added_tokens.json", "tokenizer_config.json"]])
def test_a_folder_without_a_whole_table_has_no_vocabulary(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("{}")
    assert read_vocabulary(tmp_path) is None


WORD_LEVEL = {"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}}, "added_tokens": [{"id": 2, "content": "c"}]}
BROKEN = {
    "two files": (
        {"tokenizer.json": WORD_LEVEL, "added_tokens.json": {"c": 3}},
        r"'c' is row 2 in tokenizer.json and 3 in added_tokens.json",
    ),
    "two rows in one file": ({"vocab.txt": "a\nb\na\n"}, r"'a' is row 0 in vocab.txt and 2 in vocab.txt"),
    "two tokens on a row": ({"vocab.json": {"a": 0, "b": 1, "c": 1}}, r"row 1 belongs to two tokens, 'b' and 'c'"),
    "a name twice": ({"vocab.json": '{"a": 0, "a": 1}'}, "a name stands in it twice"),
    "no JSON": ({"tokenizer.json": "{"}, "cannot be read as JSON"),
    "no object": ({"vocab.json": "[]"}, "no table of tokens"),
    "no model": ({"tokenizer.json": {"added_tokens": []}}, "no table of tokens"),
    "no rows": ({"vocab.json": {"a": "0"}}, "no table of tokens"),
    "a negative row": ({"vocab.json": {"a": -1}}, "no table of tokens"),
    "pieces without a name": ({"tokenizer.json": {"model": {"vocab": [[1, 0.5]]}}}, "no table of tokens"),
    "an added token without a row": (
        {"tokenizer.json": {"model": {"vocab": {}}, "added_tokens": [{"content": "c"}]}},
        "no table of tokens",
    ),
    "an added row that is no number": (
        {"vocab.json": {"a": 0}, "tokenizer_config.json": {"added_tokens_decoder": {"one": {"content": "b"}}}},
        "no table of tokens",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_tables_that_contradict_themselves_or_each_other_are_refused(case: str, tmp_path: Path) -> None:
    files, message = BROKEN[case]
    for name, content in files.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DamagedFileError, match=message):
        read_vocabulary(tmp_path)
