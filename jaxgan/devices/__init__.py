"""Device meshes, processes, and compiler options."""
