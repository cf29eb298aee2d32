"""Brings a model file into an empty scene, whatever its format and whatever this build calls the operator."""

import bpy
from mathutils import Matrix, Vector

from . import compat
from .protocol import Failure

#: format -> operators in the order to try, with their arguments. The second is for builds that lack (or fail in) the
#: first. Axes are given where an operator asks for them, so that "the file's up axis" means the same in every build.
OPERATORS: dict = {
    'gltf': [('import_scene.gltf', {})],
    'glb': [('import_scene.gltf', {})],
    'obj': [
        ('wm.obj_import', {'forward_axis': 'NEGATIVE_Z', 'up_axis': 'Y'}),
        ('import_scene.obj', {'axis_forward': '-Z', 'axis_up': 'Y'}),
    ],
    'stl': [('import_mesh.stl', {}), ('wm.stl_import', {})],
    'ply': [('import_mesh.ply', {}), ('wm.ply_import', {})],
    'fbx': [('import_scene.fbx', {}), ('wm.fbx_import', {})],
    'dae': [('wm.collada_import', {})],
}

#: The file's axis that an importer turns to Blender's +Z. STL and PLY have no up axis: taken as +Z.
UP_AFTER_IMPORT = {
    'gltf': Matrix(((1, 0, 0), (0, 0, -1), (0, 1, 0))),
    'glb': Matrix(((1, 0, 0), (0, 0, -1), (0, 1, 0))),
    'obj': Matrix(((1, 0, 0), (0, 0, -1), (0, 1, 0))),
}

AXES = {
    '+x': Vector((1, 0, 0)),
    '-x': Vector((-1, 0, 0)),
    '+y': Vector((0, 1, 0)),
    '-y': Vector((0, -1, 0)),
    '+z': Vector((0, 0, 1)),
    '-z': Vector((0, 0, -1)),
}

#: Messages of importers that mean "this build can't", not "this file is broken".
CAPABILITY_SIGNS = {
    'draco': ('draco', 'KHR_draco'),
    'meshopt': ('EXT_meshopt', 'meshopt'),
    'ktx2': ('KHR_texture_basisu',),
    'numpy': ("No module named 'numpy'",),
}
VERSION_SIGNS = (
    'ASCII FBX files are not supported',
    'Unsupported FBX version',
    'glTF version',
    'version must be 2',
    'unsupported version',
)


def open_blend(path: str) -> None:
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise Failure('unreadable', str(error)) from None
    if not bpy.data.scenes:
        raise Failure('unreadable', 'the file holds no scene')


def import_model(path: str, kind: str) -> None:
    """Replace the start-up scene by the model. Raises Failure when nothing came of it."""
    clear()
    numpy = compat.apply_numpy_shim()
    candidates = [(name, options) for name, options in OPERATORS[kind] if compat.has_operator(name)]
    if not candidates:
        raise Failure('capability_missing', f'no importer for {kind}', needs=f'import.{kind}')
    if kind in ('gltf', 'glb') and not numpy:
        raise Failure('capability_missing', 'the glTF importer needs numpy', needs=f'import.{kind}')

    problems = []
    for name, options in candidates:
        try:
            compat.operator(name)(filepath=path, **options)
        except Exception as error:  # importers raise anything at all: KeyError, struct.error, UnicodeDecodeError …
            problems.append(str(error) or type(error).__name__)
            clear()
            continue
        if bpy.data.objects:
            return
        problems.append('nothing was imported')
    raise _named(problems)


def _named(problems: list) -> Failure:
    text = ' / '.join(_last_line(problem) for problem in problems)
    whole = '\n'.join(problems)
    for need, signs in CAPABILITY_SIGNS.items():
        if any(sign in whole for sign in signs):
            return Failure('capability_missing', text, needs=need)
    if any(sign in whole for sign in VERSION_SIGNS):
        return Failure('unsupported_version', text)
    if problems and problems[-1] == 'nothing was imported' and len(problems) == 1:
        return Failure('no_geometry', text, points=0, edges=0)
    return Failure('unreadable', text)


def _last_line(problem: str) -> str:
    """Operators raise the whole traceback as text; its last line with content is the one that says something."""
    lines = [line.strip() for line in problem.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(('File "', 'Traceback', 'Location:', '^'))]
    line = said[-1] if said else 'no message'
    return line.removeprefix('Error: ').removeprefix('Python: ')


def turn_up(kind: str, axis: str) -> None:
    """Turn the model so that `axis` of its file points up. An empty carries the turn: animation stays as it is."""
    if axis == 'auto':
        return
    conversion = UP_AFTER_IMPORT.get(kind, Matrix.Identity(3))
    current = conversion @ AXES[axis]
    up = Vector((0, 0, 1))
    if current.dot(up) < -0.5:
        # Opposite: any half turn would do, about X keeps left and right where a person expects them.
        rotation = Matrix.Rotation(3.141592653589793, 3, 'X')
    else:
        rotation = current.rotation_difference(up).to_matrix()
    if (rotation - Matrix.Identity(3)).median_scale < 1e-9 and rotation.is_identity:
        return
    carrier = bpy.data.objects.new('Backlot up axis', None)
    bpy.context.scene.collection.objects.link(carrier)
    for thing in bpy.context.scene.objects:
        if thing.parent is None and thing is not carrier:
            thing.parent = carrier
    carrier.matrix_world = rotation.to_4x4()


def clear() -> None:
    """Everything of the start-up file, or of a half-done import, goes."""
    for collection in (bpy.data.objects, bpy.data.meshes, bpy.data.materials, bpy.data.lights, bpy.data.cameras):
        for block in list(collection):
            collection.remove(block)
    for collection in list(bpy.data.collections):
        bpy.data.collections.remove(collection)
