"""The rules for prompts, packs and policies."""
