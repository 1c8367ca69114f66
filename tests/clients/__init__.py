"""In: agent files. Out: what the real clients, run offline in a sandbox, make of them."""
