"""The site: a project and its artifacts in, pages out, with prompt text as inert text."""
