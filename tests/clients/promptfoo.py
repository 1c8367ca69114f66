"""In: files with a config for promptfoo. Out: what promptfoo writes or says, with an empty home."""

from clients.gate import need_clients, need_promptfoo
from clients.observation import Files
from clients.sandbox import client, sandbox

TO_FILE = ("eval", "--no-cache", "--no-write", "--no-progress-bar", "--output", "out.json")
"""What makes promptfoo write its results, as JSON."""


def run_in(files: Files, *words: str) -> str:
    """Run promptfoo among files; return the file `out.json` if it writes one, else what it says."""
    switches = ("TELEMETRY", "UPDATE", "REMOTE_GENERATION")
    env = {f"PROMPTFOO_DISABLE_{name}": "1" for name in switches}
    need_clients(("node",))
    promptfoo = need_promptfoo()
    with sandbox(files) as box:
        env["PROMPTFOO_CONFIG_DIR"] = str(box.home)
        ran = box.run([client("node"), promptfoo, *words], env)
        assert ran.code == 0, ran.stdout + ran.stderr
        out = box.project / "out.json"
        return out.read_text(encoding="utf-8") if out.exists() else ran.stdout + ran.stderr
