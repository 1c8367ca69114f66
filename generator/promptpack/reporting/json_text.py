"""JSON as every command prints it: data in, ASCII out, which can't act where it is printed."""

import json

from promptpack.patterns import compile_late
from promptpack.reporting.characters import OLD_COMMAND, name_character

_SURROGATE = compile_late("[\ud800-\udfff]")
_NOT_ASCII = compile_late("[^ -~\n]")


def dump_json(data: object) -> str:
    r"""Return data as JSON, ended by a newline.

    A byte of a file's name that is not UTF-8 has no place in JSON: it is named. What a
    log would take for a command is spelled otherwise.

    >>> dump_json(["\udcff", "##[error]x"])
    '[\n  "<0xFF>",\n  "#\\u0023[error]x"\n]\n'
    """
    text = json.dumps(data, indent=2, ensure_ascii=False)
    text = _SURROGATE.sub(lambda match: name_character(match[0]), text)
    text = _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)
    return OLD_COMMAND.sub(r"#\\u0023", text) + "\n"
