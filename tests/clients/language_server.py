"""In: a YAML file and its schema. Out: what an editor would show of it, as a real server says.

The server speaks JSON-RPC over its standard streams, each message with its length before it.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from clients.sandbox import client, sandbox
from support import PATIENCE

Message = dict[str, Any]


class Editor:
    """Files of one schema, each text a new one: what is wrong, what is offered and said there."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._out: IO[bytes] = process.stdin
        self._in: IO[bytes] = process.stdout
        schemas = {f"{folder}/schema.json": "*.yaml"}
        self._settings = {"yaml": {"schemas": schemas, "completion": True, "hover": True}}
        self._folder, self._uri, self._number = folder, "", 0
        self._diagnostics: dict[str, list[str]] = {}
        capabilities = {"workspace": {"configuration": True}}
        self._ask("initialize", processId=None, rootUri=None, capabilities=capabilities)
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=self._settings)

    def open(self, text: str) -> list[str]:
        """Show a text; return what is wrong with it."""
        self._number += 1
        self._uri = f"{self._folder}/{self._number}.yaml"
        document = {"uri": self._uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        while self._uri not in self._diagnostics:
            self._take(self._read())
        return self._diagnostics[self._uri]

    def complete(self, text: str) -> set[str]:
        """Return the words that are offered at the mark `|` of a text."""
        position = self._open_at_mark(text)
        found = self._ask("textDocument/completion", **position)
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"] for item in items}

    def hover(self, text: str) -> str:
        """Return what is said at the mark `|` of a text."""
        found = self._ask("textDocument/hover", **self._open_at_mark(text))
        return json.dumps(found["contents"]) if found else ""

    def _open_at_mark(self, text: str) -> Message:
        before, _, after = text.partition("|")
        self.open(before + after)
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return {"textDocument": {"uri": self._uri}, "position": place}

    def _ask(self, method: str, **parameters: object) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while (message := self._read()).get("id") != self._number or "method" in message:
            self._take(message)
        assert "error" not in message, message
        return message["result"]

    def _tell(self, method: str, **parameters: object) -> None:
        self._send({"method": method, "params": parameters})

    def _take(self, message: Message) -> None:
        """Answer what the server asks, and keep what it says is wrong."""
        method = message.get("method")
        if method == "workspace/configuration":
            sections = [one.get("section", "") for one in message["params"]["items"]]
            result = [self._settings.get(section, {}) for section in sections]
            self._send({"id": message["id"], "result": result})
        elif method == "textDocument/publishDiagnostics":
            said = [one["message"] for one in message["params"]["diagnostics"]]
            self._diagnostics[message["params"]["uri"]] = said
        elif "id" in message and method:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._out.flush()

    def _read(self) -> Message:
        length = 0
        while line := self._in.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server has ended"
        message: Message = json.loads(self._in.read(length))
        return message


@contextmanager
def edit(schema: Mapping[str, object]) -> Iterator[Editor]:
    """Start the server on a file of this schema; it is killed at the end."""
    with sandbox({"schema.json": json.dumps(schema).encode()}) as box:
        command = [client("node"), client("yaml-language-server"), "--stdio"]
        with box.connected(command, PATIENCE) as process:
            yield Editor(process, box.project.as_uri())
