"""A hand-edited output in, the same edit of the sources that it was built from out."""
