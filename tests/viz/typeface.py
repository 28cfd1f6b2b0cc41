"""How wide a text is in DejaVu Sans, the widest of the fonts that a picture is shown in.

From the advance widths of DejaVu Sans 2.37, in the 2048 parts of an em; pairs that are kerned only come out narrower.
Source: https://dejavu-fonts.github.io
"""

from unicodedata import combining, normalize

EM = 2048
WIDTHS = {
    340: 'ₗ', 366: 'ᵢⁱ', 465: '′', 503: '⁽⁾₍₎', 530: 'ᵣ', 563: "'", 569: 'ijlı', 604: 'IJΙₜ', 651: ' ,.‘’\xa0·⋅',
    690: '/:;\\|', 693: 'ι', 721: 'f', 739: '-‐‑', 745: 'ᵪ', 763: 'ᵧ', 764: 'ₛ', 799: '()[]⌊⌋', 802: 'ₐ', 803: 't',
    816: 'ⁿₙ', 821: '!⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉²³¹', 823: 'ᵦ', 828: 'ₕ', 829: 'ᵤ', 842: 'r', 843: 'ᵨ', 847: 'ₒ', 851: 'ᵩ',
    854: 'ᵥₑₔ', 872: 'ₖ', 877: 'ₚ', 909: 'ₓ', 942: '"', 1024: '*_`–∥', 1059: '∂', 1061: '“”', 1067: 's', 1075: 'z',
    1081: '⁺⁻⁼₊₋₌', 1087: '?', 1107: 'ε', 1114: 'ζ', 1126: 'c', 1141: 'LΓ', 1142: 'ξ', 1144: 'ν', 1178: 'F',
    1183: 'χ', 1185: 'υ', 1186: 'k', 1202: 'ς', 1207: 'κ', 1212: 'vxyγλ', 1233: 'πτ', 1235: 'PΡ', 1251: 'TYΤΥ',
    1253: 'oδθο', 1255: 'a', 1260: 'e', 1276: 'ₘ', 1282: '∘', 1294: 'EΕΞΣ', 1298: 'hnuησ', 1300: 'Sbdgpqρ',
    1303: '$0123456789{}μ‒', 1305: '√', 1307: 'β', 1343: 'KΚ', 1350: 'α', 1351: 'φψ', 1370: '∇', 1380: '∑',
    1401: 'AVΑΔΛ', 1403: 'XZΖΧ', 1405: 'BΒ', 1423: 'R', 1430: 'C', 1463: '∝', 1499: 'U∧∨', 1532: 'NΝ', 1540: 'HΗΠ',
    1565: 'Ω', 1575: '▲▼', 1577: 'D', 1587: 'G', 1597: '&', 1612: 'OQΘΟΦΨ', 1675: 'w', 1715: 'ω',
    1716: '#+<=>^~±×÷←↑→↓−≤≥⊗⊕⊙¬', 1767: 'MΜ', 1946: '%', 1995: 'm', 2025: 'W', 2048: '@',
}  # fmt: skip
ADVANCE = {sign: width for width, signs in WIDTHS.items() for sign in signs}
PITCH = 1.2  # from one line to the next, in ems: the widest that Graphviz 2.43 and 14 set
BASE = 0.36  # of the base line below the middle of a line, the lowest that they set; letters rise to 0.5 above it
HANGING = {**dict.fromkeys("gjpqyμβγζηξρςφψ_|", 0.24), **dict.fromkeys("()[]{},;Q@₀₁₂₃₄₅₆₇₈₉ₜ", 0.15)}


def width(line: str, size: float) -> float:
    """Points from the first letter's left to the last one's right; a sign that is not in the table takes a whole em.

    >>> round(width("W_hh", 12), 1), width("ŷ", 12) == width("y", 12), width("权", 12)
    (33.1, True, 12.0)
    """
    signs = (sign for sign in normalize("NFD", line) if not combining(sign))
    return sum(ADVANCE.get(sign, EM) for sign in signs) * size / EM


def boxes(text: str, size: float, x: float, y: float) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of the ink of each line of a text whose middle is (x, y)."""
    lines = text.split("\n")
    found = []
    for k, line in enumerate(lines):
        middle = y + PITCH * size * ((len(lines) - 1) / 2 - k)
        half, hangs = width(line, size) / 2, max((HANGING.get(sign, 0.0) for sign in line), default=0.0)
        if half:
            found.append((x - half, middle - (BASE + hangs) * size, x + half, middle + 0.5 * size))
    return found
