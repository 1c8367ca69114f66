"""The only readers of a project: folders in, a `Project` or findings out."""
