"""The rules of `promptpack lint`, a module for each family."""
