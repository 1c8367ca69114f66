// In: a task file (the package's folder, an empty folder, project folders, MCP servers to start,
// where to answer).
// Out: for each project folder the agents that Qwen Code's own loader and executor give, and the
// names that the package has for its tools and its own agents.
import { readdir, readFile, writeFile } from "node:fs/promises"

const task = JSON.parse(await readFile(process.argv[2], "utf8"))

// The parts of the package are named by a hash, so each is found by what it defines.
async function load(definition) {
  for (const name of await readdir(`${task.package}/chunks`)) {
    if (!name.startsWith("chunk-")) continue
    const path = `${task.package}/chunks/${name}`
    if ((await readFile(path, "utf8")).includes(`\nvar ${definition}`)) return import(path)
  }
  throw new Error(`no part of Qwen Code has '${definition}'`)
}

const { Config, ContextState, SubagentManager } = await load("SubagentManager = class")
const { ToolNames, ToolDisplayNames, ToolDisplayNamesMigration } = await load("ToolNames = {")

const config = new Config({
  cwd: task.empty,
  debugMode: false,
  folderTrust: true,
  interactive: false,
  mcpServers: task.servers,
  model: "asked",
  sessionId: "asked",
  targetDir: task.empty,
  telemetry: { enabled: false },
  trustedFolder: true,
  usageStatisticsEnabled: false,
})
await config.initialize()
if (Object.keys(task.servers).length) await config.getToolRegistry().discoverAllTools()

async function describe(manager, agent) {
  const seen = { name: agent.name, description: agent.description, model: agent.model }
  try {
    const asked = { ...agent, model: undefined, mcpServers: undefined } // they would be connected
    const { subagent } = await manager.createAgentHeadless(asked, config)
    const { core } = subagent
    const tools = await core.runInAgentFrames(() => core.prepareTools(), undefined, "asked")
    seen.tools = tools.map((tool) => tool.name)
    const whole = core.buildChatSystemPrompt(new ContextState(), {})
    seen.prompt = whole.startsWith(agent.systemPrompt) ? agent.systemPrompt : whole
  } catch (error) {
    seen.error = error.message
  }
  return seen
}

const answers = []
let own = []
for (const folder of task.folders) {
  const changed = { getProjectRoot: () => folder }
  const manager = new SubagentManager(Object.assign(Object.create(config), changed))
  const agents = await manager.listSubagents({ force: true })
  own = agents.filter((agent) => agent.level === "builtin").map((agent) => agent.name)
  const seen = []
  for (const agent of agents) {
    if (agent.level !== "builtin") seen.push(await describe(manager, agent))
  }
  answers.push(seen)
}
const names = Object.values(ToolNames)
const shown = [...Object.values(ToolDisplayNames), ...Object.keys(ToolDisplayNamesMigration)]
await writeFile(task.answer, JSON.stringify({ answers, names, shown, own }))
process.exit(0)
