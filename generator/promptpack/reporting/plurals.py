"""Numbers of things in words."""


def pluralize(number: int, noun: str) -> str:
    """Return a number of things in words.

    >>> pluralize(1, "file"), pluralize(2, "file")
    ('1 file', '2 files')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
