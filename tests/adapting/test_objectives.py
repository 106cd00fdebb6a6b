"""The two contrastive losses: against the models' own, and by hand where several answers are right."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.adapting.batches import PairCollator
from hf_regional.adapting.objectives import positives_of, sigmoid_loss, softmax_loss
from hf_regional.encoding import load_encoder
from tiny_towers import WORDS, picture

LOSSES = [softmax_loss, sigmoid_loss]


@pytest.mark.parametrize(("family", "loss"), [("clip", softmax_loss), ("siglip", sigmoid_loss)])
def test_with_one_answer_a_row_the_loss_is_the_models_own(bases, family, loss):
    encoder = load_encoder(bases[family], device="cpu")
    inputs = encoder.image_inputs([picture(words) for words in WORDS[:6]]) | encoder.text_inputs(WORDS[:6])
    with torch.inference_mode():
        out = encoder.model(**inputs, return_loss=True)
    assert float(loss(out.logits_per_image, torch.eye(6, dtype=torch.bool))) == pytest.approx(float(out.loss), rel=1e-5)


def test_logits_that_are_all_equal_cost_the_logarithm_of_the_batch():
    for positives in (torch.eye(4), torch.ones(4, 4)):
        assert float(softmax_loss(torch.zeros(4, 4), positives.bool())) == pytest.approx(math.log(4))


def test_two_pairs_of_one_picture_by_hand_softmax():
    # Every answer is right, so each row and each column wants (1/2, 1/2); logit 0 against 2 has log p = -ln(1 + e^±2).
    logits, both = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.ones(2, 2, dtype=torch.bool)
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(2))) / 2  # (0.1269 + 2.1269) / 2
    assert expected == pytest.approx(1.1269, abs=1e-4)
    assert float(softmax_loss(logits, both)) == pytest.approx(expected)


def test_two_pairs_of_one_picture_by_hand_sigmoid():
    # -1/2 (ln σ(2) + ln σ(0) + ln σ(0) + ln σ(2)) = 0.1269 + 0.6931; with the diagonal alone the zeros cost the same.
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    assert float(sigmoid_loss(logits, torch.ones(2, 2, dtype=torch.bool))) == pytest.approx(0.8201, abs=1e-4)
    assert float(sigmoid_loss(logits, torch.eye(2, dtype=torch.bool))) == pytest.approx(0.8201, abs=1e-4)
    # And a wrong answer at logit 2 costs -ln σ(-2) = 2.1269.
    assert float(sigmoid_loss(torch.tensor([[0.0, 2.0], [0.0, 0.0]]), torch.eye(2, dtype=torch.bool))) == pytest.approx(
        (3 * 0.6931 + 2.1269) / 2, abs=1e-4
    )


def test_a_second_right_answer_is_not_pushed_away():
    # Texts 0 and 1 both belong to picture 0: without knowing it, the loss falls when text 1 leaves picture 0.
    positives = positives_of(torch.tensor([7, 7]), torch.tensor([1, 2]))
    for loss in LOSSES:
        logits = torch.zeros(2, 2, requires_grad=True)
        loss(logits, positives).backward()
        assert logits.grad is not None
        assert logits.grad[0, 1] <= 0
        ignorant = torch.zeros(2, 2, requires_grad=True)
        loss(ignorant, torch.eye(2, dtype=torch.bool)).backward()
        assert ignorant.grad is not None
        assert ignorant.grad[0, 1] > 0


def test_a_pair_is_right_by_its_picture_or_by_its_text():
    #          pictures a a b c, texts x y y z
    found = positives_of(torch.tensor([1, 1, 2, 3]), torch.tensor([8, 9, 9, 7]))
    assert found.int().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]


keys = st.lists(st.integers(0, 3), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None)
@given(pictures=keys, texts=keys, seed=st.integers(0, 99))
def test_the_order_of_the_batch_does_not_matter(pictures, texts, seed):
    n = min(len(pictures), len(texts))
    generator = torch.Generator().manual_seed(seed)
    logits, order = torch.randn(n, n, generator=generator) * 5, torch.randperm(n, generator=generator)
    positives = positives_of(torch.tensor(pictures[:n]), torch.tensor(texts[:n]))
    for loss in LOSSES:
        shuffled = loss(logits[order][:, order], positives[order][:, order])
        assert float(shuffled) == pytest.approx(float(loss(logits, positives)), rel=1e-5, abs=1e-6)


def test_a_batch_knows_its_pictures_and_texts_again(bases, rows):
    encoder = load_encoder(bases["clip"], device="cpu")
    undecoded = rows.with_format(None)
    red, green = undecoded[0], undecoded[1]
    batch = PairCollator(encoder.processor, encoder.model.config)([red, {**green, "text": "LEFT red"}, {**red, "text": "rouge"}, green])
    assert batch["pixel_values"].shape == (4, 3, 16, 16)
    right = positives_of(batch["image_keys"], batch["text_keys"]).int().tolist()
    # "LEFT red" is "left red" (rows 0, 1); rows 0 and 2 share a picture, and so do 1 and 3.
    assert right == [[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]


@pytest.mark.parametrize("room", [0, 5000, 1 << 20])
def test_the_pictures_of_a_batch_do_not_depend_on_what_is_remembered(bases, rows, room):
    encoder = load_encoder(bases["clip"], device="cpu")
    collate = PairCollator(encoder.processor, encoder.model.config, cache_bytes=room)
    expected = encoder.image_inputs([row["image"] for row in rows])["pixel_values"]
    for _ in range(2):
        assert torch.equal(collate(list(rows))["pixel_values"], expected)
