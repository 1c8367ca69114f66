"""Agent files that somebody keeps by hand: where they are, and what the clients make of them."""
