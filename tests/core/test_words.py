import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kshare.core.pinyin import pinyin_key, pinyin_search
from kshare.core.words import (
    CUTTER_VERSION,
    MAX_QUERY_TOKENS,
    Weight,
    Word,
    parse_query,
    plain_text,
    snippet,
    tsvector_text,
    words,
)

Vector = dict[str, dict[int, str]]

PROSE = (
    "知识分享平台的目标是让公司里的每一个人都能方便地提出改进建议，并且看到这些建议被认真对待。系统把文档、讨论和提案放在一起，"
    "使用者可以在同一个地方搜索它们。中国科学院计算技术研究所的研究人员发现，中文分词的结果取决于上下文，"
    "因此同样的字在不同的句子里会被切成不同的词。The standard GB/T 7714 and C++ are mentioned in 2024年。"
)
chinese = st.text(
    alphabet=st.sampled_from("中国科学院计算所软件数据的了人一不，。"), min_size=1, max_size=40
) | st.sampled_from([PROSE[i : i + 40] for i in range(0, len(PROSE), 17)])
mixed = st.text(alphabet=st.sampled_from("中国软件数据aB9 '\\\":!&|()<->*-“”「」ＡÉ　\n%_+#\u0301"), max_size=60)


def parsed(vector: str) -> Vector:
    """A tsvector as PostgreSQL reads its text: quoted lexemes, each with its positions and weights."""
    entries: Vector = {}
    at = 0
    entry = re.compile(r"'((?:[^'\\]|''|\\.)+)':(\d+[ABC]?(?:,\d+[ABC]?)*)(?: |$)", re.DOTALL)
    while at < len(vector):
        found = entry.match(vector, at)
        assert found is not None, vector[at : at + 80]
        lexeme = re.sub(r"''|\\(.)", lambda m: m[1] or "'", found[1])
        assert lexeme not in entries
        entries[lexeme] = {int(p.rstrip("ABC")): p.lstrip("0123456789") or "D" for p in found[2].split(",")}
        at = found.end()
    return entries


def check_limits(vector: Vector) -> None:
    assert sum(len(lexeme.encode()) + 3 + 2 * len(places) for lexeme, places in vector.items()) < 2**20
    for lexeme, places in vector.items():
        assert len(lexeme.encode()) <= 2046
        assert 0 < len(places) <= 255
        assert min(places) >= 1
        assert max(places) <= 16383


def matches(tsquery: str, vector: Vector) -> bool:
    """Whether a tsquery matches, for the part of the language that `parse_query` writes."""
    tokens = re.findall(r"'(?:[^'\\]|''|\\.)+'(?::\*)?|<->|<\d+>|[&|!()]", tsquery)
    assert "".join(tokens).replace(" ", "") == tsquery.replace(" ", "")

    def places(token: str) -> set[int]:
        lexeme = re.sub(r"''|\\(.)", lambda m: m[1] or "'", token.removesuffix(":*")[1:-1])
        if token.endswith(":*"):
            return {p for each, at in vector.items() if each.startswith(lexeme) for p in at}
        return set(vector.get(lexeme, ()))

    # Every operand is the set of places where it ends; a phrase moves on from those of its beginning.
    def either() -> set[int]:
        found = both()
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            found = found | both()
        return found

    def both() -> set[int]:
        found = phrase()
        while tokens and tokens[0] == "&":
            tokens.pop(0)
            other = phrase()
            found = {0} if found and other else set()
        return found

    def phrase() -> set[int]:
        found = operand()
        while tokens and tokens[0].startswith("<"):
            distance = int(tokens.pop(0).strip("<>").replace("-", "1"))
            found = {p for p in operand() if p - distance in found}
        return found

    def operand() -> set[int]:
        token = tokens.pop(0)
        if token == "!":
            return set() if operand() else {0}
        if token == "(":
            found = either()
            assert tokens.pop(0) == ")"
            return found
        return places(token)

    result = bool(either())
    assert not tokens
    return result


def finds(query: str, *texts: str) -> bool:
    weights: list[Weight] = ["A", "B", "C", "D"]
    return matches(parse_query(query).tsquery, parsed(tsvector_text(list(zip(texts, weights, strict=False)))))


def runs(text: str) -> Iterator[str]:
    yield from re.findall("[\u4e00-\u9fff]+", text)


@given(chinese, st.data())
def test_any_substring_finds_the_document(text: str, data: st.DataObject) -> None:
    found = [run for run in runs(text) if run]
    assume(found)
    run = data.draw(st.sampled_from(found))
    start = data.draw(st.integers(0, len(run) - 1))
    part = run[start : data.draw(st.integers(start + 1, len(run)))]
    assert finds(part, text)
    assert finds(f"「{part}」", text)
    assert finds(f'"{part}"', "其他", text)


def test_every_pair_of_neighbours_finds_the_document() -> None:
    vector = parsed(tsvector_text([(PROSE, "D")]))
    for run in runs(PROSE):
        for size in (1, 2, 3, 4):
            for start in range(len(run) - size + 1):
                assert matches(parse_query(run[start : start + size]).tsquery, vector), run[start : start + size]


@given(chinese, chinese)
def test_a_quoted_run_finds_only_where_it_stands(text: str, run: str) -> None:
    query = next(runs(run), "")
    assume(len(query) >= 2)
    assert finds(f"「{query}」", text) == (query in re.sub("[，。]", "", text)) or query not in text


@pytest.mark.parametrize(
    "query, expected",
    [
        ("GB/T 7714", True),
        ("ＧＢ／Ｔ", True),
        ('"t 7714"', True),
        ('"gb 7714"', False),
        ("c++", True),
        ("C", True),
        ("2024年", True),
        ("建议 -平台", False),
        ("建议 -软件", True),
        ('建议 -"知识分享"', False),
        ('建议 -"分享知识"', True),
        ("-软件", True),
        ("“中国科学院” standard", True),
        ("“科学院中国”", False),
        ("『改进建议』", True),
        ('"改进建议', True),
        ("地", True),
        ("standards", False),
    ],
)
def test_the_query_language(query: str, expected: bool) -> None:
    assert finds(query, PROSE) is expected


@pytest.mark.parametrize("query", ["", " ", '"', '""', "-", "“”", "!&|", "-''", "\\", "，。"])
def test_a_query_without_words_is_empty(query: str) -> None:
    assert parse_query(query).empty


def test_what_a_query_says_of_itself() -> None:
    query = parse_query('小明毕业于中国科学院 "Hello,  World" -旧 年')
    assert query.terms == ("小明", "毕业", "中国科学院", "hello, world", "年")
    assert set(query.required) >= {"小明", "毕业", "中国", "学院", "hello", "world"}
    assert not {"旧", "年", "中国科学院"} & set(query.required)


@given(mixed, mixed)
def test_any_query_is_valid_and_its_required_words_are(text: str, query: str) -> None:
    read = parse_query(query)
    if read.empty:
        assert not read.required
        return
    vector = parsed(tsvector_text([(text, "A")]))
    if matches(read.tsquery, vector):
        assert set(read.required) <= set(vector)


@pytest.mark.parametrize(
    "query", ["软件数据" * 1000, '"' + "软件数据" * 1000 + '"', "a " * 5000, "a-" * 5000, "年，" * 500]
)
def test_a_long_query_is_cut(query: str) -> None:
    read = parse_query(query)
    assert not read.empty
    assert read.tsquery.count("'") <= 2 * MAX_QUERY_TOKENS


@given(
    st.lists(
        st.tuples(mixed | chinese | st.text(alphabet=st.characters(codec=None)), st.sampled_from("ABCD")), max_size=4
    )
)
def test_any_fields_make_a_valid_vector(fields: list[tuple[str, Weight]]) -> None:
    check_limits(parsed(tsvector_text(fields)))


def test_fields_have_weights_and_no_phrase_spans_two() -> None:
    vector = parsed(tsvector_text([("标题", "A"), ("正文", "D")]))
    assert vector["标题"] == {1: "A"}
    assert vector["正文"] == {4: "D"}
    assert not finds('"标题正文"', "标题", "正文")


def test_words_have_positions() -> None:
    assert words("中国科学院 ＡB") == [
        Word("中国", 0),
        Word("中国科学院", 0),
        Word("国科", 1),
        Word("科学", 2),
        Word("科学院", 2),
        Word("学院", 3),
        Word("院", 4),
        Word("ab", 5),
    ]


def test_phrases_of_a_long_document_are_found_to_its_end() -> None:
    base = 0x4E00
    text = "".join(chr(base + i % 20_000) for i in range(40_000))
    vector = parsed(tsvector_text([(text, "D")]))
    check_limits(vector)
    for start in [*range(0, 39_000, 997), *range(16_300, 16_400, 7), *range(32_600, 32_800, 7)]:
        part = text[start : start + 10]
        assert matches(parse_query(f'"{part}"').tsquery, vector), start


@pytest.mark.parametrize(
    "text",
    [
        PROSE * 2_000,
        "".join(chr(0x4E00 + i * i % 20_989) for i in range(400_000)),
        " ".join(map(str, range(100_000))),
        "a" * 400_000,
        "a" + "\u0301\u0323\uff9e" * 100_000,
        "\ufdfa" * 100_000,
        "中" * 400_000,
    ],
    ids=["prose", "random", "numbers", "one word", "marks", "ligatures", "one character"],
)
def test_huge_texts_are_indexed_within_the_limits(text: str) -> None:
    started = time.perf_counter()
    vector = tsvector_text([("标题", "A"), (text, "D")])
    assert time.perf_counter() - started < 30, "quadratic time would be minutes"
    entries = parsed(vector)
    check_limits(entries)
    assert entries["标题"] == {1: "A"}


@given(mixed | chinese | st.text(), st.lists(mixed | st.sampled_from(["软件", "a", "数据"]), max_size=5))
def test_a_snippet_is_balanced_and_escaped(text: str, terms: list[str]) -> None:
    shown = snippet(text, terms, length=20)
    bare = re.sub("</?mark>", "", shown)
    assert re.sub("[^<>]|<(?=/?mark>)|(?<=mark)>", "", shown) == ""
    assert re.findall("</?mark>", shown) == ["<mark>", "</mark>"] * shown.count("<mark>")
    assert "<" not in bare
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;)", bare)


def test_a_snippet_shows_where_most_terms_are() -> None:
    text = "软件。" + "前言。" * 200 + "**软件**与数据" + "后记。" * 200 + "软件"
    shown = snippet(text, ["软件", "数据"], length=30)
    assert "<mark>软件</mark>与<mark>数据</mark>" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(re.sub("</?mark>|…", "", shown)) <= 30


def test_a_snippet_marks_whole_words_and_whole_graphemes() -> None:
    assert snippet("Party art, 用Art做", ["art"]) == "Party <mark>art</mark>, 用<mark>Art</mark>做"
    family = "👨\u200d👩\u200d👧"
    for length in range(1, 30):
        assert set(snippet(family * 10, [], length=length).replace(family, "")) <= {"…"}


def test_markdown_is_taken_off() -> None:
    assert plain_text("# a\n\n> - **b** [c](http://d) ![e](f)\n```py\ng_h\n```\n|i|j|\n|-|-|\n<b>k</b> _l_ \\*") == (
        "a b c e g_h i j k l *"
    )


@pytest.mark.parametrize(
    "piece", ["_", "-", "[](a", "<a", "`", " ", "> ", "--x\n", "привет", "软件", "🇨", "\u0301", "<!--"]
)
def test_a_snippet_of_a_huge_text_takes_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece)) + "x"
    started = time.perf_counter()
    snippet(text, ["软件", "привет", "x", "数据"])
    assert time.perf_counter() - started < 30, "quadratic time would be minutes"


def test_names_sort_by_pinyin() -> None:
    names = ["章伟", "Zoe", "单田芳", "张伟", "alice", "曾国藩", "区楚良", "艾青"]
    assert sorted(names, key=pinyin_key) == ["艾青", "alice", "区楚良", "单田芳", "曾国藩", "张伟", "章伟", "Zoe"]


@pytest.mark.parametrize(
    "name, reading",
    [
        ("解晓东", "xie xiao dong"),
        ("仇英", "qiu ying"),
        ("尉迟敬德", "yu chi jing de"),
        ("长孙无忌", "zhang sun wu ji"),
    ],
)
def test_surnames_are_read_as_surnames(name: str, reading: str) -> None:
    assert pinyin_key(name) == f"{reading}\t{name}"


def test_names_are_found_by_pinyin() -> None:
    assert pinyin_search("张伟").split() == ["zhangwei", "zw", "张伟"]
    assert {"zengguofan", "zgf", "cengguofan", "曾国藩"} <= set(pinyin_search("曾国藩").split())
    assert {"lvbu", "lubu", "lyubu"} <= set(pinyin_search("吕布").split())
    assert pinyin_search("Zhang Wei") == "zhangwei zw zhang wei"


@given(mixed | chinese | st.text())
def test_any_name_has_a_bounded_key(name: str) -> None:
    assert pinyin_key(name).endswith(f"\t{name}")
    assert len(pinyin_search(name)) <= 40 * (len(name) + 40)


def test_the_cutter_is_named() -> None:
    assert re.fullmatch(r"rjieba-[\d.]+/\d+", CUTTER_VERSION)
