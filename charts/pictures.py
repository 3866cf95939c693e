"""Small images as addresses that a page can show."""

import numpy as np
from numpy.typing import NDArray

from charts.data_preview import encode_png


def picture_address(image: NDArray[np.uint8]) -> str:
    """Return an image (height, width, 1 or 3) as a PNG data address."""
    colours = np.broadcast_to(image, (*image.shape[:2], 3))
    opaque = np.full((*image.shape[:2], 1), 255, np.uint8)
    return encode_png(np.concatenate([colours, opaque], axis=-1))
