"""Small images with captions, as many beside each other as there is room for."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from charts.pictures import picture_address

STYLE = """<style>
.pictures { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.pictures figure { margin: 0; }
.pictures img { width: 100%; image-rendering: pixelated; border-radius: 0.25rem; display: block; }
.pictures figcaption { font-size: 0.8rem; line-height: 1.25; padding-top: 0.2rem; overflow-wrap: anywhere; }
</style>"""


def draw_pictures(images: NDArray[np.uint8], captions: Sequence[str], *, width: float) -> None:
    """Draws images (k, height, width, 1 or 3), each `width` rem wide, above captions of one or more lines."""
    figures = (
        f'<figure style="width: {width}rem"><img src="{picture_address(image)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption).replace(chr(10), '<br>')}</figcaption></figure>"
        for image, caption in zip(images, captions, strict=True)
    )
    st.html(f'{STYLE}<div class="pictures">{"".join(figures)}</div>')
