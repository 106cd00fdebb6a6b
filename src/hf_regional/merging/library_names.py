"""Library names: a class of ours on one of the library's in; from then on both read and write their tensors under the same names.

Some files call tensors otherwise than memory does: the head of LLaVA is `language_model.lm_head` in its files. transformers (5.23)
looks the translation up by the very name of a class, for Qwen2-VL by nothing else, and has none for a class of another name: half of
that model would be drawn at random, and a table in the log would be all that says so.
"""

from typing import Any, Final

from hf_regional.errors import ConfigError

_OWNERS: Final[dict[str, str]] = {}  # the name of a class of ours -> that of the library's class below it


def translate_alike(plain: type[Any], ours: type[Any]) -> None:
    """Let transformers translate names for the class `ours` as it does for `plain`, an ancestor of it.

    Where it has nothing under the name of `plain` it goes by the type of the model, or in older versions by inheritance, and nothing
    is to be done.

    Raises:
        ConfigError: a class of the same name stands on another class of the library's; it would be given this one's translation.
    """
    if not plain.__module__.startswith("transformers."):
        return  # diffusers; and what a class of the user's needs, the user has to say
    from transformers import conversion_mapping

    known = conversion_mapping.get_checkpoint_conversion_mapping
    translation: Any = known(plain.__name__)
    name = ours.__name__
    owner = _OWNERS.setdefault(name, plain.__name__ if known(name) is None else name)
    if owner != plain.__name__ and (translation, known(name)) != (None, None):
        raise ConfigError(
            f"a class {name} on {plain.__name__}: there is one on {owner}, and transformers would mix up the names of their tensors. "
            f"Call it otherwise, such as Regional{plain.__name__}."
        )
    if translation is not None:
        conversion_mapping.register_checkpoint_conversion_mapping(name, translation, overwrite=True)
