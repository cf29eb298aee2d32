"""What differs between builds of Blender, found out by trying and never by a version number.

Facts of 3.4.1 as Debian packages it: numpy is a separate package whose 1.24 has no `numpy.bool` (the glTF importer uses
it), no OpenImageDenoise, no Draco. Later: 4.0 renamed sockets of the Principled shader and the STL and PLY operators,
4.1 removed auto-smooth, 4.2 renamed Eevee, 5.0 removed Collada and moved the compositor's tree.
"""

import bpy


def apply_numpy_shim() -> bool:
    """Give numpy its old `bool` back where it is gone. Returns whether numpy is there at all."""
    try:
        import numpy
    except ImportError:
        return False
    if not hasattr(numpy, 'bool'):
        numpy.bool = bool
    return True


def has_operator(path: str) -> bool:
    """Whether an operator such as `wm.obj_import` exists. `hasattr(bpy.ops.…)` is always true, so look it up."""
    module, name = path.split('.')
    if name not in dir(getattr(bpy.ops, module)):
        return False
    try:
        getattr(getattr(bpy.ops, module), name).get_rna_type()
        return True
    except (KeyError, RuntimeError):
        return False


def operator(path: str):
    module, name = path.split('.')
    return getattr(getattr(bpy.ops, module), name)


def try_set(owner: object, name: str, *values: object) -> bool:
    """Set a property to the first value that this build accepts. False when it has none of them."""
    if not hasattr(owner, name):
        return False
    for value in values:
        try:
            setattr(owner, name, value)
            return True
        except (TypeError, ValueError, AttributeError):
            continue
    return False


def set_socket(node: bpy.types.Node, names: tuple, value: object) -> None:
    """Set the first input that this build knows by one of its names over time."""
    for name in names:
        if name in node.inputs:
            node.inputs[name].default_value = value
            return


#: What a request calls an engine -> the identifiers it has had, newest first.
ENGINE_IDS = {
    'cycles': ('CYCLES',),
    'eevee': ('BLENDER_EEVEE_NEXT', 'BLENDER_EEVEE'),
    'workbench': ('BLENDER_WORKBENCH',),
}


def set_engine(scene: bpy.types.Scene, engine: str) -> bool:
    return try_set(scene.render, 'engine', *ENGINE_IDS[engine])


def compositor_trees(scene: bpy.types.Scene) -> list:
    """The compositor's tree of a scene and every group in it, wherever this build keeps them."""
    roots = [getattr(scene, 'node_tree', None), getattr(scene, 'compositing_node_group', None)]
    trees: list = []
    waiting = [tree for tree in roots if tree is not None]
    while waiting:
        tree = waiting.pop()
        if tree in trees:
            continue
        trees.append(tree)
        groups = (getattr(node, 'node_tree', None) for node in tree.nodes)
        waiting.extend(group for group in groups if group is not None)
    return trees


def smooth_by_angle(mesh: bpy.types.Mesh, angle: float) -> None:
    """Shade smooth, keep edges sharper than `angle` (radians): what a scan or CAD file looks best with."""
    mesh.polygons.foreach_set('use_smooth', [True] * len(mesh.polygons))
    if hasattr(mesh, 'use_auto_smooth'):
        mesh.use_auto_smooth = True
        mesh.auto_smooth_angle = angle
    elif hasattr(mesh, 'set_sharp_from_angle'):
        mesh.set_sharp_from_angle(angle=angle)


def has_denoiser(scene: bpy.types.Scene) -> bool:
    """Whether Cycles of this build can denoise on the CPU: the only denoiser that gives the same picture everywhere."""
    try:
        import _cycles
    except ImportError:
        return False
    return bool(getattr(_cycles, 'with_openimagedenoise', False))


def refresh_devices(preferences: object) -> None:
    """Let Cycles look for devices; the method was renamed."""
    for name in ('refresh_devices', 'get_devices'):
        method = getattr(preferences, name, None)
        if method is not None:
            method()
            return
