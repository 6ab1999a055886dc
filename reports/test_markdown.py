"""Nothing that a firmware says becomes more than text: rendered by a parser of CommonMark, it reads as it was given."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from p4verify.reports import markdown, values

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
HOSTILE = (
    "a | b",
    "`tick` ``two``",
    "<script>alert(1)</script>",
    "![x](http://e/x.png) [y](javascript:0)",
    "**bold** _it_ ~~gone~~",
    "back\\\\slash \\| end\\\\",
    "&lt;b&gt; &#124;",
    "# no heading",
    "- [ ] no task",
    "a\n\n| b |\r\n<!-- c",
    "ends with \\",
)
texts = st.text() | st.text("`|<>*_[]()!#&\\~@$:/ ab\n", max_size=30)


def shown(rendered: str) -> str:
    """What a reader sees of rendered Markdown."""
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).strip("\n")


def expected(raw: str) -> str:
    return values.printable(" ".join(raw.split()))


def cell(markup: str) -> str:
    """Markup in a table, rendered; that it is still one row of two cells is checked on the way."""
    rendered = PARSER.render("\n".join(markdown.table(("a", "b"), [(f"**x** {markup}", "last")])))
    rows = re.findall(r"<tr>(.*?)</tr>", rendered, re.DOTALL)
    assert len(rows) == 2, rendered
    first, last = re.findall(r"<td[^>]*>(.*?)</td>", rows[1], re.DOTALL)
    assert last == "last"
    return re.sub(r"^<strong>x</strong>\s?", "", first)


@given(texts)
@pytest.mark.parametrize("make", [markdown.text, markdown.code])
def test_what_is_given_is_what_is_read(make: object, raw: str) -> None:
    assert callable(make)
    rendered = cell(make(raw))
    assert shown(rendered) == expected(raw)
    assert not set(re.findall(r"<(\w+)", rendered)) - {"code"}


@pytest.mark.parametrize("raw", HOSTILE)
@pytest.mark.parametrize("make", [markdown.text, markdown.code])
def test_hostile_texts_stay_texts(make: object, raw: str) -> None:
    assert callable(make)
    paragraph = PARSER.render(f"**x** {make(raw)}")
    assert shown(paragraph) == f"x {expected(raw)}"
    assert shown(cell(make(raw))) == expected(raw)


@pytest.mark.parametrize("raw", ["@all", "fixes #12", "http://e.org", "www.e.org", "GH-7", "$x$"])
def test_what_github_would_link_is_parted(raw: str) -> None:
    assert "<!-- -->" in markdown.text(raw)
    assert shown(PARSER.render(markdown.text(raw))) == raw


def test_plain_names_stay_legible() -> None:
    assert markdown.code("np.point-intact") == "`np.point-intact`"
    assert markdown.text("NVS writes fall by 90 %") == "NVS writes fall by 90 %"


def test_secrets_do_not_pass() -> None:
    assert "hunter2" not in markdown.text('{"wifi_password":"hunter2"}') + markdown.code("password=hunter2")


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)))
@example(["```", "`````", "</details>"])
def test_a_block_holds_its_lines_whatever_they_are(lines: list[str]) -> None:
    (token,) = PARSER.parse("\n".join(markdown.block(lines)))
    assert token.type == "fence"
    assert token.content == "".join(f"{line.rstrip()}\n" for line in lines)


def test_what_is_folded_is_markdown_again() -> None:
    lines = markdown.folded("More", ["**in**", "", "| a |"])
    rendered = PARSER.render("\n".join(["before", "", *lines, "", "*after*"]))
    assert "<summary>More</summary>" in rendered
    assert "<strong>in</strong>" in rendered
    assert "<em>after</em>" in rendered
