"""Painting: prompts and seeds in, the pictures of a text-to-image pipeline of diffusers out, each drawn once and kept.

painter = Painter("stabilityai/stable-diffusion-xl-base-1.0", Brush(steps=30, guidance=5.0))
paths = painter.paint(["a bowl of laksa"] * 4, seeds=range(4))
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from hf_regional.durable import atomic_file, digest_of
from hf_regional.encoding import resolve_folder
from hf_regional.errors import DamagedFileError, MismatchedScoresError, MissingExtraError, OutOfRangeError
from hf_regional.generating.kept import answers_home
from hf_regional.generating.local import stamp_of
from hf_regional.generating.prompts import cleaned
from hf_regional.protocols import HasPath


@dataclass(frozen=True, slots=True)
class Brush:
    """How pictures are drawn; null is what the pipeline does by itself.

    Attributes:
        steps: of denoising.
        guidance: scale of classifier-free guidance; 1 is none.
        side: of the picture, which is a square, in pixels.
        negative: what must not be there.
    """

    steps: int = 50
    guidance: float | None = None
    side: int | None = None
    negative: str | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OutOfRangeError: no step at all, or a picture without pixels.
        """
        if self.steps < 1 or (self.side is not None and self.side < 1):
            raise OutOfRangeError(f"{self}: steps and side must each be 1 or more.")


@dataclass(frozen=True)
class Painter:
    """A text-to-image pipeline, loaded when it first has to draw.

    Attributes:
        model: a folder, a Hub id, or a record with a `path`.
        brush: how.
        batch_size: pictures at a time. Each has a generator of its own, on the CPU, so a batch changes no picture but by rounding.
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float16", "bfloat16", ...; float32 by default.
        folder: where pictures are kept; null is `hf_regional/answers/pictures-...` in the assets cache of `huggingface_hub`.
    """

    model: str | Path | HasPath
    brush: Brush = field(default_factory=Brush)
    batch_size: int = 4
    device: str | None = None
    dtype: str | None = None
    folder: Path | None = None

    def paint(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Path]:
        """Draw a picture a prompt and seed, (n,) each; the PNG files in that order. What was drawn before is not drawn again.

        Raises:
            MismatchedScoresError: prompts and seeds differ in number.
            MissingExtraError: diffusers is not installed. DamagedFileError: the folder holds no pipeline.
            CannotWriteError: a picture cannot be kept.
        """
        if len(prompts) != len(seeds):
            raise MismatchedScoresError(f"{len(prompts)} prompts and {len(seeds)} seeds: give a seed for each prompt.")
        files = [self.home / f"{digest_of([cleaned(prompt), int(seed)])[:32]}.png" for prompt, seed in zip(prompts, seeds, strict=True)]
        missing = {
            file: (cleaned(prompt), int(seed)) for file, prompt, seed in zip(files, prompts, seeds, strict=True) if not file.is_file()
        }
        todo = list(missing.items())
        for start in tqdm(range(0, len(todo), self.batch_size), desc="drawing", disable=not todo):
            self._draw(dict(todo[start : start + self.batch_size]))
        return files

    @cached_property
    def home(self) -> Path:
        """Where the pictures of this pipeline and brush are kept."""
        root = resolve_folder(self.model)
        identity = {"files": stamp_of(root), "dtype": self.dtype, **asdict(self.brush)}
        return answers_home(self.folder) / f"pictures-{digest_of(identity)[:16]}"

    def _draw(self, wanted: dict[Path, tuple[str, int]]) -> None:
        import torch

        chosen: dict[str, Any] = {"num_inference_steps": self.brush.steps}
        chosen |= {} if self.brush.guidance is None else {"guidance_scale": self.brush.guidance}
        chosen |= {} if self.brush.side is None else {"height": self.brush.side, "width": self.brush.side}
        if self.brush.negative is not None:
            chosen["negative_prompt"] = [self.brush.negative] * len(wanted)
        drawn = self._pipeline(
            prompt=[prompt for prompt, _ in wanted.values()],
            generator=[torch.Generator("cpu").manual_seed(seed) for _, seed in wanted.values()],
            **chosen,
        ).images
        self.home.mkdir(parents=True, exist_ok=True)
        for file, picture in zip(wanted, drawn, strict=True):
            with atomic_file(file) as partial:
                picture.save(partial, "PNG")

    @cached_property
    def _pipeline(self) -> Any:
        import torch

        try:
            from diffusers import DiffusionPipeline  # pyright: ignore[reportPrivateImportUsage]
        except ImportError as error:
            raise MissingExtraError("drawing pictures needs diffusers: pip install 'hf-regional[diffusion]'.") from error
        folder = resolve_folder(self.model)
        try:
            pipeline: Any = DiffusionPipeline.from_pretrained(folder, dtype=getattr(torch, self.dtype or "float32"), use_safetensors=True)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise DamagedFileError(f"{folder} holds no pipeline of diffusers: {str(error).splitlines()[0]}") from error
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(self.device or ("cuda" if torch.cuda.is_available() else "cpu"))
