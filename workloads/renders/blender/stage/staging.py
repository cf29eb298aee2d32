"""Puts camera, light and floor about a model, or takes those of the file, as the request says.

`auto` is decided once, while the model is imported; the decision travels in the facts to every process that renders a
frame of the job, so that all frames agree. Turning is done by one pivot that carries camera and lights: the model and
its animation stay untouched.
"""

import math
from dataclasses import dataclass

import bpy

from . import camera as cameras
from . import geometry, light
from .protocol import Failure

PREFIX = 'Backlot stage'
#: Frames of an animation at which the framing looks.
LOOKS = 5


@dataclass
class Stage:
    """What was put up, and what `auto` came to."""

    camera: bpy.types.Object
    pivot: bpy.types.Object
    shape: geometry.Shape
    resolved: dict
    floor: object = None


def set_up(scene: bpy.types.Scene, options: dict, shape: object = None) -> Stage:
    """Put the stage up. `options` is the `stage` of a request; raises Failure when there is nothing to stage.

    `shape` is what an earlier call measured, when the model has not changed since.
    """
    shape = shape or _look(scene, options)
    if not shape.points:
        raise Failure(
            'no_geometry',
            'no surface to render',
            points=shape.loose_points,
            edges=shape.loose_edges,
            notFinite=shape.not_finite,
        )
    low, high = shape.bounds
    size = high - low
    centre = (low + high) / 2
    radius = max(size.length / 2, 1e-6)

    own = _own_camera(scene, options['camera'])
    azimuth, elevation = cameras.view_angles(size)
    azimuth = options['camera'].get('azimuth', azimuth)
    elevation = options['camera'].get('elevation', elevation)
    lit = _light_mode(scene, options['light'])
    turning = options.get('turntable') is not None

    if own is None:
        view = _frame(shape, centre, radius, azimuth, elevation, options, turning)
        view.name = f'{PREFIX} camera'
    else:
        view = own
        offset = view.matrix_world.translation - centre
        azimuth = math.degrees(math.atan2(offset.x, -offset.y))
    scene.camera = view

    pivot = bpy.data.objects.new(f'{PREFIX} pivot', None)
    pivot.location = centre
    scene.collection.objects.link(pivot)

    floor = None
    floor_mode = _floor_mode(options, lit, own)
    if lit == 'studio':
        _remove_lights(scene)
        rig = light.create_rig(f'{PREFIX} light', centre, radius, azimuth, options.get('gain', 1.0))
        light.create_world(scene, f'{PREFIX} world', options.get('gain', 1.0))
        for part in rig:
            _carry(pivot, part)
    if floor_mode != 'off':
        floor = light.create_floor(
            f'{PREFIX} floor', centre, low.z, radius, floor_mode == 'shadow', options.get('gain', 1.0)
        )
    if turning or own is None:
        _carry(pivot, view)

    resolved = {
        'camera': {**options['camera'], 'mode': 'framed' if own is None else 'named'},
        'light': lit,
        'floor': floor_mode,
        'gain': options.get('gain', 1.0),
    }
    if own is not None:
        resolved['camera']['name'] = own.name
    return Stage(view, pivot, shape, resolved, floor)


def take_down(scene: bpy.types.Scene) -> None:
    """Remove what `set_up` put there, for a second try with other options."""
    for thing in [thing for thing in bpy.data.objects if thing.name.startswith(PREFIX)]:
        bpy.data.objects.remove(thing)


def turn(stage: Stage, index: int, count: int) -> None:
    """The pivot's angle for picture `index` (0-based) of `count`: the last one leads into the first."""
    stage.pivot.rotation_euler = (0.0, 0.0, 2.0 * math.pi * index / count)


def _look(scene: bpy.types.Scene, options: dict) -> geometry.Shape:
    ignore = {thing.name for thing in bpy.data.objects if thing.name.startswith(PREFIX)}
    window = options.get('animation')
    if window is None:
        return geometry.measure(scene, ignore)
    first, last = window
    frames = sorted({first + round((last - first) * step / (LOOKS - 1)) for step in range(LOOKS)})
    shape = geometry.measure_over(scene, frames, ignore)
    scene.frame_set(first)
    return shape


def _own_camera(scene: bpy.types.Scene, wish: dict):
    """The file's camera that is to be used; None when one is to be made."""
    mode = wish['mode']
    if mode == 'framed':
        return None
    if mode == 'named':
        found = bpy.data.objects.get(wish['name'])
        if found is None or found.type != 'CAMERA' or found.name not in scene.objects:
            names = sorted(thing.name for thing in scene.objects if thing.type == 'CAMERA')
            raise Failure('no_such_camera', f'no camera {wish["name"]!r}', wanted=wish['name'], cameras=names[:20])
        return found
    if scene.camera is not None and scene.camera.type == 'CAMERA':
        return scene.camera
    raise Failure('no_such_camera', 'the scene has no active camera', wanted='', cameras=[])


def _frame(shape, centre, radius, azimuth, elevation, options, turning) -> bpy.types.Object:
    width, height = options['resolution']
    tangents = cameras.half_angles(width, height)
    towards = cameras.direction(azimuth, elevation)
    if turning:
        look_at, distance = cameras.fit_all_round(shape.points, azimuth, elevation, tangents, centre)
    else:
        look_at, distance = cameras.fit(shape.points, towards, tangents)
    return cameras.create(f'{PREFIX} camera', look_at, towards, distance, radius)


def _light_mode(scene: bpy.types.Scene, wish: str) -> str:
    if wish != 'auto':
        return wish
    return 'scene' if any(thing.type == 'LIGHT' for thing in scene.objects) else 'studio'


def _floor_mode(options: dict, lit: str, own) -> str:
    wish = options['floor']
    if wish != 'auto':
        return wish
    if lit != 'studio' or own is not None:
        return 'off'
    return 'off' if options['transparent'] else 'on'


def _remove_lights(scene: bpy.types.Scene) -> None:
    for thing in list(scene.objects):
        if thing.type == 'LIGHT' and not thing.name.startswith(PREFIX):
            thing.hide_render = True


def _carry(pivot: bpy.types.Object, thing: bpy.types.Object) -> None:
    """Parent without moving. The pivot has no rotation yet, so the inverse is its location."""
    bpy.context.view_layer.update()
    world = thing.matrix_world.copy()
    thing.parent = pivot
    thing.matrix_parent_inverse = pivot.matrix_world.inverted()
    thing.matrix_world = world
