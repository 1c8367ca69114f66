// In: a task file (the package of Roo Code's types, the folder of a reader of YAML, files, where to
// answer). Out: for each file its modes as Roo Code's own schema takes them, or why it takes none,
// and what the package has: groups, keys of a mode, and modes of its own.
import { readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"

const task = JSON.parse(await readFile(process.argv[2], "utf8"))
const require = createRequire(`${task.modules}/`)
const types = require("@roo-code/types")
const { parse } = require("yaml")

function read(text) {
  try {
    return parse(text) ?? {}
  } catch (error) {
    try {
      return JSON.parse(text)
    } catch {
      throw error
    }
  }
}

function take(text) {
  try {
    const settings = read(text)
    if (!settings.customModes) return { error: "no customModes" }
    const result = types.customModesSettingsSchema.safeParse(settings)
    if (result.success) return { modes: result.data.customModes }
    return { error: result.error.issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ") }
  } catch (error) {
    return { error: error.message }
  }
}

const answer = {
  files: task.files.map(take),
  groups: [...types.toolGroups],
  passed_over: [...types.deprecatedToolGroups],
  keys: Object.keys(types.modeConfigSchema.shape),
  own: types.DEFAULT_MODES.map((mode) => mode.slug),
}
await writeFile(task.answer, JSON.stringify(answer))
