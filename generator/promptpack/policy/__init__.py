"""Policies: how grants stand to each other, and what a policy says in words."""
