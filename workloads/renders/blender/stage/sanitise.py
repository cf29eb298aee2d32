"""Takes out of an opened .blend what acts by itself.

`--disable-autoexec` keeps registered text blocks and unsafe drivers from running, but not a Freestyle style module
(executed during the render) and not a compositor's File Output node (writes anywhere). The sandbox contains them all;
this makes them do nothing in the first place, and says so in the facts.
"""

import bpy

from . import compat


def disarm() -> list:
    """Disarm every scene of the open file. Returns the names of what was found, for the facts."""
    found: set = set()
    for scene in bpy.data.scenes:
        _disarm_freestyle(scene, found)
        _remove_file_outputs(scene, found)
        if scene.render.use_sequencer and _has_strips(scene):
            found.add('sequencer')
        scene.render.use_sequencer = False
        if hasattr(scene, 'cycles') and getattr(scene.cycles, 'shading_system', False):
            scene.cycles.shading_system = False
            found.add('open_shading_language')

    if any(text.use_module for text in bpy.data.texts):
        found.add('text_block')
    for text in list(bpy.data.texts):
        bpy.data.texts.remove(text)

    found.update(_scripted_drivers())
    return sorted(found)


def _has_strips(scene: bpy.types.Scene) -> bool:
    """Whether the video editor has anything in it; a start-up file has an empty one. `strips` since 4.4."""
    editor = scene.sequence_editor
    if editor is None:
        return False
    return len(getattr(editor, 'strips_all', None) or getattr(editor, 'sequences_all', ())) > 0


def _disarm_freestyle(scene: bpy.types.Scene, found: set) -> None:
    for layer in scene.view_layers:
        settings = getattr(layer, 'freestyle_settings', None)
        if settings is None:
            continue
        if settings.mode == 'SCRIPT':
            found.add('freestyle_script')
            for module in list(settings.modules):
                settings.modules.remove(module)
            settings.mode = 'EDITOR'
            layer.use_freestyle = False


def _remove_file_outputs(scene: bpy.types.Scene, found: set) -> None:
    for tree in compat.compositor_trees(scene):
        for node in [node for node in tree.nodes if node.bl_idname == 'CompositorNodeOutputFile']:
            found.add('file_output_node')
            tree.nodes.remove(node)


def _scripted_drivers() -> set:
    """Drivers whose expression Blender refuses to evaluate without scripts. Left in place: they are inert."""
    for collection in (bpy.data.objects, bpy.data.materials, bpy.data.meshes, bpy.data.scenes, bpy.data.node_groups):
        for block in collection:
            data = getattr(block, 'animation_data', None)
            for curve in data.drivers if data else ():
                driver = curve.driver
                if driver.type == 'SCRIPTED' and not getattr(driver, 'is_simple_expression', True):
                    return {'scripted_driver'}
    return set()
