"""Tables of the page: cells that a browser copies to a spreadsheet run nothing there."""

import pandas as pd

from ui.components.frames import disarm_frame


def test_texts_and_names_are_disarmed_and_numbers_stay() -> None:
    frame = pd.DataFrame({"=x": ["=1+1", None], "'=x": ["a", "-0.5"], "loss": [-0.5, float("nan")]})
    found = disarm_frame(frame)
    assert list(found.columns) == ["'=x", "''=x", "loss"]
    assert found["'=x"][0] == "'=1+1" and list(found["''=x"]) == ["a", "-0.5"]
    assert found["loss"].equals(frame["loss"])
    assert frame["=x"][0] == "=1+1", "the table that was given stays"
