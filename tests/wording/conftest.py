"""The runs that analysis is tested with."""

from tests.analysis.conftest import make_run

__all__ = ["make_run"]
