"""The palette's promises: contrast on both pages, and colours that colour-blind eyes tell apart."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from charts.marks import MARK_SYMBOLS
from charts.palette import COLOURS, style, translucent

CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
OKABE_ITO = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")

SIGHT = {
    "normal": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# Ottosson, "A perceptual color space for image processing" (2020).
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> NDArray[np.float64]:
    values = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def closest_pair(colours: tuple[str, ...], sight: str) -> float:
    """Return the smallest distance in OKLab between two of the colours."""
    seen = np.clip(np.array([linear(colour) for colour in colours]) @ SIGHT[sight].T, 0, 1)
    places = np.cbrt(seen @ TO_CONES.T) @ TO_OKLAB.T
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return float(distances[~np.eye(len(colours), dtype=bool)].min())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", COLOURS)
def test_each_colour_stands_out_from_both_backgrounds(colour: str, theme: str) -> None:
    assert contrast(colour, CONFIG["theme"][theme]["backgroundColor"]) >= 3


def test_no_pair_is_closer_than_in_okabe_and_itos_palette_for_any_eyes() -> None:
    ours = min(closest_pair(COLOURS, sight) for sight in SIGHT)
    theirs = min(closest_pair(OKABE_ITO, sight) for sight in SIGHT)
    assert ours >= theirs


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_links_and_buttons_of_the_theme_are_readable(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    assert contrast(colours["textColor"], colours["backgroundColor"]) >= 7
    assert contrast(colours["textColor"], colours["secondaryBackgroundColor"]) >= 7
    assert contrast(colours["linkColor"], colours["backgroundColor"]) >= 4.5
    assert contrast("#ffffff", colours["primaryColor"]) >= 4.5
    assert tuple(colours["chartCategoricalColors"]) == COLOURS


def test_no_two_of_64_variants_look_the_same() -> None:
    assert len({style(index) for index in range(64)}) == 64
    assert all(style(index).symbol is None for index in range(8))
    assert not {style(index).symbol for index in range(8, 64)} & set(MARK_SYMBOLS.values())


def test_translucent_is_css() -> None:
    assert translucent("#0072b2", 0.25) == "rgba(0,114,178,0.25)"
