"""Keras for the tests that need it: loaded once, as workers have it, after all other tests."""

from typing import Any

import pytest

from training.preload import warm_up


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras as a worker has it. Tests import nothing of it themselves: see `pytest_collection_modifyitems`."""
    warm_up()
    import keras

    return keras


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves tests with Keras to the end: once it is loaded, Streamlit clears its session after each script run."""
    items.sort(key=lambda item: "keras" in getattr(item, "fixturenames", ()))
