"""Column names that every room shares, in the shape of the `pairs` view."""

from typing import Final

IMAGE: Final = "image"
TEXT: Final = "text"
LANGUAGE: Final = "language"  # ISO 639 code as CLDR writes it: "id", "fil", "zh"
COUNTRY: Final = "country_iso3"  # ISO 3166-1 alpha-3, or null
TOPIC: Final = "topic"
SOURCE: Final = "source"
LICENSE: Final = "license"
ID: Final = "id"
PAIRS: Final = (IMAGE, TEXT, LANGUAGE, COUNTRY, TOPIC, SOURCE, LICENSE, ID)

REGION_COUNTRIES: Final = "region_countries"
REGION_VERDICT: Final = "region_verdict"
REGION_EVIDENCE: Final = "region_evidence"

QUESTION: Final = "question"
OPTIONS: Final = "options"  # list of texts; empty for an open question
ANSWER: Final = "answer"  # place of the right option, from 0; null for an open question
ANSWERS: Final = "answers"  # list of texts that are right: the right option's, or every accepted wording
VQA: Final = (IMAGE, QUESTION, OPTIONS, ANSWER, ANSWERS, LANGUAGE, COUNTRY, TOPIC, SOURCE, LICENSE, ID)
