import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.core.markup import html_to_markdown, render_html

LENGTH = 100_000


class Seen(HTMLParser):
    """The tags and attributes a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    seen = Seen(html)
    assert not {"script", "style", "iframe", "object", "form", "svg", "base", "meta"} & set(seen.tags)
    for name, value in seen.attributes:
        assert not name.startswith("on")
        assert name in {"href", "src", "alt", "title", "class", "rel", "style", "start"}
        if name in ("href", "src"):
            scheme, colon, _ = value.partition(":")
            assert not colon or scheme in {"http", "https", "mailto"} or set(scheme) & set("/?#")
        if name == "class":
            assert value.startswith("language-")
        if name == "style":
            assert value.rstrip(";") in {"text-align:left", "text-align:center", "text-align:right"}


pieces = st.lists(
    st.sampled_from(
        [
            "<script>", "</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", 
            "![a](data:text/html,x)",
            "<a href='javascript:x'>", "`", "```", "```py onclick=x\n", "[", "](", ")",
            "\n", "\n\n", "> ", "- ", "1. ",
            "|a|b|\n|:-|-:|\n|c|d|", "**", "_", "~~", "\\", "&lt;", "&#106;avascript:", "<", ">", '"', "'", " onclick=",
            "[a]: JaVaScRiPt:x 'y'\n", "[a]", "<http://a>", "<javascript:x>", "中文", " ", "\t", "<svg/onload=x>",
            "<!--",
            "-->", "# ", "(/a?b:c)",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(pieces | st.text())
def test_rendered_html_is_harmless(markdown: str) -> None:
    assert_harmless(render_html(markdown))


def test_markdown_is_rendered() -> None:
    html = render_html(
        "# 标题\n\n*a* **b** ~~c~~ [d](https://e.example) `f`\n\n- g\n\n|h|\n|-:|\n|i|\n\n```py\nj<k\n```\n"
    )
    assert "<h1>标题</h1>" in html
    assert "<em>a</em> <strong>b</strong> <s>c</s>" in html
    assert '<a href="https://e.example" rel="noopener nofollow">d</a>' in html
    assert '<td style="text-align:right">i</td>' in html
    assert '<pre><code class="language-py">j&lt;k' in html


def test_html_in_markdown_is_shown() -> None:
    assert render_html("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"


def test_links_and_images_lead_to_harmless_places() -> None:
    assert "href" not in render_html("[a](javascript:alert(1))")
    assert "src" not in render_html("![a](data:image/png;base64,AAAA)")
    assert 'src="/files/1"' in render_html("![a](/files/1)")
    assert 'href="mailto:a@b.example"' in render_html("<a@b.example>")


def test_dense_markdown_is_still_rendered() -> None:
    dense = "这是一段**正文**，包含[链接](http://x)与`代码`。\n\n- 项目一\n- 项目二\n\n" * 2_000
    assert render_html(dense).startswith("<p>")


def test_what_is_too_long_is_shown_as_it_is() -> None:
    assert render_html("a<" * 300_000).startswith("<pre>a&lt;a&lt;")


def filled(piece: str) -> str:
    return (piece * (LENGTH // len(piece) + 1))[:LENGTH]


HOSTILE = [
    filled(piece)
    for piece in (
        ">", "> ", "[", "![", "*", "*a ", "**a *a ", "a**b", "*_", "`a", "- ", "1. ", "[a](", "[![a](", "[a](<b",
        "[a]: b\n",
        "[a][b", "<", "<!--", "<![CDATA[", "<a:", "&#", "\\", "~~a ", "\t", "\n", "-\n", "a\n", "    a\n", "```\n",
        "> - ",
        "***a", "**中", '[a](b "', "1) a\n", "> |a|\n> |-|\n", "[[]]",
    )
] + [
    "[" * (LENGTH // 2) + "]" * (LENGTH // 2),
    ">" * 20 + "a\n" * (LENGTH // 2),
    "- " * 19 + "a\n" * (LENGTH // 2),
    "\n".join(" " * (2 * i) + "- a" for i in range(310)),
    "|".join("a" * 5_000) + "\n" + "|".join(["-"] * 5_000) + "\n" + "a\n" * (LENGTH // 2),
    "|".join("a" * 90) + "\n" + "|".join(["-"] * 90) + "\n" + "a\n" * (LENGTH // 2),
    '[a]: b "' + "c\n" * (LENGTH // 2),
    "".join("`" * i + " " for i in range(1, 446)),
]  # fmt: skip


@pytest.mark.parametrize("markdown", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_markdown_takes_bounded_time(markdown: str) -> None:
    started = time.perf_counter()
    html = render_html(markdown)
    # A second on an idle machine; the rest is for busy ones.
    assert time.perf_counter() - started < 30, "quadratic time would be minutes"
    assert_harmless(html)


@pytest.mark.parametrize(
    "html, markdown",
    [
        ("<h2>标题 <b>一</b></h2><p>a</p>", "## 标题 **一**\n\na\n"),
        ("a <b> b </b> c", "a **b** c\n"),
        ("<p>a<br>b</p>", "a\\\nb\n"),
        ("<a href='http://a/(b) c'>d</a>", "[d](http://a/%28b%29%20c)\n"),
        ("<a href='javascript:x'>d</a>", "d\n"),
        ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "- a\n  1. b\n- c\n"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b\n"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b\n"),
        ("<ul><li><ul><li>a</ul></ul>", "- - a\n"),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc\n"),
        ("<pre><code class='language-py'>a\n  b ```\n</code></pre>", "````py\na\n  b ```\n````\n"),
        ("<code>a`b</code>", "``a`b``\n"),
        ("<table><tr><th>a<th>b<tr><td>c|d<td><p>e<p>f</table>", "| a | b |\n| --- | --- |\n| c\\|d | e f |\n"),
        ("<img src=/a.png alt=b><img src=data:x alt=c>", "![b](/a.png)c\n"),
        ("<p># a</p><p>1. b</p><p>12) c</p><p>- d</p><p>*e*</p>", "\\# a\n\n1\\. b\n\n12\\) c\n\n\\- d\n\n\\*e\\*\n"),
        ("<title>a</title><style>b</style><script>c</script><p>d<hr>", "d\n\n---\n"),
        ("", ""),
    ],
)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert html_to_markdown(html) == markdown


words = st.text(alphabet=st.sampled_from("ab中 *_`#-+=>|[]()\\!~&1.)<"), max_size=20)


@given(words)
def test_text_survives_the_way_through_markdown(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    shown = Text(render_html(html_to_markdown(f"<p>{escaped}</p>"))).text
    assert shown.split() == text.split()


class Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data


tags = ("div", "b", "i", "a", "a href=x", "p", "table", "td", "tr", "li", "ul", "ol", "blockquote", "pre", "code", "br")
soup = st.lists(st.sampled_from([f"<{tag}>" for tag in tags] + [f"</{tag}>" for tag in tags] + ["a", " ", "|"]))


@given(soup.map("".join) | st.text())
def test_any_html_gives_markdown(html: str) -> None:
    assert_harmless(render_html(html_to_markdown(html)))


HOSTILE_HTML = [filled(f"<{tag}>") for tag in (*tags, "font", "form", "svg", "select", "nobr", "script")] + [
    filled(piece)
    for piece in (
        "<table><tr><td>", "<ul><li>", "<b><p>", "<a ", "<!--", "</", "<", "<![CDATA[", "&", "</b><b>", "</i><div>",
        "<br></i><b>", '<b c="', "<ol><li>a",
    )
]  # fmt: skip


@pytest.mark.parametrize("html", HOSTILE_HTML, ids=range(len(HOSTILE_HTML)))
def test_hostile_html_takes_bounded_time(html: str) -> None:
    started = time.perf_counter()
    html_to_markdown(html)
    assert time.perf_counter() - started < 30, "quadratic time would be minutes"
