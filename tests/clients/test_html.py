"""In: the pages of a site. Out: what a checker of HTML finds, which is the theme's own alone."""

import json

import pytest

import sites
from clients.gate import need_clients
from clients.sandbox import client, sandbox

pytestmark = pytest.mark.clients

SETTINGS = json.dumps({"root": True, "extends": ["html-validate:standard"]}).encode()
OF_THE_THEME = {
    ("valid-autocomplete", "#__drawer"),
    ("valid-autocomplete", "#__search"),
    ("attribute-allowed-values", "#__nav_<n>_label"),
}
"""The rules that Material breaks, and the elements: all stand in its templates."""


def find_mistakes(files: dict[str, bytes]) -> set[tuple[str, str]]:
    """Return the rules that pages break, each with the element, numbers in its name left out."""
    with sandbox({**files, "rules.json": SETTINGS}) as box:
        words = ["--config", "rules.json", "--formatter", "json", "**/*.html"]
        ran = box.run([client("node"), client("html-validate"), *words])
    assert ran.code in (0, 1), ran.stderr
    found = set()
    for page in json.loads(ran.stdout):
        for message in page["messages"]:
            name = "".join("<n>" if c.isdigit() else c for c in message["selector"] or "")
            found.add((message["ruleId"], name.replace("<n><n>", "<n>")))
    return found


def test_pages_have_no_mistake_but_those_of_the_theme(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    need_clients(("node", "html-validate"))
    folder = sites.reference_site(tmp_path_factory).site
    pages = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.html")
    }
    assert len(pages) > 100
    assert find_mistakes(pages) <= OF_THE_THEME
    spoilt = pages["index.html"].replace(b"<h1", b'<p id="x"><div id="x"></div></p><h1', 1)
    assert find_mistakes({"index.html": spoilt}) - OF_THE_THEME
