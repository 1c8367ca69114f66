"""Characters that a reader can't see or can be deceived by: text in, the same made visible out."""

import unicodedata
from collections import Counter
from collections.abc import Iterator

from promptpack.patterns import compile_late

_BLANK_CHARACTERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0"
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
OLD_COMMAND = compile_late(r"##(?=\w*\[)")
"""What is a command wherever it stands in a log: `##[error]`, `##vso[…]`, `##teamcity[…]`.

GitHub's runner looks for it in the whole line, whatever stands before.
"""

_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_SELECTORS = compile_late("[\ufe00-\ufe0e\U000e0100-\U000e01ef]")
_EMOJI = compile_late(
    "(?<=[^\\w\\s])(\ufe0f|\u200d)|(?<=[^\\w\\s]\ufe0f)\u200d|(?<=[0-9#*])\ufe0f(?=\u20e3)"
)
_MIXED = compile_late(
    "[A-Za-z][\u0400-\u04ff\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
    "\u03a5\u03a7\u03bd\u03bf]|[\u0400-\u04ff\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a5\u03a7\u03bd\u03bf][A-Za-z]"
)


def reveal(text: str) -> str:
    """Return text in which nothing is hidden: invisible characters and control bytes by name."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(name_character(c) if _is_invisible(c) else c for c in text)


def reveal_line(text: str) -> str:
    r"""Return a text as one line in which nothing is hidden, not even that it had several.

    >>> reveal_line("a\tb\n\x1b[2J")
    'a b<U+000A><U+001B>[2J'
    """
    return reveal(text).replace("\t", " ").replace("\n", name_character("\n"))


def is_deceptive(old: str, new: str) -> bool:
    """Tell whether the new text has hidden characters or mixed alphabets that the old one lacks."""
    if new.isascii() and new.replace("\n", " ").replace("\t", " ").isprintable():
        return False
    return bool(Counter(_find_deceptions(new)) - Counter(_find_deceptions(old)))


def find_hidden(text: str) -> Iterator[tuple[int, str]]:
    """Yield each hidden character with its index; spaces are none, nor what belongs to an emoji."""
    if text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable():
        return
    for index, c in enumerate(_EMOJI.sub("x", text)):
        if _is_invisible(c) and (c in _LINE_ENDS or not c.isspace()):
            yield index, c


def find_mixed_alphabets(text: str) -> Iterator[int]:
    """Yield the index of each letter that is followed by one of another alphabet."""
    if not text.isascii():
        yield from (match.start() for match in _MIXED.finditer(text))


def _find_deceptions(text: str) -> list[str]:
    """Return each hidden character and each place where two alphabets meet in a word."""
    return [*(c for _, c in find_hidden(text)), *_MIXED.findall(_EMOJI.sub("", text))]


def _is_invisible(c: str) -> bool:
    if c in "\n\t ":
        return False
    return (
        unicodedata.category(c) in _HIDDEN_CATEGORIES
        or c in _BLANK_CHARACTERS
        or c.isspace()
        or _SELECTORS.match(c) is not None
    )


def name_character(c: str) -> str:
    """Return the code point of a character, or the byte of a name that is not UTF-8."""
    code = ord(c)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python's surrogateescape has it
        return f"<0x{code - 0xDC00:02X}>"
    return f"<U+{code:04X}>"
