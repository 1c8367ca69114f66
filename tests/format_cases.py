"""Texts that a template engine or a parser of messages would take for more than text."""

from dataclasses import replace

from hypothesis import strategies as st

from promptpack.model import Agent, Model
from promptpack.targets import TARGETS
from promptpack.targets.codec import make_text_agent
from promptpack.targets.emit import encode_and_check

FORMATS = ("prompty", "dotprompt", "promptfoo", "langchain", "promptpack-json")
"""The targets that hold a prompt as data."""

SUPPORTS = {
    "prompty": ("name", "description", "model", "temperature"),
    "dotprompt": ("name", "description", "model", "temperature"),
    "promptfoo": (),
    "langchain": (),
    "promptpack-json": ("name", "description", "temperature"),
}
"""The fields for which each format has a place."""

ACTS = (
    *(
        "{{ x }}",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{",
        "}",
        "#",
        "{{{",
        "}}}",
        "{{!",
        "{{~",
        "~}}",
    ),
    *(
        "{% raw %}",
        "{% endraw %}",
        "{{{{raw}}}}",
        "{{{{/raw}}}}",
        "{{#if x}}",
        "{{/if}}",
        "{{> x}}",
    ),
    *("\\{{", "\\\\{{", "\\", "\\\\", "{{ '{' }}", "{{!}}", "{{else}}", "{{^", '{{role "user"}}'),
    *(
        "---",
        "\n---\n",
        "+++",
        "\nsystem:\n",
        "user:",
        "\n# user:\n",
        'system[a="]"]:',
        ":",
        "role",
    ),
    *("<<<dotprompt:", "history>>>", "<<<dotprompt:role:user>>>", "${env:HOME}", "${file:a}"),
    *("\n", "\n\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", " ", "\t", "\ufeff"),
    *("'", '"', "`", "\u00e9", "\U0001f600", "x", "lc", "  - a\n", "&amp;", "\u00a0"),
)
nasty_texts = st.lists(st.sampled_from(ACTS), max_size=12).map("".join)


def make_agent(prompt: str) -> Agent:
    """Return an agent with a prompt and all that these formats have a place for."""
    agent = make_text_agent("an-agent", "Says: 'yes', {{ no }}, #.", "x", temperature=0.5)
    ids = dict.fromkeys(FORMATS, "some/model-1")
    return replace(agent, prompt=prompt, model=Model("m", ids=ids))


def make_file(target: str, prompt: str) -> tuple[str, list[str]]:
    """Return the file of a prompt, and why it is refused."""
    text, _, problems = encode_and_check(TARGETS[target], make_agent(prompt))
    return text, problems


def trim(target: str, prompt: str) -> str:
    """Return what a format keeps of a prompt that it does not refuse."""
    if target == "prompty":
        return prompt.strip("\n")
    return prompt.removesuffix("\n") if target == "dotprompt" else prompt
