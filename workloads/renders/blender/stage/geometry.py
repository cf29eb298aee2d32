"""What there is to look at: evaluated points of everything that a render would show.

Points are taken in world space after modifiers, instances and armatures, thinned evenly to a bounded number: framing
and lights need the shape, not every vertex. Pure Python where numpy is missing: only glTF may need a package.
"""

import math
from array import array
from dataclasses import dataclass, field

import bpy
from mathutils import Vector

#: Enough to frame within a pixel or two, little enough for plain Python loops.
POINT_LIMIT = 6000
#: Share of the points that may lie far away (a stray vertex, a lost helper cube) without being framed.
STRAY_SHARE = 0.005
#: How much larger the whole must be than the inner part before strays are left out.
STRAY_RATIO = 4.0
SURFACES = {'MESH', 'CURVE', 'SURFACE', 'FONT', 'META', 'CURVES', 'POINTCLOUD', 'VOLUME'}


@dataclass
class Shape:
    """Points, and what was counted on the way."""

    points: list = field(default_factory=list)
    polygons: int = 0
    triangles: int = 0
    vertices: int = 0
    loose_points: int = 0
    loose_edges: int = 0
    instances: int = 0
    not_finite: int = 0

    @property
    def bounds(self) -> tuple:
        return corner(self.points, min), corner(self.points, max)


def corner(points: list, pick) -> Vector:
    return Vector(pick(point[axis] for point in points) for axis in range(3))


def measure(scene: bpy.types.Scene, ignore: set) -> Shape:
    """Look at the scene as it is at its current frame. `ignore` holds names of the stage's own objects."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shape = Shape()
    seen: dict = {}
    for instance in depsgraph.object_instances:
        thing = instance.object
        if thing.type not in SURFACES or thing.original.name in ignore or not _rendered(thing, instance):
            continue
        key = thing.original.name if not instance.is_instance else f'{thing.original.name}/{thing.data.name}'
        if key not in seen:
            seen[key] = _surface(thing, depsgraph)
        surface = seen[key]
        shape.instances += 1
        shape.polygons += surface['polygons']
        shape.triangles += surface['triangles']
        shape.vertices += surface['vertices']
        shape.loose_points += surface['loose_points']
        shape.loose_edges += surface['loose_edges']
        matrix = instance.matrix_world.copy()
        for point in surface['points']:
            world = matrix @ point
            if all(math.isfinite(value) and abs(value) < 1e12 for value in world):
                shape.points.append(world)
            else:
                shape.not_finite += 1
        if len(shape.points) > 4 * POINT_LIMIT:
            shape.points = thin(shape.points, 2 * POINT_LIMIT)
    shape.points = thin(without_strays(shape.points), POINT_LIMIT)
    return shape


def _rendered(thing: bpy.types.Object, instance: bpy.types.DepsgraphObjectInstance) -> bool:
    if thing.original.hide_render or getattr(thing.original, 'is_holdout', False):
        return False
    return instance.show_self or instance.is_instance


def _surface(thing: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> dict:
    """Points and counts of one object, in its own space."""
    if thing.type in {'VOLUME', 'POINTCLOUD', 'CURVES'}:
        points = [Vector(point) for point in thing.bound_box]
        return _counts(points, polygons=1)
    try:
        mesh = thing.to_mesh(preserve_all_data_layers=False, depsgraph=depsgraph)
    except RuntimeError:
        return _counts([])
    if mesh is None:
        return _counts([])
    try:
        # Bulk access: a loop in Python over a million corners takes seconds, this takes milliseconds.
        corners = array('i', bytes(4 * len(mesh.loops)))
        mesh.loops.foreach_get('vertex_index', corners)
        # Only points that carry a face are visible; the rest are counted, so that a sentence can name them.
        used = set(corners)
        points = [mesh.vertices[index].co.copy() for index in thin(sorted(used), POINT_LIMIT)]
        return _counts(
            points,
            polygons=len(mesh.polygons),
            # A polygon of n corners is n - 2 triangles.
            triangles=len(mesh.loops) - 2 * len(mesh.polygons),
            vertices=len(mesh.vertices),
            loose_points=len(mesh.vertices) - len(used),
            loose_edges=0 if mesh.polygons else len(mesh.edges),
        )
    finally:
        thing.to_mesh_clear()


def _counts(points: list, **counts: int) -> dict:
    zero = {'polygons': 0, 'triangles': 0, 'vertices': 0, 'loose_points': 0, 'loose_edges': 0}
    return {'points': points, **zero, **counts}


def thin(items: list, limit: int) -> list:
    """At most `limit` of the items, evenly, always the same ones."""
    if len(items) <= limit:
        return items
    step = len(items) / limit
    return [items[int(index * step)] for index in range(limit)]


def without_strays(points: list) -> list:
    """Leave out a few points that lie far from all others, as they would make the model a dot in the picture."""
    if len(points) < 200:
        return points
    limits = []
    for axis in range(3):
        values = sorted(point[axis] for point in points)
        cut = max(1, int(len(values) * STRAY_SHARE))
        low, high = values[cut], values[-1 - cut]
        inner, whole = high - low, values[-1] - values[0]
        if inner > 0 and whole > STRAY_RATIO * inner:
            limits.append((low - 0.5 * inner, high + 0.5 * inner))
        else:
            limits.append((values[0], values[-1]))
    return [p for p in points if all(limits[axis][0] <= p[axis] <= limits[axis][1] for axis in range(3))]


def measure_over(scene: bpy.types.Scene, frames: list, ignore: set) -> Shape:
    """The shape over several frames, so that something that moves stays in the picture."""
    whole = None
    for frame in frames:
        scene.frame_set(frame)
        shape = measure(scene, ignore)
        if whole is None:
            whole = shape
        else:
            whole.points.extend(shape.points)
    assert whole is not None
    whole.points = thin(whole.points, POINT_LIMIT)
    return whole
