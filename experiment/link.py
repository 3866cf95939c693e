"""A whole experiment in a link: base64url of zlib of the JSON without defaults."""

import base64
import binascii
import zlib

from datasets.uploads import UploadedFiles
from experiment.spec import Experiment, ExperimentError, parse_experiment
from wording.language import _

MAX_LINK_CHARACTERS = 4_000
MAX_INFLATED_BYTES = 64_000


def encode_link(experiment: Experiment) -> str | None:
    """The text for a link, or None if it would be too long for one (offer a file then)."""
    packed = zlib.compress(experiment.model_dump_json(exclude_defaults=True).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return text if len(text) <= MAX_LINK_CHARACTERS else None


def decode_link(text: str, uploads: UploadedFiles | None = None) -> Experiment:
    """The experiment that a link carries; `uploads` as for `parse_experiment`. Never inflates more than 64 KB.

    Raises:
        ExperimentError: the link is broken or too long, or what it carries is refused.
    """
    if len(text) > MAX_LINK_CHARACTERS:
        raise ExperimentError(
            _("The link has {characters:,} characters; allowed: up to {max_link_characters:,}.").format(
                characters=len(text), max_link_characters=MAX_LINK_CHARACTERS
            )
        )
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(packed, MAX_INFLATED_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise ExperimentError(_("The link is broken: part of it was lost or changed on the way.")) from None
    if not inflater.eof:
        raise ExperimentError(
            _("The link is broken, or holds more than {max_inflated_bytes:,} bytes.").format(
                max_inflated_bytes=MAX_INFLATED_BYTES
            )
        )
    return parse_experiment(inflated, uploads)
