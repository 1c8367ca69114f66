"""What Copilot's own tools are called: names in `tools`, and the tools that the real client gave.

Measured with 1.0.102 on Linux, offline, without any MCP server. `test_copilot_tools.py` asks the
client again; `tests/test_copilot_names.py` compares the codec with it.
"""

from collections.abc import Mapping

SHELL = "bash list_bash read_bash stop_bash"
AGENTS = "list_agents read_agent task write_agent"

NAMES: Mapping[str, str] = {
    # reading and searching
    **dict.fromkeys(["read", "Read", "READ", "view", "View", "notebookread", "readFile"], "view"),
    **dict.fromkeys(["read/readFile", "search/readFile", "search-readFile", "read/view"], "view"),
    **dict.fromkeys(["search", "codebase", "search/codebase", "search-codebase"], "glob grep"),
    **dict.fromkeys(["glob", "fileSearch", "search/fileSearch"], "glob"),
    **dict.fromkeys(["grep", "textSearch", "search/textSearch", "search-textSearch"], "grep"),
    "read_file": "read_file",
    "file_search": "file_search",
    # changing files
    **dict.fromkeys(["edit", "Edit", "write", "Write", "multiedit", "notebookedit"], "create edit"),
    **dict.fromkeys(["editFiles", "edit/editFiles", "EDITFILES", "edit-editFiles"], "edit"),
    **dict.fromkeys(["create", "createFile", "edit/createFile", "create/createFile"], "create"),
    **dict.fromkeys(["createDirectory", "edit/createDirectory", "edit/create"], "create"),
    # the shell
    **dict.fromkeys(["execute", "eXeCute", "bash", "Bash", "BASH", "shell", "runCommands"], SHELL),
    **dict.fromkeys(["runInTerminal", "execute/runInTerminal", "execute/bash"], SHELL),
    **dict.fromkeys(["runCommands/runInTerminal", "runcommands-runinterminal"], SHELL),
    **{tool: tool for tool in ("read_bash", "stop_bash", "list_bash")},
    # the to-do list and other agents
    **dict.fromkeys(["todo", "todos", "TODOS", "todowrite", "update_todo"], "update_todo"),
    **dict.fromkeys(["agent", "task", "Task", "runSubagent", "agent/runSubagent"], AGENTS),
    "custom-agent": AGENTS,
    **{tool: tool for tool in ("read_agent", "list_agents", "write_agent")},
    # tools that no capability is about, but `skill`
    **{tool: tool for tool in ("skill", "sql", "fetch_copilot_cli_documentation")},
    # tools of a server that is absent
    **dict.fromkeys(["fs/read", "fs/view", "fs/readFile", "github/Read"], "view"),
    **dict.fromkeys(["kb/search", "kb/Search", "kb/codebase", "kb/search-codebase"], "glob grep"),
    **dict.fromkeys(["kb/glob", "kb/fileSearch"], "glob"),
    **dict.fromkeys(["kb/grep", "kb/textSearch"], "grep"),
    **dict.fromkeys(["notes/write", "notes/multiedit", "notes/notebookedit"], "create edit"),
    **dict.fromkeys(["wiki/edit", "wiki/editFiles", "wiki/edit/editFiles"], "edit"),
    **dict.fromkeys(["wiki/create", "wiki/createFile", "wiki/createDirectory"], "create"),
    **dict.fromkeys(["db/execute", "db/Execute", "db/EXECUTE", "DB/execute", "db/bash"], SHELL),
    **dict.fromkeys(["db/shell", "db/runCommands", "db/runInTerminal"], SHELL),
    **dict.fromkeys(["my.server/execute", "a/b/execute", "db//execute", "*/execute"], SHELL),
    **dict.fromkeys(["vscode/execute", "my_server/execute", "//execute"], SHELL),
    **{f"db/{tool}": tool for tool in ("read_bash", "stop_bash", "list_bash")},
    **dict.fromkeys(["jira/todo", "jira/todos", "jira/todowrite"], "update_todo"),
    **dict.fromkeys(["jira/task", "jira/agent", "jira/runSubagent", "jira/custom-agent"], AGENTS),
    **{f"jira/{tool}": tool for tool in ("read_agent", "list_agents", "write_agent")},
    **{f"db/{tool}": tool for tool in ("skill", "sql")},
    # all tools of a server, whatever it is called
    **dict.fromkeys(["db/*", "execute/*", "edit/*", "bash/*", "db/exec*"], ""),
    # what looks alike and gives nothing
    **dict.fromkeys(["jira/update_todo", "fs/read_file", "fs/file_search", "fs/write_file"], ""),
    **dict.fromkeys(["db-execute", "db_execute", "db.execute", "mcp__db__execute"], ""),
    **dict.fromkeys(["/execute", "execute/", "db/execute/", "execute:x", "*execute", "run"], ""),
    **dict.fromkeys(["agent-runSubagent", "execute-runInTerminal", "#execute", "bash(ls)"], ""),
    **dict.fromkeys(["execute/runTask", "execute/getTerminalOutput", "runTasks", "terminal"], ""),
    **dict.fromkeys(["list", "ls", "usages", "problems", "search/usages", "patch", "reed"], ""),
    # what gives something elsewhere: see UNSEEN
    **dict.fromkeys(["web", "webfetch", "web_fetch", "web/fetch", "websearch", "site/web"], ""),
    **dict.fromkeys(["powershell", "db/powershell", "apply_patch", "wiki/apply_patch"], ""),
    **dict.fromkeys(["str_replace", "search/listDirectory", "vscode/askQuestions"], ""),
}
"""The tools that a spawned agent has which lists only this name."""

CODEX_MODEL = "gpt-5-codex"
CODEX_NAMES: Mapping[str, str] = {
    **dict.fromkeys(["edit", "editFiles", "create", "createFile", "write"], "apply_patch"),
    **dict.fromkeys(["apply_patch", "wiki/edit", "wiki/create", "wiki/apply_patch"], "apply_patch"),
    "search": "glob rg",
    "execute": SHELL,
}
"""The same with a model that has other tools."""

FILES = ("edit", "write", "patch")
CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["view", "read_file"], ("read",)),
    **dict.fromkeys(["glob", "file_search"], ("glob",)),
    **dict.fromkeys(["grep", "rg"], ("grep",)),
    **dict.fromkeys(["create", "edit", "apply_patch"], FILES),
    **dict.fromkeys(SHELL.split(), ("execute",)),
    "update_todo": ("todo",),
    **dict.fromkeys(AGENTS.split(), ("task",)),
    "skill": ("skill",),
    **dict.fromkeys(["sql", "fetch_copilot_cli_documentation"], ()),
}
"""What a tool lets an agent do.

`edit` and `create` stand for all three: with another model the same name gives `apply_patch`.
"""

UNSEEN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["web", "websearch", "site/web"], ("web_fetch", "web_search")),  # online
    **dict.fromkeys(["webfetch", "web_fetch", "web/fetch"], ("web_fetch",)),  # online
    **dict.fromkeys(["powershell", "db/powershell"], ("execute",)),  # on Windows
    **dict.fromkeys(["apply_patch", "wiki/apply_patch"], FILES),  # with another model
    "str_replace": FILES,  # in the cloud
    "search/listDirectory": ("list",),  # in VS Code
    "vscode/askQuestions": ("question",),  # in VS Code
}
"""What a name may give where it was not measured; the codec counts it as given."""

IN_VS_CODE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["search", "codebase", "search/codebase", "search-codebase"], ("list",)),
    **dict.fromkeys(["kb/search", "kb/Search", "kb/codebase", "kb/search-codebase"], ("list",)),
}
"""What a name gives besides in VS Code, by its documentation, where it is a set of tools."""
