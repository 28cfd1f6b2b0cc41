import os
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.data import Corpus, chunks, stream_batches
from tinygrad_rnn.data import text as text_file


@given(st.text(min_size=1))
def test_ids_and_back(text):
    corpus = Corpus(text)
    assert corpus.decode(corpus.ids) == text
    assert len(corpus) == len(text)


def test_a_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("zwölf\r\nMänner".encode())
    assert Corpus.from_file(path).text == "zwölf\r\nMänner"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"caf\xe9", "not UTF-8 text"), (None, "No such file")],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, content, said):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(tg.DataError, match=said):
        Corpus.from_file(path)


def test_unknown_characters_and_fractions_are_named():
    with pytest.raises(tg.DataError, match="of type bytes"):
        Corpus(b"hello")
    with pytest.raises(tg.DataError, match="a character twice"):
        Corpus("a", "aab")
    with pytest.raises(tg.DataError, match=r"'x'"):
        Corpus("hello").encode("xylophone")
    with pytest.raises(tg.OptionError, match="fraction=1"):
        Corpus("hello").split(1)


@given(st.integers(1, 400), st.integers(1, 9), st.integers(1, 20))
def test_rows_go_on_from_chunk_to_chunk_and_nothing_is_skipped(n, batch, bptt):
    ids = np.arange(n)
    if (n - 1) // batch < 1:
        with pytest.raises(tg.DataError, match="shorter than a batch"):
            stream_batches(ids, batch, bptt)
        return
    found = list(stream_batches(ids, batch, bptt))
    assert len(found) == chunks(ids, batch, bptt)
    assert all(len(x) == bptt for x, _ in found[:-1])  # only the last may be short
    xs, ys = (np.concatenate(part) for part in zip(*found, strict=True))
    assert np.array_equal(xs.T.ravel(), ids[: xs.size])  # row after row: the text itself
    assert np.array_equal(ys, xs + 1)
    assert n - 1 - xs.size < batch
    with pytest.raises(tg.OptionError, match="bptt=0"):
        stream_batches(ids, 1, 0)


@pytest.mark.parametrize("id", [-1, 2])
def test_an_id_of_no_character_is_said(id):
    with pytest.raises(tg.DataError, match=r"Corpus\.decode"):
        Corpus("ab").decode([id])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_is_read_to_its_end_and_one_that_nobody_writes_to_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_text, args=("to be or not to be",))
    writer.start()
    assert Corpus.from_file(path).text == "to be or not to be"
    writer.join()
    monkeypatch.setattr(text_file, "PATIENCE", 0.05)
    with pytest.raises(tg.DataError, match="nobody writes to this pipe"):
        Corpus.from_file(path)
    with pytest.raises(tg.DataError, match="not a file"):
        Corpus.from_file(os.devnull)


def test_a_corpus_may_be_of_no_characters():
    assert Corpus("", "").ids.shape == (0,)


@pytest.mark.parametrize("sign", ["€", "Ÿ"])
def test_one_sign_of_windows_1252_tells_it(sign, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(f"5 {sign} and nothing else".encode("cp1252"))
    with pytest.raises(tg.DataError, match="looks like Windows-1252"):
        Corpus.from_file(path)
