"""Chinese names by their sound: how they are sorted, and what they are found by."""

from typing import Final

import regex

from kshare.core.words import fold

# Surnames that pypinyin reads as the common word. Readings as in the dictionaries of names; rare ones are left out.
_SURNAMES: Final = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "朴": "piao", "盖": "ge",
    "乐": "yue", "翟": "zhai", "缪": "miao", "召": "shao", "员": "yun", "覃": "qin", "种": "chong", "秘": "bi",
    "薄": "bo", "折": "she", "祭": "zhai", "佴": "nai", "繁": "po", "都": "du", "卜": "bu", "阚": "kan",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai",
}  # fmt: skip
_NAME_RUN: Final = regex.compile(r"(?P<han>\p{Han}+)|(?:(?!\p{Han})[\p{L}\p{N}\p{M}])+")
_MAX_NAME: Final = 200
_MAX_READINGS: Final = 8


def pinyin_key(name: str) -> str:
    """The key by which names are sorted, to be compared byte by byte: syllables without tones, then the name.

    Chinese names are spelled as they are read, surnames included, so that homophones stand together and among the
    Latin names. Up to four Chinese characters are taken for a person's name if they begin with a surname.
    """
    return f"{' '.join(_syllables(fold(name)[:_MAX_NAME]))}\t{name}"


def pinyin_search(name: str) -> str:
    """What a name is found by: its full pinyin, its initials, and the name itself in lower case, space-separated.

    Where a character has several readings the others follow, one changed at a time and at most eight in all.
    """
    from pypinyin import Style, pinyin  # here, since it takes 57 MB and is needed only where a name is stored

    folded = fold(name)[:_MAX_NAME]
    syllables = _syllables(folded)
    readings = [syllables]
    if all(found["han"] for found in _NAME_RUN.finditer(folded)):
        letters = "".join(found.group() for found in _NAME_RUN.finditer(folded))
        for index, choices in enumerate(pinyin(letters, style=Style.NORMAL, heteronym=True)):
            if len(readings) > _MAX_READINGS or index >= len(syllables):
                break
            others = [choice for choice in choices if choice != syllables[index]]
            readings += [[*syllables[:index], other, *syllables[index + 1 :]] for other in others]
    found_by: dict[str, None] = {}
    for reading in readings[:_MAX_READINGS]:
        full = "".join(reading)
        found_by |= dict.fromkeys((full, "".join(syllable[0] for syllable in reading)))
        # The vowel of "lü" is typed as v, as u, or as in passports.
        if any(syllable in ("lv", "nv") for syllable in reading):
            found_by |= dict.fromkeys(
                "".join(s.replace("v", instead) if s in ("lv", "nv") else s for s in reading) for instead in ("u", "yu")
            )
    found_by |= dict.fromkeys((folded,))
    return " ".join(filter(None, found_by))


def _syllables(folded: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin  # here, as in pinyin_search

    syllables: list[str] = []
    for found in _NAME_RUN.finditer(folded):
        if found["han"] is None:
            syllables.append(found.group())
            continue
        read = lazy_pinyin(found.group(), style=Style.NORMAL, errors="default")
        if found.group() == folded.strip():
            read = _with_surname(folded.strip(), read)
        syllables += read
    return syllables


def _with_surname(name: str, read: list[str]) -> list[str]:
    for size in (2, 1):
        surname = _SURNAMES.get(name[:size])
        if surname is not None and len(name) <= size + 2:
            return [*surname.split(), *read[size:]]
    return read
