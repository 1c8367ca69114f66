// In: a task file (the core's folder, an empty folder, project folders, where to answer).
// Out: for each project folder the agents and errors that Gemini CLI's own loader and executor give.
import { readFile, writeFile } from "node:fs/promises"

const task = JSON.parse(await readFile(process.argv[2], "utf8"))
const load = (path) => import(`${task.core}/dist/src/${path}.js`)
const { loadAgentsFromDirectory } = await load("agents/agentLoader")
const { LocalAgentExecutor } = await load("agents/local-executor")
const { templateString } = await load("agents/utils")
const { Config } = await load("config/config")

const config = new Config({
  cwd: task.empty,
  debugMode: false,
  interactive: false,
  model: "gemini-2.5-pro",
  sessionId: "asked",
  targetDir: task.empty,
  telemetry: { enabled: false },
  trustedFolder: true,
  usageStatisticsEnabled: false,
})
await config.initialize()

// The four words Gemini CLI itself fills in when an agent is invoked; their values are ours.
const inputs = { query: "QUERY", cliVersion: "VERSION", activeModel: "MODEL", today: "TODAY" }

async function describe(agent) {
  const seen = {
    name: agent.name,
    description: agent.description,
    model: agent.modelConfig?.model,
    temperature: agent.modelConfig?.generateContentConfig?.temperature,
  }
  try {
    const asked = { ...agent, mcpServers: undefined } // creating an agent would start them
    const executor = await LocalAgentExecutor.create(asked, config)
    seen.tools = executor.toolRegistry.getAllToolNames()
    const whole = await executor.buildSystemPrompt(inputs)
    const own = templateString(agent.promptConfig.systemPrompt, inputs)
    seen.prompt = whole.startsWith(own) ? own : whole
  } catch (error) {
    seen.error = error.message
  }
  return seen
}

const answers = []
for (const folder of task.folders) {
  const { agents, errors } = await loadAgentsFromDirectory(`${folder}/.gemini/agents`)
  const seen = []
  for (const agent of agents) seen.push(await describe(agent))
  answers.push({ agents: seen, errors: errors.map((error) => error.message) })
}
await writeFile(task.answer, JSON.stringify(answers))
process.exit(0)
