"""Where each line of an output comes from, and what a source reaches."""
