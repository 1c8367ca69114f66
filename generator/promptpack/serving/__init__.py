"""A site that is served while its sources are edited: a project in, pages for a browser out."""
