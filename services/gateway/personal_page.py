"""A person's data as a page they can read: what is kept, what for, how long, and all of it as tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from shared.kernel.text import Language, Text

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "title": "あなたについて保存されている情報",
        "made": "作成日時",
        "purpose": "目的",
        "kept": "保存期間",
        "none": "ありません",
    },
    "en": {
        "title": "What is kept about you",
        "made": "Made at",
        "purpose": "What for",
        "kept": "Kept",
        "none": "Nothing",
    },
}
_STYLE = "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}th,td{border:1px solid;padding:.3em}"


def page(export: Mapping[str, Any], language: Language) -> str:
    """HTML without scripts or links; whatever people wrote is text."""
    words = _WORDS[language]
    sections = [each for service in export["services"] for each in service["sections"]]
    shown = "".join(_section(each, language) for each in sections)
    return (
        f"<!doctype html><html lang='{language}'><meta charset='utf-8'><title>{words['title']}</title>"
        f"<style>{_STYLE}</style><h1>{words['title']}</h1>"
        f"<p>ID: {escape(export['member'])}<br>{words['made']}: {escape(export['exported_at'])}</p>{shown}</html>"
    )


def _section(section: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    said = "".join(f"<br>{words[name]}: {_cell(section[name], language)}" for name in ("purpose", "kept"))
    rows = _table(section, language) if section["rows"] else f"<p>{words['none']}</p>"
    return f"<h2>{_cell(section['title'], language)}</h2><p>{said.removeprefix('<br>')}</p>{rows}"


def _table(section: Mapping[str, Any], language: Language) -> str:
    columns = section["columns"]
    head = "".join(f"<th>{_cell(column['label'], language)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row[column['key']], language)}</td>" for column in columns) + "</tr>"
        for row in section["rows"]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any, language: Language) -> str:
    match value:
        case None:
            return "–"
        case {"ja": ja, "en": en}:
            return escape(Text(ja, en).best(language)).replace("\n", "<br>")
        case Sequence() if not isinstance(value, str):
            return ", ".join(_cell(each, language) for each in value)
        case _:
            return escape(str(value)).replace("\n", "<br>")
