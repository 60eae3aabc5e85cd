"""Objectives: what the players minimise, one method a file."""
