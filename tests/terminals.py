"""The other side of a pseudo-terminal."""

import os


def read_out(terminal: int) -> bytes:
    """Everything that is written to it until the last writer is gone; then it is closed."""
    seen = b""
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:  # how a pseudo-terminal says end of file
            got = b""
        if not got:
            break
        seen += got
    os.close(terminal)
    return seen
