"""Any text can stand in a picture: what comes out is XML, UTF-8, and short enough for Graphviz."""

import sys
from xml.dom.minidom import parseString
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.paint.dot import quote
from viz.scene.words import MOST, plain_text


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_becomes_xml_and_says_itself(text):
    plain = plain_text(text)
    assert parseString(f"<a>{escape(plain)}</a>".encode())
    assert plain_text(plain) == plain


def test_every_character_that_there_is():
    text = plain_text("".join(map(chr, range(sys.maxunicode + 1))), most=None)
    assert parseString(f"<a>{escape(text)}</a>".encode())
    assert not set(text) & set("\0\x1b\x7f\x85\u2028\u202e\u2066\ufdd0\ufffe\uffff\ud800\udfff\t\r")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\x1bb", r"a\x1bb"), ("a\0", r"a\x00"), ("\ufffe", r"\ufffe"), ("\udc80", r"\udc80"),
        ("gnp.\u202egvs", r"gnp.\u202egvs"), ("one\r\ntwo\tthree", "one\ntwo three"),
        ("W_hh (16, 16) ∇ 权重 😀 é", "W_hh (16, 16) ∇ 权重 😀 é"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_written_out_and_the_rest_stays(text, plain):
    assert plain_text(text) == plain


def test_a_long_text_keeps_its_two_ends():
    text = "".join(map(str, range(5000)))
    plain = plain_text(text)
    assert len(plain) == MOST
    head, tail = plain.split("…")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert (len(head), len(tail)) == (MOST - MOST // 4 - 1, MOST // 4)
    assert plain_text("x" * MOST) == "x" * MOST
    assert plain_text(text, most=None) == text


@pytest.mark.parametrize("sign", ["&", '"', "<", "\\", "\0", "\ufffe", "字", "😀"])
def test_the_longest_text_is_read_by_graphviz(sign):
    assert len(quote(plain_text(sign * 20_000)).encode()) < 16_384
