"""Three lights, a soft surrounding and a floor, all in proportion to the model.

Power follows the square of the distance, so that a watch and a ship are lit alike. A large Lambert surface lit by an
area light of P watts at distance d receives about P / (pi d^2), and a white one then looks P / (pi d)^2 bright; the
figures below put the key at 0.78 of white before the view transform, which leaves room for highlights.
"""

import math

import bpy
from mathutils import Vector

from . import compat
from .camera import direction

#: name: azimuth from the camera, elevation, distance in radii, size in radii, brightness on white, colour
RIG = {
    'key': (-42.0, 46.0, 3.6, 1.7, 0.78, (1.0, 0.96, 0.91)),
    'fill': (58.0, 18.0, 4.2, 3.6, 0.13, (0.88, 0.94, 1.0)),
    'rim': (165.0, 38.0, 3.6, 1.6, 0.70, (1.0, 1.0, 1.0)),
}
#: Brightness of the surrounding that lights and reflects, and of the one that the camera sees.
SURROUNDING = 0.17
#: Linear grey behind the model; the floor's albedo makes it come to the same under the lights above.
BACKGROUND = (0.40, 0.415, 0.435)
FLOOR_ALBEDO = 0.36


def create_rig(name: str, centre: Vector, radius: float, azimuth: float, gain: float) -> list:
    """Area lights about the model. `azimuth` is the camera's, so that the key always comes over its shoulder.

    `gain` multiplies all light, as metered: a black model gets more, a white one less.
    """
    lights = []
    for part, (turn, elevation, radii, size, brightness, colour) in RIG.items():
        distance = radii * radius
        data = bpy.data.lights.new(f'{name} {part}', 'AREA')
        data.shape = 'DISK'
        data.size = size * radius
        data.color = colour
        data.energy = gain * brightness * (math.pi * distance) ** 2
        towards = direction(azimuth + turn, elevation)
        light = bpy.data.objects.new(f'{name} {part}', data)
        light.location = centre + towards * distance
        light.rotation_euler = towards.to_track_quat('Z', 'Y').to_euler()
        light.visible_camera = False
        bpy.context.scene.collection.objects.link(light)
        lights.append(light)
    return lights


def create_world(scene: bpy.types.Scene, name: str, gain: float) -> None:
    """A plain backdrop for the camera; for light and reflections a studio: bright above, dark below, a softer band.

    Without the gradient, metal has nothing to reflect and looks black.
    """
    world = bpy.data.worlds.new(name)
    compat.try_set(world, 'use_nodes', True)
    tree = world.node_tree
    tree.nodes.clear()
    output = tree.nodes.new('ShaderNodeOutputWorld')
    mix = tree.nodes.new('ShaderNodeMixShader')
    path = tree.nodes.new('ShaderNodeLightPath')
    seen = tree.nodes.new('ShaderNodeBackground')
    lit = tree.nodes.new('ShaderNodeBackground')
    ramp = tree.nodes.new('ShaderNodeValToRGB')
    split = tree.nodes.new('ShaderNodeSeparateXYZ')
    place = tree.nodes.new('ShaderNodeTexCoord')
    remap = tree.nodes.new('ShaderNodeMath')

    seen.inputs['Color'].default_value = (*BACKGROUND, 1.0)
    seen.inputs['Strength'].default_value = 1.0
    lit.inputs['Strength'].default_value = SURROUNDING * gain
    remap.operation = 'MULTIPLY_ADD'
    remap.inputs[1].default_value = 0.5
    remap.inputs[2].default_value = 0.5
    stops = ((0.0, 0.25), (0.47, 0.45), (0.55, 1.0), (0.72, 0.85), (1.0, 2.2))
    while len(ramp.color_ramp.elements) < len(stops):
        ramp.color_ramp.elements.new(0.5)
    for element, (position, value) in zip(ramp.color_ramp.elements, stops, strict=True):
        element.position = position
        element.color = (value, value, value * 1.03, 1.0)

    link = tree.links.new
    link(place.outputs['Generated'], split.inputs[0])
    link(split.outputs[2], remap.inputs[0])
    link(remap.outputs[0], ramp.inputs[0])
    link(ramp.outputs[0], lit.inputs['Color'])
    link(path.outputs['Is Camera Ray'], mix.inputs[0])
    link(lit.outputs[0], mix.inputs[1])
    link(seen.outputs[0], mix.inputs[2])
    link(mix.outputs[0], output.inputs['Surface'])
    # Smooth all over: found well enough by what bounces, and one light less to choose from is less noise.
    if hasattr(world, 'cycles'):
        compat.try_set(world.cycles, 'sampling_method', 'NONE')
    scene.world = world


def create_floor(
    name: str, centre: Vector, height: float, radius: float, catcher: bool, gain: float
) -> bpy.types.Object:
    """A disc under the model that fades into the backdrop, so that there is a shadow and no horizon.

    `catcher` leaves only the shadow, for pictures with a transparent background. With more light the floor is made
    darker by as much, so that it still meets the backdrop.
    """
    reach = 14.0 * radius
    corners = 96
    ring = [
        (reach * math.cos(2 * math.pi * i / corners), reach * math.sin(2 * math.pi * i / corners), 0.0)
        for i in range(corners)
    ]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(ring, [], [tuple(range(corners))])
    mesh.update()
    floor = bpy.data.objects.new(name, mesh)
    # A hair below the lowest point: a model with a flat bottom would flicker with a floor at the same height.
    floor.location = (centre.x, centre.y, height - 0.002 * radius)
    if catcher and hasattr(floor, 'is_shadow_catcher'):
        floor.is_shadow_catcher = True
    mesh.materials.append(_floor_material(name, radius, gain))
    bpy.context.scene.collection.objects.link(floor)
    return floor


def _floor_material(name: str, radius: float, gain: float) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    compat.try_set(material, 'use_nodes', True)
    # Eevee needs to be told that a material is see-through; the property changed its name.
    compat.try_set(material, 'surface_render_method', 'BLENDED')
    compat.try_set(material, 'blend_method', 'BLEND')
    compat.try_set(material, 'shadow_method', 'NONE')
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new('ShaderNodeOutputMaterial')
    mix = tree.nodes.new('ShaderNodeMixShader')
    surface = tree.nodes.new('ShaderNodeBsdfDiffuse')
    clear = tree.nodes.new('ShaderNodeBsdfTransparent')
    place = tree.nodes.new('ShaderNodeTexCoord')
    length = tree.nodes.new('ShaderNodeVectorMath')
    fade = tree.nodes.new('ShaderNodeMapRange')
    grey = min(0.9, FLOOR_ALBEDO / gain)
    surface.inputs['Color'].default_value = (grey, grey, grey, 1.0)
    length.operation = 'LENGTH'
    fade.interpolation_type = 'SMOOTHSTEP'
    for socket, value in (('From Min', 1.4 * radius), ('From Max', 6.5 * radius), ('To Min', 0.0), ('To Max', 1.0)):
        fade.inputs[socket].default_value = value
    link = tree.links.new
    link(place.outputs['Object'], length.inputs[0])
    link(length.outputs['Value'], fade.inputs['Value'])
    link(fade.outputs[0], mix.inputs[0])
    link(surface.outputs[0], mix.inputs[1])
    link(clear.outputs[0], mix.inputs[2])
    link(mix.outputs[0], output.inputs['Surface'])
    return material
