"""Forms of files: agents that differ in plain words and in the prompt share one, filled in.

Most files of a build have the same head but for a name and a description. What such a head grants,
and what is lost in it, is worked out for one file and holds for all. A form is made only of a
target that `is_fillable`, and only after files with quite different words came out of the whole
check alike. What is not plain is always checked as a whole.
"""

import re
from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

from promptpack.model import Agent, Loss, Model, Policy
from promptpack.model.output import PLAIN_FORM
from promptpack.source.strict_yaml import AMBIGUOUS_SCALAR
from promptpack.targets.emit import Checked, encode_and_check
from promptpack.targets.losses import LossFinder
from promptpack.targets.target import Target

FORMS_KEPT = 4_096
"""How many forms are kept; a project has one for each target, model, policy and mode."""

_WORD = "[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{1,60}"
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){0,3}")
_DESCRIPTION = re.compile(rf"(?![0-9]){_WORD}(?:[-/']{_WORD}|[.,;]? {_WORD}){{1,80}}\.?")
_SHORTEST_PROMPT = 40
_ODD_IN_PROMPT = ("'''", "${")
_LINE_ENDS = ("\x85", "\u2028", "\u2029", "\ufeff")
_CONTROLS = bytes((*range(9), *range(11, 32), 127))


class FilledWords(NamedTuple):
    """What differs between the files of one form."""

    name: str
    description: str
    prompt: str


_SAMPLES = (
    FilledWords("qzx-one", "Qzx one is here.", "Qzx is the first, which stands for all others.\n"),
    FilledWords(
        "kwv2", "kwv, is another", 'No kwv of the two:\n\n---\n# a\n\n- `a: b` # "c" {d}\n'
    ),
)
"""Two sets of plain words that are in no file by chance."""


class _Form(NamedTuple):
    """The texts of a file around its words, which of them stand between, and what is lost."""

    texts: tuple[str, ...]
    places: tuple[int, ...]
    losses: tuple[Loss, ...]

    def fill_in(self, words: FilledWords) -> str:
        pieces = [self.texts[0]]
        for place, text in zip(self.places, self.texts[1:], strict=True):
            pieces += words[place], text
        return "".join(pieces)


class _Kept(NamedTuple):
    """A form, None where files don't share one, with what its key is about, kept where it is."""

    form: _Form | None
    policy: Policy
    model: Model


class FileForms:
    """Files of agents with their losses: checked as `encode_and_check` does, or filled in.

    The first file of a form and the second are checked as a whole; with the second one, the form is
    made.
    """

    def __init__(self, loss_finder: LossFinder) -> None:
        self.loss_finder = loss_finder
        self._met: dict[Hashable, tuple[Policy, Model]] = {}
        self._kept: dict[Hashable, _Kept] = {}
        self._prompt = ("", False)

    def encode_and_check(self, target: Target, agent: Agent) -> Checked:
        """Return the file's text, its losses, and why the client would refuse it."""
        words = FilledWords(agent.name, agent.description, agent.prompt)
        if not self._is_plain(target, agent, words):
            return self._check(target, agent)
        key = _make_key(target, agent)
        kept = self._kept.get(key)
        if kept and kept.form:
            return kept.form.fill_in(words), kept.form.losses, []
        checked = self._check(target, agent)
        if kept is None:
            self._note(key, target, agent, words, checked)
        return checked

    def _check(self, target: Target, agent: Agent) -> Checked:
        text, losses, problems = encode_and_check(target, agent, self.loss_finder)
        return text, self.loss_finder.share(losses), problems

    def _note(
        self, key: Hashable, target: Target, agent: Agent, words: FilledWords, checked: Checked
    ) -> None:
        """Keep the form of a file, if one has been met that may share it."""
        for cache in (self._met, self._kept):
            if len(cache) >= FORMS_KEPT:
                cache.clear()
        if key in self._met:
            form = self._make_form(target, agent)
            is_shared = form and checked == (form.fill_in(words), form.losses, [])
            self._kept[key] = _Kept(form if is_shared else None, agent.policy, agent.model)
        self._met[key] = agent.policy, agent.model  # kept, so that no others have their places

    def _make_form(self, target: Target, agent: Agent) -> _Form | None:
        """Return the form of an agent's file, None where it depends on more than plain words."""
        (text, losses, problems), other = (
            self._check(target, replace(agent, stem=words.name, **words._asdict()))
            for words in _SAMPLES
        )
        pieces = re.split(f"({'|'.join(map(re.escape, _SAMPLES[0]))})", text)
        places = tuple(_SAMPLES[0].index(word) for word in pieces[1::2])
        form = _Form(tuple(pieces[::2]), places, losses)
        is_shared = not problems and other == (form.fill_in(_SAMPLES[1]), losses, [])
        return form if is_shared else None

    def _is_plain(self, target: Target, agent: Agent, words: FilledWords) -> bool:
        """Tell whether an agent's file may have a form: nothing of it is out of the ordinary."""
        limits = target.hard_limits
        return (
            target.is_fillable
            and agent.stem == agent.name
            and agent.form == PLAIN_FORM
            and not (agent.argument_hint or agent.arguments or agent.agent)
            and not (limits and any(len(getattr(words, f)) > limits[f] for f in limits))
            and _NAME.fullmatch(words.name) is not None
            and _DESCRIPTION.fullmatch(words.description) is not None
            and not AMBIGUOUS_SCALAR.fullmatch(words.name)
            and words.name not in target.own_agents
            and self._is_plain_prompt(words.prompt)
        )

    def _is_plain_prompt(self, prompt: str) -> bool:
        """Tell whether no reader of a file finds anything in a prompt but text."""
        if self._prompt[0] is not prompt:
            content = prompt.encode(errors="replace")
            is_plain = (
                len(prompt) >= _SHORTEST_PROMPT
                and prompt.endswith("\n")
                and not prompt[0].isspace()
                and not any(odd in prompt for odd in _ODD_IN_PROMPT)
                and (prompt.isascii() or not any(end in prompt for end in _LINE_ENDS))
                and len(content.translate(None, _CONTROLS)) == len(content)
            )
            self._prompt = prompt, is_plain
        return self._prompt[1]


def _make_key(target: Target, agent: Agent) -> Hashable:
    """Return all that a file depends on besides its words; policy and model as the very same."""
    return (
        target,
        id(agent.policy),
        id(agent.model),
        agent.mode,
        repr(agent.temperature),  # 0.0 and -0.0 are equal, and stand in a file otherwise
        agent.effort,
        agent.accepted,
        repr(agent.extra) if agent.extra else "",
    )
