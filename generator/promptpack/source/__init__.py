"""Source files as text and YAML data with places."""
