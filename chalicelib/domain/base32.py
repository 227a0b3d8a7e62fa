"""Crockford's base 32 in lower case: letters that nobody misreads, in an order that sorts like the numbers."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}


def encode(number: int, length: int) -> str:
    """The last `length` digits of `number`."""
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))


def decode(letters: str) -> int:
    """Raises KeyError for a letter that is no digit."""
    value = 0
    for letter in letters:
        value = value * 32 + _VALUE[letter]
    return value
