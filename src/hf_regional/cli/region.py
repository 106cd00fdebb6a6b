"""`hf-regional region`: what a name stands for."""

import argparse
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `region` takes."""
    parser.add_argument("parts", nargs="+", help="names (SEA, UN:035, Western Africa) or ISO 3166-1 alpha-3 codes")
    parser.add_argument("--locale", default="en", help="language of the countries' names")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.regions import Region, country_name

    region = Region(*arguments.parts)
    countries = {code: country_name(code, arguments.locale) for code in sorted(region.countries)}
    shares = {code: region.share_of_language(code) for code in region.languages}
    lines = [f"{region.name}: {len(countries)} countries", *(f"  {code}  {name}" for code, name in countries.items())]
    lines += [
        "Languages most of whose speakers live there:",
        *(f"  {code:4} {share:.0%}" for code, share in shares.items() if share is not None),
    ]
    return {"name": region.name, "countries": countries, "languages": shares}, "\n".join(lines)
