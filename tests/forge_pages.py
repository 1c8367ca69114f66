"""A comment as a forge shows it: Markdown in, a page with a style sheet of our own out.

The Markdown goes through GitHub's own renderer (cmark-gfm). What its site does after that is done
here: comments are dropped, the lines of a diff are coloured, and a word that it would link to a
person or an issue is an `a` with the class `acts`. The style only has GitHub's measures.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

import support
from review_cases import commit, edit, git

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (1440, 768, 360)
"""A desktop, a tablet and a phone."""

STYLE = """
:root { color-scheme: light; font: 14px/1.5 "Noto Sans", system-ui, sans-serif; color: #1f2328; }
body { margin: 0; background: #fff; }
main { max-width: 1012px; margin: 0 auto; padding: 16px; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; max-width: 780px; }
.author { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; }
.body { padding: 16px; overflow-wrap: break-word; }
.body > :first-child { margin-top: 0; } .body > :last-child { margin-bottom: 0; }
p, ul, pre, details, table { margin: 0 0 16px; }
h3 { font-size: 1.25em; font-weight: 600; margin: 24px 0 16px; line-height: 1.25; }
code { font: 85%/1.5 ui-monospace, monospace; background: #818b981f; padding: .2em .4em;
  border-radius: 6px; white-space: break-spaces; }
h3 code { font-size: inherit; padding: 0 .2em; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; }
pre code { background: none; padding: 0; white-space: pre; }
ul { padding-left: 2em; } li > pre, li > p { margin-top: 16px; } a { color: #0969da; }
.gone { color: #82071e; background: #ffebe9; } .come { color: #116329; background: #dafbe1; }
.dot { display: inline-block; width: .8em; height: .8em; border-radius: 50%; background: #d1242f; }
.both { color: #953800; background: #ffd8b5; }
"""
_ACTING = re.compile(r"(?<![\w/])(?:@[A-Za-z0-9][\w-]*(?:/[\w-]+)?|#[0-9]+\b|GH-[0-9]+\b)")
_SIGNS = {"-": "gone", "+": "come", "!": "both"}
_DIFF = re.compile(r'<pre lang="diff"><code>(.*?)</code></pre>', re.DOTALL)
_TITLED = re.compile(r'^```(?:yaml|markdown) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def render_forge(markdown: str) -> str:
    """Return the HTML of a comment; its line ends are breaks, as on GitHub."""
    options = (
        Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_GITHUB_PRE_LANG
    )
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=options)
    html = re.sub(r"<!--.*?-->\n?", "", html, flags=re.DOTALL)
    html = html.replace("🔴", '<span class="dot" role="img" aria-label="red circle"></span>')
    return _link_acting(_DIFF.sub(_color_lines, html))


def make_page(html: str) -> str:
    """Return the page of a comment that is rendered."""
    author = '<div class="author"><b>github-actions</b> bot commented</div>'
    comment = f'<div class="comment">{author}<div class="body">{html}</div></div>'
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return (
        f"<!doctype html><html lang=en><head>{head}<title>A pull request</title>"
        f"<style>{STYLE}</style></head><body><main>{comment}</main></body></html>"
    )


class _Linker(HTMLParser):
    """Copies HTML, with a link around each word outside of code that would act."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self.code_depth = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as the library calls it
        self.code_depth += tag in ("code", "a", "pre")
        self.pieces.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the same
        self.pieces.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.code_depth -= tag in ("code", "a", "pre")
        self.pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        link = r'<a class="acts">\g<0></a>'
        self.pieces.append(data if self.code_depth else _ACTING.sub(link, data))

    def handle_entityref(self, name: str) -> None:
        self.pieces.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.pieces.append(f"&#{name};")


def _link_acting(html: str) -> str:
    linker = _Linker()
    linker.feed(html)
    linker.close()
    return "".join(linker.pieces)


def _color_lines(match: re.Match[str]) -> str:
    lines = [
        f'<span class="{_SIGNS[line[0]]}">{line}</span>' if line[:1] in _SIGNS else line
        for line in match[1].split("\n")
    ]
    return f'<pre lang="diff"><code>{chr(10).join(lines)}</code></pre>'


def read_example() -> Mapping[str, str]:
    """Return the files of the example project of the page about reviews."""
    text = (ROOT / "docs/reviewing.md").read_text(encoding="utf-8")
    return {
        path: body for path, body in _TITLED.findall(text) if path.startswith(("packs", "temp"))
    }


def make_example(folder: Path) -> Path:
    """Return a repository of that project with a change in its work tree, and one accepted."""
    support.write_files(folder, read_example())
    commit(folder)
    edit(folder, "templates/policies/look.yaml", "grep: allow", "grep: allow\n  read: allow")
    reason = ("--reason", "The owners read it.")
    done = support.call("accept", "P1", *reason, cwd=folder)
    assert done.code == 0, done.err
    git(folder, "add", "reviewed.json")
    git(folder, "commit", "--quiet", "--message", "reviewed")
    edit(folder, "templates/policies/try.yaml", "execute: ask", "execute: allow")
    fragments = "templates/fragments"
    question = "- Ask one question at a time"
    asked = f"{question}, and name the file it is about."
    edit(folder, f"{fragments}/interaction/one-question.md", f"{question}.", asked)
    edit(folder, f"{fragments}/ethics/no-secrets.md", "come across", "find")
    return folder
