"""Addresses that options are given: a text in, whether it can be used out."""

import re

_WEB_ADDRESS = re.compile(r"https?://[\w.~:/@%+-]+", re.ASCII)


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http or https address of plain characters, without a query."""
    return _WEB_ADDRESS.fullmatch(text) is not None


def is_served_address(text: str) -> bool:
    """Tell whether a site can be served there: an IP address or `localhost`, and a port.

    >>> [is_served_address(one) for one in ("127.0.0.1:8000", "[::1]:0", "localhost:80")]
    [True, True, True]
    >>> [is_served_address(one) for one in ("127.0.0.1", "::1:80", "a.example:80", "::", "[::1]:x")]
    [False, False, False, False, False]
    """
    from ipaddress import ip_address  # noqa: PLC0415 - only for what serves

    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)|localhost):([0-9]{1,5})", text)
    if match is None or int(match[3]) >= 1 << 16:
        return False
    host = match[1] or match[2]
    try:
        return host is None or ip_address(host).version == (6 if match[1] else 4)
    except ValueError:
        return False
