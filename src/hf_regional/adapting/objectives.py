"""Contrastive objectives over a batch in which one picture may have several right texts, and one text several pictures."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor


def softmax_loss(logits: Tensor, positives: Tensor) -> Tensor:
    """CLIP's symmetric cross-entropy (arXiv:2103.00020) with uniform targets over all right answers.

    Args:
        logits: (n, n) float; row i holds picture i against every text, already scaled by the temperature.
        positives: (n, n) bool; true where the text belongs to the picture. The diagonal is always true.
    """
    return (_soft_cross_entropy(logits, positives) + _soft_cross_entropy(logits.T, positives.T)) / 2


def sigmoid_loss(logits: Tensor, positives: Tensor) -> Tensor:
    """SigLIP's pairwise loss (arXiv:2303.15343, eq. 1): -1/n Σ_ij log σ(z_ij · logit_ij), z = +1 for a right pair, else -1.

    Args:
        logits: (n, n) float, scaled and shifted by the model's temperature and bias.
        positives: (n, n) bool.
    """
    signs = positives.to(logits.dtype) * 2 - 1
    return -F.logsigmoid(signs * logits).sum() / len(logits)


def positives_of(image_keys: Tensor, text_keys: Tensor) -> Tensor:
    """(n, n) bool from (n,) int64 identities: pair (i, j) is right if picture i is picture j, or text i is text j."""
    return (image_keys[:, None] == image_keys[None]) | (text_keys[:, None] == text_keys[None])


def _soft_cross_entropy(logits: Tensor, positives: Tensor) -> Tensor:
    targets = positives.to(logits.dtype)
    targets = targets / targets.sum(dim=-1, keepdim=True)
    return torch.nn.functional.cross_entropy(logits, targets)
