"""Starting: a folder, a name or a machine in, the files or the facts that one begins with out."""
