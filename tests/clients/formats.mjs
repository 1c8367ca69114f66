// In: a task file (the folder of the packages, the texts of files by target, where to answer).
// Out: for each file what its own engine makes of it, or why it makes nothing.
import { readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"

const task = JSON.parse(await readFile(process.argv[2], "utf8"))
const require = createRequire(`${task.packages}/`)
const { Dotprompt } = require("dotprompt")
// The package's entry loads models too; of its engine, this is the whole.
const { PromptPackTemplateEngine } = require("@promptpack/langchain/dist/template-engine.js")

async function renderDotprompt(text) {
  const { messages, ...keys } = await new Dotprompt().render(text, { input: {} })
  const [message, ...others] = messages
  if (others.length || message.role !== "system" || message.content.length !== 1) {
    throw new Error(`not one text of the system: ${JSON.stringify(messages)}`)
  }
  const { name, description, model, config } = keys
  return { name, description, model, temperature: config?.temperature, prompt: message.content[0].text }
}

async function renderPromptPack(text) {
  const pack = JSON.parse(text)
  const [prompt] = Object.values(pack.prompts)
  const engine = new PromptPackTemplateEngine(pack.template_engine)
  const { name, description } = pack
  const seen = engine.render(prompt.system_template, { variables: engine.applyDefaults([], {}) })
  return { name, description, temperature: prompt.parameters?.temperature, prompt: seen }
}

const engines = { dotprompt: renderDotprompt, "promptpack-json": renderPromptPack }

async function render(target, text) {
  try {
    return await engines[target](text)
  } catch (error) {
    return { error: String(error.message ?? error) }
  }
}

const answers = []
for (const [target, text] of task.files) answers.push(await render(target, text))
await writeFile(task.answer, JSON.stringify(answers))
