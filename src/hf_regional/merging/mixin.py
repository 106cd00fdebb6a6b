"""Mixin: a class of transformers or diffusers in, the same class with `merge_with`, `sweep` and `unmerge` out.

    class RegionalSiglip(ModelMerger, SiglipModel): ...

    model = RegionalSiglip.from_pretrained("google/siglip2-base-patch16-224")
    scores = model.sweep("sea-siglip", [0.25, 0.5, 0.75], score=recall)
    model.merge_with("sea-siglip", beta=max(scores, key=scores.get)).save_pretrained("sea-mix")

What it saves is a plain model of the library's class, with `regional.json` and a card beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from torch import Tensor

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError
from hf_regional.merging.library_names import translate_alike
from hf_regional.merging.loading import Other, plain_kind
from hf_regional.merging.modules import Mix, merge_modules, set_beta, sweep_modules, unmerge_modules
from hf_regional.merging.patterns import Beta, Patterns
from hf_regional.merging.saving import make_plain, upload, write_facts

_UPLOAD: Final = ("commit_message", "commit_description", "private", "token", "revision", "create_pr", "tags")


class ModelMerger:
    """Adds merging in memory to a `PreTrainedModel`, a diffusers `ModelMixin` or a `DiffusionPipeline`; see the module's docstring.

    It adds no tensor: what it keeps is a plain attribute, and goes along when the model is copied or pickled. While a model is merged,
    that is the base's and the regional tensors of all that differs, so up to three times the model.
    """

    _regional_mix: Mix | None = None
    _regional_facts: CardFacts = CardFacts()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("save_pretrained", "push_to_hub", "is_custom_code"):
            # In `class Mine(SiglipModel, ModelMerger)` the library's calls come first and would hide ours.
            if not issubclass(next(kind for kind in cls.__mro__ if name in vars(kind)), ModelMerger):
                setattr(cls, name, vars(ModelMerger)[name])
        if plain := plain_kind(cls):
            translate_alike(plain, cls)

    @classmethod
    def is_custom_code(cls) -> bool:
        """Whether transformers should treat a model as code that it does not know: as it does the library's class."""
        plain = plain_kind(cls)
        return plain is None or plain.is_custom_code()

    def merge_with(
        self,
        other: Other | Sequence[Other],
        *,
        beta: Beta,
        only: Patterns = None,
        skip: Patterns = None,
        method: str = "linear",
        weights: Sequence[float] | None = None,
        options: Mapping[str, Any] | None = None,
        facts: CardFacts | None = None,
    ) -> Self:
        """Mix one or several regional models into this one, in place: θ_β = β·θ_regional + (1-β)·θ_global (arXiv:2604.11490, §3.2).

        All is checked before the first tensor changes; on any error the model is what it was. More on each argument, and on what
        becomes of tied, integer and equal tensors: `hf_regional.merging.merge_modules`.

        Args:
            other: a model of the same kind, a folder, a Hub id ("owner/name@revision"), a record with a `path`, or a list of these.
            beta: in [0, 1], a `ByDepth`, or {pattern: either}, where the first pattern that fits decides.
            only: fnmatch patterns on the names of `state_dict`; of a pipeline also on its components ("unet").
            skip: fnmatch patterns of tensors that stay the base's.
            method: a name from `hf_regional.merging.methods`.
            weights: one factor a regional model; by default all 1.
            options: the method's own, such as {"density": 0.2}.
            facts: of the steps before, for the card: `choice.facts`, or what a run recorded.

        Raises:
            ConfigError: the model is merged already, or the arguments contradict each other.
            OutOfRangeError, UnknownNameError: no such β, method, option or pattern.
            MismatchedCheckpointsError, NonFiniteError, QuantisedError, NotBuiltYetError: the models cannot be mixed; the message says
                where.
            MissingFileError, DamagedFileError: an input is not there, or is not what it says.

        Returns:
            The model itself.
        """
        self._require_unmerged()
        wishes: dict[str, Any] = {"only": only, "skip": skip, "method": method, "weights": weights, "options": options}
        self._regional_mix = merge_modules(self, other, beta=beta, **wishes)
        self._regional_facts = facts or CardFacts()
        return self

    def set_beta(self, beta: Beta) -> Self:
        """Change β of the merge that stands, from both ends and without loading; costs about one copy of the model.

        Raises:
            ConfigError: the model is not merged, or this β reaches for tensors that the merge left out.
        """
        set_beta(self, self._standing_mix(), beta)
        return self

    def unmerge(self) -> Self:
        """Go back to the base, bit for bit, and let go of both ends.

        Recalibration since the merge is undone with it, and so is training in the tensors that were mixed.

        Raises:
            ConfigError: the model is not merged.
        """
        unmerge_modules(self, self._standing_mix())
        self._regional_mix, self._regional_facts = None, CardFacts()
        return self

    def sweep(
        self,
        other: Other | Sequence[Other],
        betas: Sequence[Beta],
        score: Callable[[Self], float | Tensor],
        *,
        only: Patterns = None,
        skip: Patterns = None,
        method: str = "linear",
        weights: Sequence[float] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> dict[Any, float]:
        """Score this model at several β, loading the regional ones once. The model ends as it was, also where scoring fails.

        Args:
            other: as in `merge_with`; so are the errors.
            betas: numbers or `ByDepth`, the keys of the result.
            score: from this model to a number, or a tensor of one. Mode and gradients are its business: `with torch.inference_mode(): ...`.
            only: as in `merge_with`.
            skip: as in `merge_with`.
            method: as in `merge_with`.
            weights: as in `merge_with`.
            options: as in `merge_with`.

        Returns:
            β -> score, in the order of `betas`.
        """
        self._require_unmerged()
        wishes: dict[str, Any] = {"only": only, "skip": skip, "method": method, "weights": weights, "options": options}
        return sweep_modules(self, other, betas, score, **wishes)

    def save_pretrained(self, save_directory: str | Path, *, push_to_hub: bool = False, **library: Any) -> Any:
        """Save as the library's own class does, under that class's name; a merged model with `regional.json` and a card beside it.

        Args:
            save_directory: the folder. A README.md in it that somebody else wrote is left as it is, with a warning.
            push_to_hub: push it as well, to `repo_id` or to the folder's name.
            **library: what the library's own call takes.
        """
        ours = {key: library.pop(key) for key in ("repo_id", *_UPLOAD) if push_to_hub and key in library}
        saved = self._library("save_pretrained")(save_directory, **library)
        folder = Path(save_directory)
        if library.get("is_main_process", True):
            make_plain(folder, self)
            if self._regional_mix is not None:
                write_facts(folder, self, self._regional_mix, self._regional_facts)
        if push_to_hub:
            self.push_to_hub(ours.pop("repo_id", folder.name), **ours)
        return saved

    def push_to_hub(self, repo_id: str, **options: Any) -> Any:
        """Push as the library's own class does; a merged model with `regional.json` and its card, in one commit.

        Args:
            repo_id: "owner/name"; made where it is not there. What somebody wrote between the keep markers of its card is kept.
            **options: commit_message, commit_description, private, token, revision, create_pr and tags, and what `save_pretrained`
                takes.
        """
        if self._regional_mix is None:
            return self._library("push_to_hub")(repo_id, **options)
        saving = {key: value for key, value in options.items() if key not in _UPLOAD}
        with TemporaryDirectory() as place:
            folder = Path(place) / repo_id.rpartition("/")[2]
            return upload(
                folder, repo_id, lambda: self.save_pretrained(folder, **saving), **{key: options[key] for key in _UPLOAD if key in options}
            )

    def _library(self, name: str) -> Callable[..., Any]:
        """The library's own call, bound to this model: the first one behind the classes of ours."""
        found = next(vars(kind)[name] for kind in type(self).__mro__ if not issubclass(kind, ModelMerger) and name in vars(kind))
        return found.__get__(self)

    def _standing_mix(self) -> Mix:
        if self._regional_mix is None:
            raise ConfigError("this model is not merged. Call merge_with first.")
        return self._regional_mix

    def _require_unmerged(self) -> None:
        if self._regional_mix is not None:
            names = " and ".join(origin.name for origin in self._regional_mix.regionals)
            raise ConfigError(f"this model is merged with {names} already. Call unmerge first, set_beta for another β, or merge a list.")
