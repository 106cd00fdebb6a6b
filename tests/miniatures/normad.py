"""`akhilayerukola/NormAd`: one CSV; countries in small letters with underscores."""

import csv
from pathlib import Path

COLUMNS = ("ID", "Country", "Background", "Axis", "Subaxis", "Value", "Rule-of-Thumb", "Story", "Explanation", "Gold Label")
_ROWS = (
    ("indonesia", "Eating", "Respect for elders", "Elders eat first", "At dinner Adi waited until his aunt had begun.", "yes"),
    ("indonesia", "Greetings", "Modesty", "Greet with the right hand", "Sari gave the parcel with her left hand.", "no"),
    ("papua_new_guinea", "Visiting", "Hospitality", "Guests accept food", "Tom talked about the weather.", "neutral"),
    ("united_states_of_america", "Gifts", "Gratitude", "Thank the giver", 'Ann said "thank you", and smiled.', "yes"),
)


def write(folder: Path) -> None:
    with (folder / "normad_etiquette_final_data.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, (country, subaxis, value, rule, story, label) in enumerate(_ROWS):
            table.writerow((number, country, f"### {subaxis}", "Basic Etiquette", subaxis, value, rule, story, "Because.", label))
