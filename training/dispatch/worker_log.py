"""The log of this machine's scheduler and workers: one file that does not grow for ever."""

import logging
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

import platformdirs

MOST_BYTES = 10_000_000
"""A longer log is set aside, in place of the one before."""


def log_path() -> Path:
    """Where scheduler and workers of this machine write their log."""
    return Path(platformdirs.user_log_dir("regularizer-lab")) / "workers.log"


def keep_log(lines: IO[bytes]) -> None:
    """Reads what a process says until it ends, and keeps it; a disk that is full must hold nobody up."""
    logger = _logger()
    with lines:
        for line in lines:
            logger.info(line.decode(errors="replace").rstrip())


@cache
def _logger() -> logging.Logger:
    """A logger with this file alone, shared by all threads."""
    logger = logging.Logger("workers")
    try:
        log_path().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = _Patient(log_path(), maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        logging.getLogger(__name__).warning("the workers' log cannot be kept: %s", error)
        handler = logging.NullHandler()
    logger.addHandler(handler)
    return logger


class _Patient(RotatingFileHandler):
    """Goes on after an error, without a word: a line is lost."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is the base class's)
        """Leaves the line out."""
