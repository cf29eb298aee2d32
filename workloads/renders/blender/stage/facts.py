"""What a person and the planner want to know about a model."""

import bpy
from mathutils import Vector

from . import geometry

NAME_LIMIT = 120


def describe(scene: bpy.types.Scene) -> dict:
    """What the file holds. Asked before the stage is put up, which would count as the file's own."""
    cameras = [thing for thing in scene.objects if thing.type == 'CAMERA']
    return {
        'objects': sum(1 for thing in scene.objects if thing.type in geometry.SURFACES),
        'materials': sum(1 for material in bpy.data.materials if material.users > 0),
        'images': sum(1 for image in bpy.data.images if image.source != 'VIEWER' and image.users > 0),
        'lights': sum(1 for thing in scene.objects if thing.type == 'LIGHT'),
        'cameras': [
            {'name': camera.name[:NAME_LIMIT], 'active': camera == scene.camera} for camera in cameras[:100]
        ],
        'animation': animation(scene),
        'scenes': [entry.name[:NAME_LIMIT] for entry in bpy.data.scenes][:100],
    }


def count(shape: geometry.Shape) -> dict:
    """What was measured of the evaluated geometry."""
    low, high = shape.bounds
    size: Vector = high - low
    return {
        'polygons': shape.polygons,
        'triangles': shape.triangles,
        'vertices': shape.vertices,
        'instances': shape.instances,
        'bounds': {'low': rounded(low), 'high': rounded(high), 'radius': significant(size.length / 2)},
    }


def animation(scene: bpy.types.Scene) -> dict:
    """The frames at which something moves, and the file's own range."""
    spans = [action.frame_range for action in bpy.data.actions if action.users > 0]
    moving = bool(spans) and max(span[1] for span in spans) > min(span[0] for span in spans)
    return {
        'first': scene.frame_start,
        'last': scene.frame_end,
        'step': scene.frame_step,
        'fps': significant(scene.render.fps / (scene.render.fps_base or 1.0)),
        'moves': moving,
        'keys': [int(min(span[0] for span in spans)), int(max(span[1] for span in spans))] if spans else None,
    }


def fit_range_to_keys(scene: bpy.types.Scene) -> None:
    """An imported model has Blender's start-up range of 1 to 250; what it plays is given by its keys."""
    spans = [action.frame_range for action in bpy.data.actions]
    if spans:
        scene.frame_start = int(min(span[0] for span in spans))
        scene.frame_end = max(scene.frame_start, int(max(span[1] for span in spans)))
    else:
        scene.frame_start = scene.frame_end = 1
    scene.frame_set(scene.frame_start)


def rounded(vector: Vector) -> list:
    return [significant(value) for value in vector]


def significant(value: float) -> float:
    """Six significant digits: metres and millimetres alike."""
    return float(f'{value:.6g}')
