"""Choosing: a model as people write it in one line in, the object that answers out."""

from hf_regional.errors import ConfigError
from hf_regional.generating.local import LocalModel
from hf_regional.generating.prompts import Sampling, TextModel
from hf_regional.generating.served import ServedModel


def make_model(text: str, sampling: Sampling | None = None) -> TextModel:
    """A model from its name: "http://host:8000/v1#model" is a server's, anything else a Hub id or a folder.

    >>> make_model("http://localhost:8000/v1#Qwen/Qwen2.5-VL-7B-Instruct").model
    'Qwen/Qwen2.5-VL-7B-Instruct'
    >>> make_model("CodeGoat24/UnifiedReward-7b").batch_size
    8

    Raises:
        ConfigError: the text is empty.
    """
    if not text.strip():
        raise ConfigError("the name of a model is empty; give a Hub id, a folder, or http://host:8000/v1#MODEL.", "model")
    if text.startswith(("http://", "https://")):
        url, _, model = text.partition("#")
        return ServedModel(url, model or None, sampling or Sampling())
    return LocalModel(text, sampling or Sampling())
