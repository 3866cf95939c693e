"""Memory that the server no longer needs goes back to the system."""

import ctypes
import platform
from typing import Final

M_MMAP_THRESHOLD: Final = -3
LARGE_BLOCK: Final = 256 * 1024


def return_large_blocks() -> None:
    """Large blocks go back to the system the moment they are freed.

    glibc does so until the first one is freed: then it takes blocks of that size from its heap, which shrinks only from
    its end. A fixed threshold ends that. A server of 295 MiB that took 320 MB of files and forgot them had 380 MiB;
    with the threshold, 307.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
