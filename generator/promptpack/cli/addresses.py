"""Addresses that options are given: a text in, whether reports and pages may link to it out."""

import re

_WEB_ADDRESS = re.compile(r"https?://[\w.~:/@%+-]+", re.ASCII)


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http or https address of plain characters, without a query."""
    return _WEB_ADDRESS.fullmatch(text) is not None
