"""What a picture is written as. Stamps, stereo, borders and whatever else a file may carry are off."""

import bpy

from . import compat
from .protocol import Failure

EXTENSIONS = {'png': '.png', 'exr': '.exr', 'jpeg': '.jpg'}
JPEG_QUALITY = 92
PNG_COMPRESSION = 30


def configure(scene: bpy.types.Scene, options: dict, compositing: bool) -> None:
    """`options`: resolution, transparent, format, depth (bits of a PNG: 8 or 16)."""
    render = scene.render
    render.resolution_x, render.resolution_y = options['resolution']
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.use_border = False
    render.use_multiview = False
    render.use_sequencer = False
    render.use_compositing = compositing
    render.film_transparent = options['transparent']
    render.use_file_extension = False
    render.use_overwrite = True
    render.use_placeholder = False
    render.dither_intensity = 0.0
    _switch_stamps_off(render)
    _configure_format(render.image_settings, options)


def _switch_stamps_off(render: bpy.types.RenderSettings) -> None:
    """Stamps end up as metadata even when they are not drawn: paths, times and names of machines."""
    for entry in render.bl_rna.properties:
        name = entry.identifier
        if name.startswith('use_stamp') and entry.type == 'BOOLEAN' and not entry.is_readonly:
            setattr(render, name, False)


def _configure_format(settings: bpy.types.ImageFormatSettings, options: dict) -> None:
    kind = options['format']
    # 5.0 asks for the kind of media first.
    compat.try_set(settings, 'media_type', 'IMAGE')
    if kind == 'png':
        settings.file_format = 'PNG'
        settings.color_depth = str(options.get('depth', 8))
        settings.compression = PNG_COMPRESSION
    elif kind == 'exr':
        settings.file_format = 'OPEN_EXR'
        settings.color_depth = '16'
        settings.exr_codec = 'ZIP'
    elif kind == 'jpeg':
        settings.file_format = 'JPEG'
        settings.quality = JPEG_QUALITY
    else:
        raise Failure('bad_request', f'no format {kind!r}')
    # The mode after the format: which modes there are depends on it.
    settings.color_mode = 'RGBA' if options['transparent'] and kind != 'jpeg' else 'RGB'
    compat.try_set(settings, 'color_management', 'FOLLOW_SCENE')
