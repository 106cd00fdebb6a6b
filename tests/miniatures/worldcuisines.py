"""`worldcuisines/vqa`: JSON lines, a file for each language, task and part; options stand in the prompt, the right one counts from 1."""

import json
from pathlib import Path

_LANGUAGES = ("en", "id_formal", "id_casual", "jv_krama", "su_loma", "th", "tl", "zh_cn", "si_formal_spoken")
_PARTS = ("train", "small_eval", "large_eval")
_DISHES = (("Rawon", 11), ("Kare-kare", 12), ("Pho", 13), ("Gulai", 14), ("Laksa", 15))


def row(language: str, place: int, task: str, site: str) -> dict[str, object]:
    answer, number = _DISHES[place]
    options = [name for name, _ in _DISHES]
    prompt = f"({language}) What is this dish called?"
    return {
        "qa_id": f"{task}-{place}",
        "lang": language,
        "food_id": str(100 + place),
        "prompt_id": "27",
        "prompt_type": "2" if task == "task2" else "1",
        "multi_choice_prompt": "\n".join([prompt, *(f"{at + 1}. {name}" for at, name in enumerate(options))]),
        "open_ended_prompt": prompt,
        "image_url": f"{site}/{number}.jpg?download" if place else f"{site}/gone/{number}.jpg",
        "answer": answer,
        "multi_choice_answer": place + 1,
        "task": task,
        "lang_status": "full",
    }


def write(folder: Path, site: str) -> None:
    for task in ("task1", "task2"):
        for part in _PARTS:
            here = folder / "hf_prompt" / f"{part}_{task}"
            here.mkdir(parents=True)
            (here / "__init__.py").touch()
            for language in _LANGUAGES:
                lines = [json.dumps(row(language, place, task, site), ensure_ascii=False) for place in range(3)]
                (here / f"{language}_{part}_{task}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
