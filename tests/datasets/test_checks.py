"""What is said of the split before training."""

import numpy as np

from datasets.checks import check_split
from datasets.registry import Wine
from datasets.uploads import open_upload

GENERATOR = np.random.default_rng(0)


def told(content: str) -> str:
    return "\n".join(doubt.text for doubt in check_split(open_upload(content.encode()), seed=0))


def table(rows: int, rare: int = 0, few: int = 0) -> str:
    """Noise; so many rows have a text of their own, so many are of a third class."""
    cells = GENERATOR.normal(size=(rows, 2))
    lines = [
        f"{x:.4f},{z:.4f},{f'rare {i}' if i < rare else 'usual'},{'c' if i < few else 'ab'[i % 2]}"
        for i, (x, z) in enumerate(cells)
    ]
    return "\n".join(["x,z,text,cls", *lines])


def test_few_validation_rows_of_a_class_are_said() -> None:
    assert "Of 4 validation rows only 2 are of class" in told(table(20))
    assert 'only 2 are of class "c"' in told(table(200, few=10))
    assert told(table(200)) == ""


def test_a_text_that_no_training_row_has_is_said() -> None:
    said = told(table(200, rare=40))
    assert 'No training row has "text = rare' in said
    assert "others" in said


def test_embedded_data_raise_no_doubt() -> None:
    assert check_split(Wine(), seed=0) == ()
