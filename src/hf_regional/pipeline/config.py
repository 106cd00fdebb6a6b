"""The schema of a run, its defaults, and where a config comes from: nothing, a YAML file, a mapping, or keywords on top."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, model_validator

from hf_regional.adapting.recipe import Recipe, load_recipe
from hf_regional.errors import NotBuiltYetError
from hf_regional.regions import Alpha, Region, alpha
from hf_regional.settings import Settings, parse, parse_yaml, read_yaml

Share = Annotated[float, Field(ge=0, le=1)]
TENTHS: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class CorpusSettings(Settings):
    """Which rows, and what their columns mean."""

    name: str
    data_dir: Path | None = None
    columns: dict[str, str] = Field(default_factory=dict)  # what we call it -> what the corpus calls it
    exclude: dict[str, list[str]] = Field(default_factory=dict)
    quality: str | None = None
    min_quality: float | None = None
    train: str = "train"
    validation: str = "validation"
    test: str = "test"


class MergingSettings(Settings):
    """How θ_regional goes back into θ_global."""

    method: str = "linear"
    betas: tuple[Share, ...] = Field(default=TENTHS, min_length=1)
    only: tuple[str, ...] | None = None
    skip: tuple[str, ...] | None = None


class AlphaFromKof(Settings):
    """α computed from the user's own KOF workbook or CSV."""

    kof_file: Path
    year: int
    component: str = "KOFIpGIdf"


class ChoosingSettings(Settings):
    """What the best β is."""

    alpha: Share | AlphaFromKof
    alpha_source: str = "given in the config"
    min_retention: float = Field(0.98, ge=0, le=1)
    margin: float = Field(0.005, ge=0, le=1)
    retention_policy: Literal["lower", "point"] = "lower"

    @model_validator(mode="after")
    def _reachable(self) -> "ChoosingSettings":
        if self.min_retention + self.margin > 1:
            raise ValueError("min_retention + margin must be at most 1, which no model but the base reaches; 0.98 means 98 %")
        return self

    def resolve(self, region: Region) -> tuple[float, str]:
        """α in [0, 1] and where it comes from."""
        if isinstance(self.alpha, AlphaFromKof):
            found: Alpha = alpha(self.alpha.kof_file, region, year=self.alpha.year, component=self.alpha.component)
            lacking = f", no data: {' '.join(found.missing)}" if found.missing else ""
            return found.value, f"{found.component} {found.year}, mean of {found.n} countries{lacking}"
        return self.alpha, self.alpha_source


class TaskSettings(Settings):
    """One measurement."""

    kind: Literal["retrieval"] = "retrieval"
    group: str = "language"
    where: dict[str, list[str]] = Field(default_factory=dict)


class LanguageRegion(Settings):
    """A region by the countries of languages."""

    languages: list[str] = Field(min_length=1)


class Config(Settings):
    """Everything that decides a run. Its YAML is printed by `hf-regional run --print-config`."""

    base: str
    region: str | list[str] | LanguageRegion
    corpus: CorpusSettings
    translation: str | None = None
    recipe: str
    training: dict[str, Any] = Field(default_factory=dict)
    merging: MergingSettings = Field(default_factory=MergingSettings)
    choosing: ChoosingSettings
    tasks: tuple[TaskSettings, ...] = Field(default=(TaskSettings(),), min_length=1)
    output: Path
    seed: int = 0
    resamples: int = Field(2000, ge=100)
    device: str | None = None

    def to_region(self) -> Region:
        """The region. Raises UnknownNameError or EmptyRegionError."""
        if isinstance(self.region, LanguageRegion):
            return Region(languages=self.region.languages)
        return Region(*([self.region] if isinstance(self.region, str) else self.region))

    def to_recipe(self) -> Recipe:
        """The recipe with this run's settings on top."""
        return load_recipe(self.recipe).overridden(**self.training)

    def to_yaml(self) -> str:
        """The full config; reading it gives this config again."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def check(self) -> None:
        """Refuse, before any work, whatever can be refused without reading corpus and model.

        Raises:
            NotBuiltYetError, UnknownNameError, EmptyRegionError, ConfigError, MissingFileError, DamagedFileError: as the key deserves.
        """
        from hf_regional.merging.methods import find_method  # loads torch

        self.require_built()
        self.choosing.resolve(self.to_region())
        find_method(self.merging.method)

    def require_built(self) -> None:
        """Refuse what the schema foresees and this version cannot do, before any work.

        Raises:
            NotBuiltYetError: naming the key.
        """
        if missing := self.not_built():
            raise NotBuiltYetError(missing)

    def not_built(self) -> str | None:
        """What of this config the version cannot do yet, in a sentence that names the key; None where it can do all."""
        if self.translation is not None:
            return f"translation: {self.translation!r} was asked for, and translation is not built yet; set it to null."
        try:
            self.to_recipe().require_built()
        except NotBuiltYetError as error:
            return f"recipe: {error}"
        return None


def load_config(config: "Config | Mapping[str, Any] | str | Path | None" = None, **changes: Any) -> Config:
    """A config from nothing (the embedded corpus), a YAML file or a mapping, with top-level keys replaced by `changes`.

    Raises:
        ConfigError: a wrong key or type, with the nearest valid key. MissingFileError: no such file.
    """
    if isinstance(config, Config):
        raw, where = config.model_dump(mode="json"), "config"
    elif isinstance(config, Mapping):
        raw, where = dict(config), "config"
    elif config is None:
        raw, where = parse_yaml((files("hf_regional.pipeline") / "default.yaml").read_text(encoding="utf-8"), "default.yaml"), "config"
    else:
        raw, where = read_yaml(Path(config)), str(config)
    return parse(Config, {**raw, **{key: value for key, value in changes.items() if value is not None}}, where)
