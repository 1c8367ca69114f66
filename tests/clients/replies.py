"""In: a reply and whether to stream it. Out: the bytes each kind of model API would answer with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A model's wish to call one tool."""

    tool: str
    arguments: Mapping[str, object]
    namespace: str | None = None
    """The tool's namespace; only the responses API has them."""


TEXT = "ok"
"""What the recorder says when it is not asked to call a tool."""


def anthropic(call: Call | None, number: int, *, stream: bool) -> bytes:
    """Answer POST /v1/messages; the event order is the one Anthropic's API documents."""
    block: Json = {"type": "text", "text": TEXT}
    delta: Json = {"type": "text_delta", "text": TEXT}
    empty: Json = {"type": "text", "text": ""}
    if call:
        arguments = dict(call.arguments)
        empty = {"type": "tool_use", "id": f"toolu_{number}", "name": call.tool, "input": {}}
        block = {**empty, "input": arguments}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    ending = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "recorder"}
    if not stream:
        return _json({**message, "content": [block], **ending, "usage": usage})
    start: Json = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    return _events(
        [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
    )


def chat(call: Call | None, number: int, *, stream: bool) -> bytes:
    """Answer POST /v1/chat/completions."""
    message: Json = {"role": "assistant", "content": TEXT}
    if call:
        function = {"name": call.tool, "arguments": json.dumps(dict(call.arguments))}
        wish = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [wish]}
    ending = "tool_calls" if call else "stop"
    head = {"id": f"chat_{number}", "created": 1, "model": "recorder"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    if not stream:
        choice = {"index": 0, "message": message, "finish_reason": ending}
        return _json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    said = {"index": 0, "delta": message, "finish_reason": None}
    ended = {"index": 0, "delta": {}, "finish_reason": ending}
    chunks = [{**head, "choices": [said]}, {**head, "choices": [ended], "usage": usage}]
    lines = [*(json.dumps(chunk) for chunk in chunks), "[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def responses(call: Call | None, number: int, *, stream: bool) -> bytes:
    """Answer POST /v1/responses."""
    item: Json = {"id": f"item_{number}", "status": "completed"}
    if call:
        item |= {"type": "function_call", "call_id": f"call_{number}", "name": call.tool}
        item |= {"arguments": json.dumps(dict(call.arguments))}
        item |= {"namespace": call.namespace} if call.namespace else {}
    else:
        said = {"type": "output_text", "text": TEXT, "annotations": []}
        item |= {"type": "message", "role": "assistant", "content": [said]}
    response: Json = {"id": f"resp_{number}", "object": "response", "model": "recorder"}
    begun = {**response, "status": "in_progress", "output": []}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    done = {**response, "status": "completed", "output": [item], "usage": usage}
    if not stream:
        return _json(done)
    return _events(
        [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": done},
        ]
    )


def _json(value: Json) -> bytes:
    return json.dumps(value).encode()


def _events(events: Sequence[Json]) -> bytes:
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(lines).encode()
