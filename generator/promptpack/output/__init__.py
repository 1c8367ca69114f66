"""Files on disk: what is there, what should be, and how it gets there."""
