// In: a task file (which client, its folder, an empty folder, project folders each with the words
// that a user writes, where to answer).
// Out: for each project folder the commands that the client's own loader finds, what its own
// processors make of one, and the names of the client's own commands.
import { readdir, readFile, writeFile } from "node:fs/promises"

const task = JSON.parse(await readFile(process.argv[2], "utf8"))
const chunks = { gemini: "bundle", qwen: "chunks" }[task.client]

// The parts of a package are named by a hash, so each is found by what it defines. Gemini CLI has
// some parts more than once, all with the same code.
async function load(definition) {
  for (const name of (await readdir(`${task.package}/${chunks}`)).sort()) {
    if (!name.startsWith("chunk-")) continue
    const path = `${task.package}/${chunks}/${name}`
    if ((await readFile(path, "utf8")).includes(`\nvar ${definition}`)) return import(path)
  }
  throw new Error(`no part of the client has '${definition}'`)
}

const { BuiltinCommandLoader, FileCommandLoader, parseSlashCommand } = await load(
  "FileCommandLoader = class",
)
const { Config } = task.core
  ? await import(`${task.core}/dist/src/config/config.js`)
  : await load("SubagentManager = class")

function makeConfig(folder) {
  return new Config({
    cwd: folder,
    debugMode: false,
    folderTrust: true,
    interactive: false,
    mcpServers: {},
    model: "asked",
    sessionId: "asked",
    targetDir: folder,
    telemetry: { enabled: false },
    trustedFolder: true,
    usageStatisticsEnabled: false,
  })
}

// Nothing is approved beforehand, so a command line in a text is asked about and not run.
async function call(commands, words, config) {
  const { commandToExecute: command, args } = parseSlashCommand(words, commands)
  if (!command) return { error: "no such command" }
  const notes = []
  const context = {
    executionMode: "non_interactive",
    invocation: { raw: words, name: command.name, args },
    services: { agentContext: config, config, settings: { merged: {} }, logger: null },
    session: { sessionShellAllowlist: new Set() },
    ui: { addItem: (item) => notes.push(item.text) },
  }
  try {
    const result = await command.action(context, args)
    const text = (result.content ?? []).map((part) => part.text ?? part).join("")
    return { type: result.type, text, runs: result.commandsToConfirm ?? [], notes }
  } catch (error) {
    return { error: error.message, notes }
  }
}

const answers = []
for (const { folder, words } of task.cases) {
  const config = makeConfig(folder)
  const commands = await new FileCommandLoader(config).loadCommands(new AbortController().signal)
  const listed = commands.map(({ name, description, argumentHint }) => {
    return { name, description, argumentHint }
  })
  answers.push({ commands: listed, ...(await call(commands, words, config)) })
}

let own = []
if (BuiltinCommandLoader) {
  const loader = new BuiltinCommandLoader(makeConfig(task.empty))
  const commands = await loader.loadCommands(new AbortController().signal)
  own = commands.flatMap((one) => [one.name, ...(one.altNames ?? [])])
}
await writeFile(task.answer, JSON.stringify({ answers, own }))
process.exit(0)
