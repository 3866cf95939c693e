"""The route by which curves come to browsers: what is new of a view that a page has drawn (ui/live/)."""

import logging
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from results.faults import StoreError

LIVE_PATH: Final = "/live/{view}"
SECONDS_TO_TRY_AGAIN: Final = 2
_VERSION = re.compile(r"[0-9a-f]{16}")
_KEPT_BY_NOBODY: Final = {"Cache-Control": "no-store"}

logger = logging.getLogger(__name__)


async def answer_live(request: Request) -> Response:
    """What changed since the version `after`, as JSON: 204 if nothing did, 410 if there is no such view any more."""
    # Their caches want a runtime, which an import with the server has not.
    from ui.live.message import FEEDS, ServicesError

    feed = FEEDS.find(request.path_params["view"])
    if feed is None:
        return _gone()
    after = request.query_params.get("after", "")
    try:
        answer = await feed.read(after if _VERSION.fullmatch(after) else "", FEEDS.limiter)
    except (StoreError, ServicesError) as error:
        logger.warning("no answer to a viewer: %s", error)
        return Response(status_code=503, headers={**_KEPT_BY_NOBODY, "Retry-After": str(SECONDS_TO_TRY_AGAIN)})
    if answer is None:
        return Response(status_code=204, headers=_KEPT_BY_NOBODY)
    if not answer.version:
        return _gone()
    return Response(answer.body, media_type="application/json", headers={**_KEPT_BY_NOBODY, "Content-Encoding": "gzip"})


def _gone() -> Response:
    return JSONResponse({"gone": True}, status_code=410, headers=_KEPT_BY_NOBODY)
