"""Build the embedded corpus `emoji-world` from two Debian packages: Noto Color Emoji's pictures, CLDR's names and keywords.

    python scripts/build_emoji_world.py --fetch build/emoji      # apt-get download + dpkg -x, no root
    python scripts/build_emoji_world.py unpacked-root            # a folder that holds usr/share/... of both packages

Written: `src/hf_regional/corpora/data/emoji_world.parquet`. Printed: counts and the content digest, which is the same however often
this is run on the same packages; `hf_regional.corpora.emoji_pictures.CONTENT_SHA256` records it.
"""

import argparse
import subprocess
from collections import Counter
from pathlib import Path

from emoji_world.annotations import read_annotations, read_groups
from emoji_world.assembling import Picture, assemble, write_parquet
from emoji_world.font import read_pictures

from hf_regional.corpora.emoji_pictures import CONTENT_SHA256, PARQUET, content_digest
from hf_regional.corpora.listing import catalogue

LANGUAGES = catalogue()["emoji-world"].languages
PACKAGES = ("fonts-noto-color-emoji", "unicode-cldr-core")
FONT = Path("usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CLDR = Path("usr/share/unicode/cldr/common")


def main() -> None:
    arguments = _parser().parse_args()
    root = fetch(arguments.fetch) if arguments.fetch else arguments.root
    if root is None or not (root / FONT).is_file() or not (root / CLDR).is_dir():
        raise SystemExit(f"{root} lacks {FONT} or {CLDR}. Unpack {' and '.join(PACKAGES)} there with dpkg -x, or use --fetch FOLDER.")
    pictures = build(root)
    write_parquet(pictures, arguments.output)
    report(pictures, arguments.output)


def build(root: Path) -> list[Picture]:
    """Everything between the two packages and the file."""
    annotations = {language: read_annotations(root / CLDR, language) for language in LANGUAGES}
    sequences = sorted({sequence for table in annotations.values() for sequence in table})
    return assemble(read_pictures(root / FONT, sequences), annotations, read_groups(root / CLDR))


def fetch(folder: Path) -> Path:
    """Download both packages into `folder` and unpack them below `folder/root`; what is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(folder.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
        (archive,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg", "-x", archive.name, "root"], cwd=folder, check=True)
    return folder / "root"


def report(pictures: list[Picture], output: Path) -> None:
    texts = [text for picture in pictures for text in picture.texts]
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB, {len(pictures)} pictures, {len(texts)} texts")
    print("  topics:", dict(Counter(picture.topic for picture in pictures)))
    counts = Counter((text.language, text.kind, text.split) for text in texts)
    for language in LANGUAGES:
        names = [counts[language, "name", split] for split in ("train", "validation", "test")]
        keywords = [counts[language, "keyword", split] for split in ("train", "validation", "test")]
        print(f"  {language:4} names {names}  keywords {keywords}  (train, validation, test)")
    digest = content_digest(output)
    print("content digest", digest, "as recorded" if digest == CONTENT_SHA256 else f"differs from the recorded {CONTENT_SHA256}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, nargs="?", help="folder in which both packages are unpacked")
    parser.add_argument("--fetch", type=Path, metavar="FOLDER", help="download and unpack both packages there first")
    parser.add_argument("--output", type=Path, default=PARQUET)
    return parser


if __name__ == "__main__":
    main()
