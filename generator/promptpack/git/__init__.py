"""Reading a git repository that somebody else may have filled: names and commits in, sources out.

The only room that starts git. Nothing in the repository is touched: only plumbing is called that
reads objects and refs, never the index or the work tree. What can't be read is an error, and never
an empty answer.
"""
