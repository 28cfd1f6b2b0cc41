"""Dates as people write them, and as machines do: "the third of march 1998" → "1998-03-03"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from tinygrad_rnn.data.pairs import Pair
from tinygrad_rnn.errors import check_number, check_seed

MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december"]  # fmt: skip
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
            "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth"}  # fmt: skip
FIRST, LAST = date(1900, 1, 1).toordinal(), date(2099, 12, 31).toordinal()

FORMATS: list[Callable[[date], str]] = [
    lambda d: f"the {ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{ordinal(d.day)} of {MONTHS[d.month - 1]}, {year(d.year)}",
    lambda d: f"{WEEKDAYS[d.weekday()]} the {ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} the {ordinal(d.day)}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {nth(d.day)}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {year(d.year)}",
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{nth(d.day)} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()][:3]}, {MONTHS[d.month - 1][:3]} {d.day} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
]


def dates(examples: int, seed: int = 0) -> list[Pair]:
    """`examples` times a day from 1900 to 2099 in one of the FORMATS, no day twice in one; where fewer exist, all.

    >>> all(text in [write(date.fromisoformat(iso)) for write in FORMATS] for text, iso in dates(100))
    True
    """
    check_seed("dates", seed)
    check_number("dates", "examples", examples, whole=True, least=1)
    ways = len(FORMATS)
    every = (LAST + 1 - FIRST) * ways
    drawn = np.random.default_rng(seed).choice(every, min(examples, every), replace=False)
    found = ((date.fromordinal(FIRST + int(k) // ways), FORMATS[k % ways]) for k in drawn)
    return [(write(day), day.isoformat()) for day, write in found]


def day(pair: Pair) -> str:
    """The day, however it is written: split by it, no day that is asked for was shown in any format."""
    return pair[1]


def number(n: int) -> str:
    """0 … 99 in words.

    >>> number(7), number(40), number(98)
    ('seven', 'forty', 'ninety-eight')
    """
    if n < 20:
        return ONES[n]
    return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")


def ordinal(n: int) -> str:
    """1 … 99 in words, as a place in an order.

    >>> ordinal(3), ordinal(20), ordinal(31)
    ('third', 'twentieth', 'thirty-first')
    """
    head, dash, last = number(n).rpartition("-")
    return head + dash + ORDINALS.get(last, last + "th")


def nth(n: int) -> str:
    """1 … 31 with its ending.

    >>> [nth(n) for n in (1, 2, 3, 4, 11, 12, 13, 21)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st']
    """
    return f"{n}{'th' if n in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def year(n: int) -> str:
    """1900 … 2099 in words.

    >>> year(1998), year(1900), year(1905), year(2000), year(2005), year(2026)
    ('nineteen ninety-eight', 'nineteen hundred', 'nineteen oh five', 'two thousand', 'two thousand and five',
     'twenty twenty-six')
    """
    century, rest = divmod(n, 100)
    if n < 2000 or rest >= 10:
        tail = "hundred" if rest == 0 else number(rest) if rest >= 10 else f"oh {ONES[rest]}"
        return f"{number(century)} {tail}"
    return "two thousand" + (f" and {ONES[rest]}" if rest else "")
