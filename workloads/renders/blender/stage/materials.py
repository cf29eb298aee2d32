"""Gives a look to what has none, and makes what imports badly visible."""

import math

import bpy

from . import compat

#: Warm grey clay: shows the shape, says "no material was given".
CLAY = (0.56, 0.535, 0.51, 1.0)
SMOOTH_ANGLE = math.radians(35.0)
#: Formats that carry a bare shape: their facets are an artefact of the file, not a wish of the artist.
BARE_FORMATS = {'stl', 'ply'}
#: Below this a material counts as invisible (some FBX files state an opacity of zero for everything).
INVISIBLE = 0.01


def complete(kind: str) -> list:
    """Complete an imported model. Returns warnings by code, for the facts."""
    warnings: list = []
    clay = None
    for thing in bpy.data.objects:
        mesh = thing.data
        if thing.type != 'MESH' or mesh is None:
            continue
        if kind in BARE_FORMATS and len(mesh.polygons) > 0:
            compat.smooth_by_angle(mesh, SMOOTH_ANGLE)
        if any(slot.material is not None for slot in thing.material_slots):
            continue
        colours = _colour_attribute(mesh)
        if colours is not None:
            mesh.materials.clear()
            mesh.materials.append(_painted(colours))
            warnings.append('vertex_colours')
            continue
        if clay is None:
            clay = _plain('Backlot clay')
        mesh.materials.clear()
        mesh.materials.append(clay)
        warnings.append('no_material')
    if _make_opaque():
        warnings.append('invisible_material')
    return sorted(set(warnings))


def _make_opaque() -> bool:
    """Materials that are wholly transparent by a constant become opaque, when that is true of all of them.

    An exporter's mistake of one direction ("transparency 1" read as "opacity 0"): a model whose every surface is
    invisible can't be meant. A model with some glass is left alone.
    """
    used = [m for m in bpy.data.materials if m.users > 0 and m.use_nodes and m.node_tree is not None]
    sockets = [socket for material in used for socket in _alpha_sockets(material)]
    if not sockets or len(sockets) < len(used):
        return False
    if any(socket.is_linked or socket.default_value > INVISIBLE for socket in sockets):
        return False
    for socket in sockets:
        socket.default_value = 1.0
    return True


def _alpha_sockets(material: bpy.types.Material) -> list:
    return [
        node.inputs['Alpha']
        for node in material.node_tree.nodes
        if node.bl_idname == 'ShaderNodeBsdfPrincipled' and 'Alpha' in node.inputs
    ]


def _colour_attribute(mesh: bpy.types.Mesh):
    attributes = getattr(mesh, 'color_attributes', None)
    if attributes is None or len(attributes) == 0:
        return None
    return attributes[0].name


def _plain(name: str) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    compat.try_set(material, 'use_nodes', True)
    material.diffuse_color = CLAY
    shader = _principled(material)
    shader.inputs['Base Color'].default_value = CLAY
    shader.inputs['Roughness'].default_value = 0.5
    compat.set_socket(shader, ('Specular IOR Level', 'Specular'), 0.35)
    return material


def _painted(attribute: str) -> bpy.types.Material:
    material = _plain(f'Backlot colours {attribute}')
    node = material.node_tree.nodes.new('ShaderNodeVertexColor')
    node.layer_name = attribute
    material.node_tree.links.new(node.outputs['Color'], _principled(material).inputs['Base Color'])
    return material


def _principled(material: bpy.types.Material) -> bpy.types.Node:
    for node in material.node_tree.nodes:
        if node.bl_idname == 'ShaderNodeBsdfPrincipled':
            return node
    tree = material.node_tree
    shader = tree.nodes.new('ShaderNodeBsdfPrincipled')
    tree.links.new(shader.outputs[0], tree.nodes.new('ShaderNodeOutputMaterial').inputs['Surface'])
    return shader
