"""Objectives: what the players minimise, one method per file."""
