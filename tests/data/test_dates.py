"""Dates in words, beside what the calendar and a person write."""

import calendar
import re
from datetime import date

from tinygrad_rnn.data.dates import (
    FIRST,
    FORMATS,
    LAST,
    MONTHS,
    ORDINALS,
    WEEKDAYS,
    dates,
    day,
    nth,
    number,
    ordinal,
    year,
)

DAYS = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third
    twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first""".split()  # noqa: SIM905
SMALL = "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
WRITTEN = [
    "the twenty-third of march 1998",
    "twenty-third of march, nineteen ninety-eight",
    "monday the twenty-third of march 1998",
    "march the twenty-third, 1998",
    "march 23rd, 1998",
    "march 23, nineteen ninety-eight",
    "23 march 1998",
    "23rd mar 1998",
    "23 mar 1998",
    "mon, mar 23 1998",
    "monday, 23 march 1998",
    "23.3.1998",
]


def test_a_day_in_every_format():
    assert [write(date(1998, 3, 23)) for write in FORMATS] == WRITTEN


def test_names_are_the_calendar_s():
    assert [name.title() for name in MONTHS] == list(calendar.month_name)[1:]
    assert [name.title() for name in WEEKDAYS] == list(calendar.day_name)


def test_days_in_words_and_with_their_endings():
    assert [ordinal(n) for n in range(1, 32)] == DAYS
    assert [nth(n) for n in range(1, 32)] == [f"{n}{(DAYS[n % 10 - 1] if n % 10 and n // 10 != 1 else 'th')[-2:]}"
                                              for n in range(1, 32)]  # fmt: skip
    assert set(ORDINALS.values()) < set(DAYS)


def test_numbers_in_words():
    assert [number(n) for n in range(13)] == ["zero", *SMALL]
    teens = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    assert " ".join(number(n) for n in range(13, 20)) == teens
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    assert [number(n) for n in range(20, 100, 10)] == tens
    for n in range(20, 100):
        assert number(n).split("-") == [tens[n // 10 - 2], *([SMALL[n % 10 - 1]] if n % 10 else [])]


def test_years_in_words():
    for n in range(1901, 2000):
        assert year(n) == f"nineteen {number(n % 100) if n % 100 > 9 else f'oh {number(n % 100)}'}"
    for n in range(2001, 2100):
        assert year(n) == (f"twenty {number(n % 100)}" if n % 100 > 9 else f"two thousand and {number(n % 100)}")
    assert (year(1900), year(2000)) == ("nineteen hundred", "two thousand")


def test_two_centuries_and_every_format_are_drawn_from():
    assert (date.fromordinal(FIRST), date.fromordinal(LAST)) == (date(1900, 1, 1), date(2099, 12, 31))
    pairs = dates(30_000)
    assert len(set(pairs)) > 29_000  # two formats write some days alike
    days = sorted(day(pair) for pair in pairs)
    assert days[0].startswith("1900-0")
    assert days[-1].startswith("2099-1")
    for write in FORMATS:
        found = sum(text == write(date.fromisoformat(iso)) for text, iso in pairs[:3000])
        assert found > 150  # a twelfth, 250, and some that two formats write alike
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", iso) for iso in days)


def test_no_day_comes_twice_in_one_format():
    found = dates(50_000, seed=1)
    assert len(set(found)) > 49_900  # two formats may write one day alike, and no more than that


def test_where_fewer_exist_than_are_asked_for_all_are_written(monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.data.dates.FIRST", LAST - 2)
    last = [date(2099, 12, d) for d in (29, 30, 31)]
    assert sorted(dates(1000)) == sorted((write(d), d.isoformat()) for d in last for write in FORMATS)
