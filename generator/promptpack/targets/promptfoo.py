"""`prompts/<name>.promptfoo.json`: a chat prompt for promptfoo. It holds no policy.

promptfoo renders every text of a prompt with Nunjucks, so the prompt's tags are quoted. The user's
message is the variable `message`, which a test sets, as in an export of `diff`.
"""

from promptpack.model import Agent
from promptpack.targets.codec import as_text, make_text_agent
from promptpack.targets.json_text import as_mappings, read_json, write_json
from promptpack.targets.problems import Problem, list_misread, list_unknown
from promptpack.targets.target import TEXT_REASONS, ClientCheck, Target
from promptpack.targets.template_tags import has_own_tags, quote_tags, unquote_tags


def encode(agent: Agent) -> str:
    """Return the messages: the prompt, and one of the user's."""
    return write_messages(agent.prompt)


def write_messages(prompt: str) -> str:
    """Return the messages of a prompt, in which nothing but the user's message is a template."""
    return write_json(
        [
            {"role": "system", "content": quote_tags(prompt)},
            {"role": "user", "content": "{{ message }}"},
        ]
    )


def decode(text: str, stem: str) -> Agent:
    """Return the agent of the system messages; tags of a template of its own stay as they are."""
    return make_text_agent(stem, "", unquote_tags(_read_system(text)))


def find_problems(text: str) -> list[Problem]:
    """Return why promptfoo has nothing to send, or would send something else."""
    system = _read_system(text)
    problems = [] if system.strip() else list_misread(["the prompt is empty"])
    has_tags = has_own_tags(system)
    return [*problems, *list_unknown(["the prompt has template tags of its own"] * has_tags)]


def _read_system(text: str) -> str:
    messages = as_mappings(read_json(text))
    system = (as_text(one.get("content")) for one in messages if one.get("role") == "system")
    return "\n\n".join(system)


PROMPTFOO = Target(
    name="promptfoo",
    title="promptfoo",
    synonyms=("evaluation", "eval", "JSON"),
    path="prompts/{name}.promptfoo.json",
    places=("{path}.promptfoo.json",),
    is_on_request=True,
    is_named_only=True,
    encode=encode,
    decode=decode,
    problems=find_problems,
    check=ClientCheck(
        "client", "the messages that it sends (prompt)", "promptfoo 0.123.1", "2026-11-27"
    ),
    reasons=TEXT_REASONS,
    keeps=frozenset(),
    advisory=True,
    tells_policy=True,
)
