"""Backlot's stage: everything that is done to a scene before, while and after Blender renders it."""
