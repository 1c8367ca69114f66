"""Numbers of things in words."""


def count(number: int, what: str) -> str:
    """Return a number of things in words.

    >>> count(1, "file"), count(2, "file")
    ('1 file', '2 files')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
