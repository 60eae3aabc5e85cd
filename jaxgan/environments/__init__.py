"""Worlds in which policies act: pure functions of a state, an action and a key."""
