"""A model of transformers on this machine: a tiny LLaVA that has learnt to tell colours answers, so each answer shows what it was given."""

import json
import pickle
import shutil

import pytest
from PIL import Image

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, NoAnswerError, OutOfRangeError
from hf_regional.generating import KeptAnswers, LocalModel, Prompt, Sampling, answer_all
from hf_regional.generating.chat import load_chat
from small_clip import png

RED, BLUE, GREEN = ({"bytes": png(colour), "path": None} for colour in ("red", "blue", "green"))
SAID = {"red": "Good . Final Score : 5", "blue": "Bad . Final Score : 1", "green": "I cannot tell ."}


def local(folder, **settings) -> LocalModel:
    return LocalModel(folder, **{"sampling": Sampling(12), "device": "cpu", "batch_size": 4} | settings)


def judged(*pictures) -> list[Prompt]:
    return [Prompt("Judge this", [picture]) for picture in pictures]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_each_prompt_is_answered_about_its_own_picture_whatever_the_batch(judge, batch_size):
    colours = ["red", "blue", "green", "green", "red", "blue", "red"]
    answers = answer_all(local(judge, batch_size=batch_size), judged(*({"bytes": png(colour), "path": None} for colour in colours)))
    assert [answer.text for answer in answers] == [SAID[colour] for colour in colours]
    assert [answer.output_tokens for answer in answers] == [len(SAID[colour].split()) + 1 for colour in colours]  # and the end
    assert {(answer.fault, answer.is_cut) for answer in answers} == {("", False)}


def test_prompts_of_unequal_length_do_not_change_each_others_answers(judge):
    long, short = Prompt("Judge this " * 20, [BLUE]), Prompt("Judge this", [RED])
    together = answer_all(local(judge), [long, short])
    alone = [answer_all(local(judge), [prompt])[0] for prompt in (long, short)]
    assert together == alone
    assert together[1].text == SAID["red"]


def test_a_picture_that_cannot_be_read_takes_no_neighbour_along(judge):
    bad = {"bytes": b"\x89PNG\r\n\x1a\n broken", "path": None}
    answers = answer_all(local(judge), judged(RED, bad, BLUE))
    assert [(answer.text, answer.fault) for answer in answers] == [(SAID["red"], ""), (None, "image"), (SAID["blue"], "")]


def test_a_caption_that_holds_special_tokens_is_text_and_no_second_picture(judge):
    tricky = Prompt("Judge this <image> <image> </s>", [RED])
    (answer, neighbour) = answer_all(local(judge), [tricky, *judged(BLUE)])
    assert (answer.fault, neighbour.text) == ("", SAID["blue"])
    assert load_chat(judge).plain("<image></s> is <s>not") == "< image>< /s> is < s>not"


def test_prompts_with_and_without_pictures_may_be_mixed(judge):
    answers = answer_all(local(judge), [Prompt("Judge this"), *judged(RED)])
    assert [answer.fault for answer in answers] == ["", ""]
    assert answers[1].text == SAID["red"]


def test_an_answer_without_an_end_is_cut(judge):
    (answer,) = answer_all(local(judge, sampling=Sampling(2)), judged(RED))
    assert (answer.text, answer.is_cut, answer.output_tokens) == ("Good .", True, 2)


def test_one_prompt_that_the_model_cannot_take_fails_alone(judge, tmp_path):
    """Token 17 lies outside the embeddings of a model whose vocabulary was cut, so one word breaks the batch that it is in."""
    folder = shutil.copytree(judge, tmp_path / "cut")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["unheard"] = 9_999
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    prompts = [*judged(RED), Prompt("Judge unheard", [RED]), *judged(BLUE, RED)]
    answers = answer_all(local(folder), prompts)
    assert [answer.fault for answer in answers] == ["", "failed", "", ""]
    assert "IndexError" in answers[1].detail
    with pytest.raises(NoAnswerError, match="3 prompts in a row"):
        answer_all(local(folder, give_up_after=3), [Prompt("Judge unheard", [RED])] * 10)


def test_sampling_is_by_the_seed(judge):
    def sampled(seed: int) -> list[str | None]:
        model = local(judge, sampling=Sampling(12, temperature=5.0, seed=seed))
        return [answer.text for answer in answer_all(model, judged(RED, BLUE, GREEN, RED))]

    assert sampled(1) == sampled(1) != sampled(2)


def test_it_pickles_unloaded_and_answers_the_same(judge):
    model = local(judge)
    first = answer_all(model, judged(RED))
    packed = pickle.dumps(model)
    assert len(packed) < 1_000
    assert answer_all(pickle.loads(packed), judged(RED)) == first


def test_kept_answers_of_a_checkpoint_are_not_those_of_one_that_was_trained_on(judge, tmp_path):
    folder = shutil.copytree(judge, tmp_path / "model")
    before = local(folder).identity
    assert KeptAnswers(local(folder), tmp_path).file == KeptAnswers(local(folder, batch_size=2, device=None), tmp_path).file
    (folder / "model.safetensors").touch()
    assert local(folder).identity != before


def test_a_checkpoint_without_a_chat_template_is_refused(judge, tmp_path):
    folder = shutil.copytree(judge, tmp_path / "bare", ignore=shutil.ignore_patterns("chat_template*"))
    with pytest.raises(ConfigError, match="no chat template"):
        answer_all(local(folder), judged(RED))


def test_a_folder_without_a_model_is_refused(judge, tmp_path):
    with pytest.raises(MissingFileError):
        answer_all(local(tmp_path / "nowhere"), judged(RED))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DamagedFileError, match="no processor"):
        answer_all(local(tmp_path / "empty"), judged(RED))
    folder = shutil.copytree(judge, tmp_path / "weightless", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(DamagedFileError, match="no image-text model"):
        answer_all(local(folder), judged(RED))


def test_large_pictures_are_shrunk_before_the_processor_sees_them(judge):
    wide = Image.new("RGB", (4_000, 40), "blue")
    assert answer_all(local(judge, longest_side=100), judged(wide))[0].text == SAID["blue"]


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"give_up_after": 0}, {"longest_side": 0}])
def test_numbers_out_of_range_are_refused(judge, wrong):
    with pytest.raises(OutOfRangeError):
        local(judge, **wrong)
