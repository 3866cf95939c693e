"""Names on pages that understand Markdown: they are text, whatever is in them, and turn nothing around them."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from models.names import find_hidden, visible
from ui.components.plain import plain

MARKS = "[a](http://e.x) <img> `y` $z$ **b** _c_ ~~d~~ :red[e] #1. -+|^\\!{}&\u202e\u2028"


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from(sorted(set(MARKS)))))
@example("[x](javascript:alert(1)) <img src=x onerror=1> `y` $z$ :red[a]")
@example("a\u202eb\u2028c\u200bd")
def test_a_name_stays_text(name: str) -> None:
    written = plain(visible(name))
    assert find_hidden(written) is None
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(f"x {written}")
    children = [child for token in tokens for child in token.children or []]
    assert {child.type for child in children} <= {"text", "text_special"}
