"""Text from outside, before anybody sees it."""


def printable(text: str) -> str:
    """A space for each letter that cannot be printed: controls, invisible ones, separators (Unicode's C and Z)."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
