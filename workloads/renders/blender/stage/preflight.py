"""A look at the model before anything is queued: is there anything in the picture, and how bright is it?

64 pixels, 4 samples, no floor, transparent background: a tenth of a second, and it catches every silent failure of an
importer (point clouds, infinite coordinates, wholly transparent materials) as a coverage of zero.
"""

import math
import os

import bpy

from . import engine, output

SIZE = 64
SAMPLES = 4
#: Less than this share of the picture counts as empty: two of 4096 pixels.
EMPTY = 0.0005
#: Brightness (linear, of white) that the light parts of a model should come to, and how far the lights follow.
TARGET = 0.42
GAIN_LIMITS = (0.62, 1.75)
#: Between these the lights of a file are taken for usable.
USABLE = (0.012, 12.0)


def look(scene: bpy.types.Scene, stage, folder: str, resolution: tuple, threads: int) -> dict:
    """Coverage (0 to 1) and brightness (90th percentile of what is covered, linear) of the staged model."""
    longer = max(resolution)
    size = [max(8, round(SIZE * side / longer)) for side in resolution]
    output.configure(scene, {'resolution': size, 'transparent': True, 'format': 'exr'}, compositing=False)
    engine.configure(
        scene,
        {
            'engine': 'cycles',
            'device': 'cpu',
            'samples': SAMPLES,
            'noiseThreshold': 0,
            'bounces': 2,
            'denoise': False,
            'threads': threads,
        },
    )
    scene.render.use_persistent_data = False
    if stage.floor is not None:
        stage.floor.hide_render = True
    path = os.path.join(folder, 'preflight.exr')
    scene.render.filepath = path
    try:
        bpy.ops.render.render(write_still=True)
        return _weigh(path)
    finally:
        if stage.floor is not None:
            stage.floor.hide_render = False
        if os.path.exists(path):
            os.remove(path)


def _weigh(path: str) -> dict:
    image = bpy.data.images.load(path)
    try:
        image.colorspace_settings.is_data = True
        values = list(image.pixels)
    finally:
        bpy.data.images.remove(image)
    count = len(values) // 4
    covered = []
    for index in range(count):
        red, green, blue, alpha = values[4 * index : 4 * index + 4]
        if alpha > 0.05:
            brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            covered.append(brightness / alpha if math.isfinite(brightness) else 0.0)
    covered.sort()
    return {
        'coverage': round(len(covered) / max(1, count), 5),
        'brightness': round(covered[int(0.9 * (len(covered) - 1))], 5) if covered else 0.0,
    }


def gain(brightness: float) -> float:
    """By how much to change the studio's light: half of the way (in stops) to the target, within limits."""
    if brightness <= 0:
        return GAIN_LIMITS[1]
    return round(max(GAIN_LIMITS[0], min(GAIN_LIMITS[1], (TARGET / brightness) ** 0.5)), 4)
