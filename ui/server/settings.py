"""Settings of Streamlit's that follow from ours."""

import math
import os

from streamlit import config

from experiment.limits import LimitsError, limits_from_environment

MEBIBYTE = 2**20
XSRF = "server.xsrfCookieSameSite"


def apply_settings() -> None:
    """Streamlit takes no larger file than the host allows, and keeps its cookie in the frame of a Space's page."""
    try:
        limit = limits_from_environment().upload_bytes
    except LimitsError:  # every page says so
        limit = None
    if limit is not None:
        config.set_option("server.maxUploadSize", math.ceil(limit / MEBIBYTE))
    if os.environ.get("SPACE_ID") and not os.environ.get("STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE"):
        config.set_option(XSRF, "none")
