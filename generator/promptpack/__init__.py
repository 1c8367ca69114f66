"""promptpack: author an agent once, render it for every model, tool policy and client."""

__version__ = "0.1.0"
