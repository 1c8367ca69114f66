"""What a change does to the rendered agents: two builds in, a report in any format out."""
