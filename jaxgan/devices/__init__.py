"""Meshes of devices, processes, and the options of the compiler."""
