"""Chooses where the camera stands, so that the whole model fills the picture.

The distance is exact: every point gives the distance at which it touches the edge of the picture, the largest one
counts. Works from a model of 9 mm to one of a kilometre, as all is relative to the model's own size.
"""

import math

import bpy
from mathutils import Euler, Matrix, Vector

#: 50 mm on a 36 mm sensor: no visible distortion, a natural product view.
FOCAL_LENGTH = 50.0
SENSOR_WIDTH = 36.0
#: Part of the picture's half width that the model may fill.
FILL = 0.86
#: Seen from the right front, slightly from above (degrees).
AZIMUTH = 35.0
ELEVATION = 20.0
#: A model thinner than this (relative to its size) is a sheet, and is looked at from its face.
SHEET = 0.03
#: Angles at which a turntable is checked.
TURNS = 24


def view_angles(size: Vector) -> tuple:
    """(azimuth, elevation) in degrees for a model of these extents."""
    longest = max(size) or 1.0
    thin = [axis for axis in range(3) if size[axis] < SHEET * longest]
    if thin == [2]:
        return AZIMUTH * 0.6, 52.0
    if thin == [0]:
        return 68.0, 14.0
    if thin == [1]:
        return 22.0, 14.0
    return AZIMUTH, ELEVATION


def direction(azimuth: float, elevation: float) -> Vector:
    """From the model towards the camera. Azimuth 0 looks at the front (-Y), positive turns to the right."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return Vector((math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)))


def half_angles(width: int, height: int) -> tuple:
    """Tangents of half the view, across and up, for Blender's sensor fit AUTO (the longer side is the sensor)."""
    tangent = SENSOR_WIDTH / 2 / FOCAL_LENGTH
    longer = max(width, height)
    return tangent * width / longer, tangent * height / longer


def fit(points: list, towards: Vector, tangents: tuple, fill: float = FILL) -> tuple:
    """(look-at point, distance) so that all points lie inside `fill` of the picture, with the model in its middle."""
    basis = towards.to_track_quat('Z', 'Y').to_matrix()
    inverse = basis.transposed()
    local = [inverse @ point for point in points]
    centre = Vector(((_low(local, 0) + _high(local, 0)) / 2, (_low(local, 1) + _high(local, 1)) / 2, 0.0))
    centre.z = (_low(local, 2) + _high(local, 2)) / 2
    distance = 0.0
    # Perspective makes near points larger, so the middle of the picture is not the middle of the box: two or three
    # rounds of "fit, then move to the middle of what is seen" settle it.
    for _ in range(4):
        distance = max(_needed(point - centre, tangents, fill) for point in local)
        edges = [[], []]
        for point in local:
            offset = point - centre
            depth = max(distance - offset.z, 1e-9)
            edges[0].append(offset.x / depth)
            edges[1].append(offset.y / depth)
        depth = distance
        centre.x += (min(edges[0]) + max(edges[0])) / 2 * depth
        centre.y += (min(edges[1]) + max(edges[1])) / 2 * depth
    distance = max(_needed(point - centre, tangents, fill) for point in local)
    return basis @ centre, distance


def fit_all_round(points: list, azimuth: float, elevation: float, tangents: tuple, pivot: Vector) -> tuple:
    """Like `fit` for a whole turn about `pivot`: one distance that fits from every side, the pivot in the middle."""
    towards = direction(azimuth, elevation)
    basis = towards.to_track_quat('Z', 'Y').to_matrix()
    inverse = basis.transposed()
    look_at, distance = pivot.copy(), 0.0
    turned = []
    for step in range(TURNS):
        rotation = Matrix.Rotation(2 * math.pi * step / TURNS, 3, 'Z')
        turned.extend(inverse @ (rotation @ (point - pivot)) for point in points)
    # Up and down the model may lie unevenly about its middle, across it can't: it turns.
    for _ in range(4):
        distance = max(_needed(point, tangents, FILL) for point in turned)
        seen = [point.y / max(distance - point.z, 1e-9) for point in turned]
        shift = (min(seen) + max(seen)) / 2 * distance
        look_at += basis @ Vector((0.0, shift, 0.0))
        for point in turned:
            point.y -= shift
    return look_at, max(_needed(point, tangents, FILL) for point in turned)


def _needed(offset: Vector, tangents: tuple, fill: float) -> float:
    across = abs(offset.x) / (tangents[0] * fill)
    up = abs(offset.y) / (tangents[1] * fill)
    return offset.z + max(across, up)


def _low(points: list, axis: int) -> float:
    return min(point[axis] for point in points)


def _high(points: list, axis: int) -> float:
    return max(point[axis] for point in points)


def create(name: str, look_at: Vector, towards: Vector, distance: float, radius: float) -> bpy.types.Object:
    data = bpy.data.cameras.new(name)
    data.lens = FOCAL_LENGTH
    data.sensor_width = SENSOR_WIDTH
    data.sensor_fit = 'AUTO'
    # Clipping relative to the model: the default of 0.1 to 1000 loses a watch as well as a stadium.
    data.clip_start = max(distance - 4 * radius, distance * 0.01)
    data.clip_end = distance + 200 * radius
    camera = bpy.data.objects.new(name, data)
    camera.location = look_at + towards * distance
    camera.rotation_euler = towards.to_track_quat('Z', 'Y').to_euler()
    bpy.context.scene.collection.objects.link(camera)
    return camera


def level(rotation: Euler) -> Euler:
    """A camera's rotation without roll."""
    return Euler((rotation.x, 0.0, rotation.z))
