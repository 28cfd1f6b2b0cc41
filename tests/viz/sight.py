"""Colours as they are seen: in grey print, and by readers who lack one kind of cone.

Sources: the matrices of Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color
Vision Deficiency", severity 1.0, for linear RGB; CIE 1976 L*a*b* with the white of D65, where 2.3 is just noticeable.
"""

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
SEEN = {
    "normal": np.eye(3),
    "grey": np.tile(LUMINANCE, (3, 1)),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], LUMINANCE, [0.0193, 0.1192, 0.9505]])


def linear(colour):
    v = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def lab(colour, sight):
    relative = XYZ @ np.clip(SEEN[sight] @ linear(colour), 0, 1) / XYZ.sum(1)
    x, y, z = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other, sight="normal"):
    """How different two colours look."""
    return float(np.linalg.norm(lab(one, sight) - lab(other, sight)))


def ratio(one, other):
    """WCAG 2's contrast, written out anew: (L₁ + 0.05) / (L₂ + 0.05)."""
    low, high = sorted(float(LUMINANCE @ linear(colour)) + 0.05 for colour in (one, other))
    return high / low
