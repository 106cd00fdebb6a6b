"""`hf-regional region`: what a name stands for."""

import argparse
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `region` takes."""
    parser.add_argument("parts", nargs="+", help="names (SEA, UN:035, Western Africa) or ISO 3166-1 alpha-3 codes")
    parser.add_argument("--locale", default="en", metavar="CODE", help="language of the countries' names (default: en)")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.regions import Region, country_name, language_name

    region = Region(*arguments.parts)
    countries = {code: country_name(code, arguments.locale) for code in sorted(region.countries)}
    shares = {code: region.share_of_language(code) for code in region.languages}
    name = region.name if region.label() == region.name else f"{region.label()} ({region.name})"
    lines = [f"{name}: {len(countries)} {'country' if len(countries) == 1 else 'countries'}"]
    lines += [f"  {code}  {country}" for code, country in countries.items()]
    known = {code: share for code, share in shares.items() if share is not None}
    lines.append(f"{len(known)} languages of which at least half of the speakers live there{':' if known else ''}")
    lines += [f"  {code:4} {100 * share:3.0f} %  {language_name(code) or ''}".rstrip() for code, share in known.items()]
    return {"name": region.name, "countries": countries, "languages": shares}, "\n".join(lines)
