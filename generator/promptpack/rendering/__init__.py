"""From packs to prompts: variants, templates, and prompts with the origin of each line."""
