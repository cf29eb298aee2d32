"""Engine, device, samples, colour: all set by us, nothing inherited from the file."""

import bpy

from . import compat
from .protocol import Failure

#: Cycles rejects more; it is also more than any picture needs.
MAX_SAMPLES = 65536
GPU_TYPES = ('OPTIX', 'CUDA', 'HIP', 'METAL', 'ONEAPI')


def configure(scene: bpy.types.Scene, options: dict) -> None:
    """`options`: engine, device, samples, noiseThreshold, denoise, bounces, seed, threads."""
    engine = options['engine']
    if not compat.set_engine(scene, engine):
        raise Failure('capability_missing', f'this build has no {engine}', needs=f'engine.{engine}')
    render = scene.render
    render.threads_mode = 'FIXED' if options['threads'] > 0 else 'AUTO'
    if options['threads'] > 0:
        render.threads = options['threads']
    render.use_persistent_data = True
    render.use_simplify = False
    render.use_motion_blur = bool(options.get('motionBlur', False)) and render.use_motion_blur
    samples = max(1, min(MAX_SAMPLES, options['samples']))
    if engine == 'cycles':
        _configure_cycles(scene, options, samples)
    elif engine == 'eevee':
        compat.try_set(scene.eevee, 'taa_render_samples', samples)
        compat.try_set(scene.eevee, 'use_gtao', True)
        compat.try_set(scene.eevee, 'use_soft_shadows', True)
        compat.try_set(scene.eevee, 'use_ssr', True)
    else:
        _configure_workbench(scene)


def _configure_cycles(scene: bpy.types.Scene, options: dict, samples: int) -> None:
    cycles = scene.cycles
    cycles.device = use_device(options['device'])
    cycles.samples = samples
    cycles.time_limit = 0.0
    threshold = options['noiseThreshold']
    cycles.use_adaptive_sampling = threshold > 0
    if threshold > 0:
        cycles.adaptive_threshold = threshold
        cycles.adaptive_min_samples = 0
    compat.try_set(cycles, 'use_animated_seed', False)
    compat.try_set(cycles, 'sample_offset', 0)
    compat.try_set(cycles, 'use_light_tree', False)
    compat.try_set(cycles, 'use_auto_tile', True)
    compat.try_set(cycles, 'tile_size', 2048)
    compat.try_set(cycles, 'feature_set', 'SUPPORTED')
    compat.try_set(cycles, 'sample_clamp_indirect', 10.0)
    _limit_bounces(cycles, options['bounces'])
    cycles.use_denoising = False
    if options['denoise']:
        if not compat.has_denoiser(scene):
            raise Failure('capability_missing', 'this build has no OpenImageDenoise', needs='denoise.oidn')
        cycles.use_denoising = compat.try_set(cycles, 'denoiser', 'OPENIMAGEDENOISE')
    for layer in scene.view_layers:
        # A layer may override the number of samples; ours counts.
        compat.try_set(layer, 'samples', 0)


def _limit_bounces(cycles: object, bounces: int) -> None:
    """Light paths as short as the preset allows. Seeing through leaves of foliage is not a bounce and stays long."""
    cycles.max_bounces = bounces
    cycles.diffuse_bounces = min(4, bounces)
    cycles.glossy_bounces = min(4, bounces)
    cycles.transmission_bounces = bounces
    cycles.volume_bounces = min(2, bounces)
    cycles.transparent_max_bounces = 16
    # Caustics of a path tracer are fireflies at the sample counts that people wait for.
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    compat.try_set(cycles, 'blur_glossy', 0.5)


def _configure_workbench(scene: bpy.types.Scene) -> None:
    shading = scene.display.shading
    shading.light = 'STUDIO'
    shading.color_type = 'MATERIAL'
    compat.try_set(shading, 'show_shadows', True)
    compat.try_set(shading, 'show_cavity', True)
    compat.try_set(scene.display, 'render_aa', '8')


def seed_frame(scene: bpy.types.Scene, seed: int, frame: int) -> None:
    """The noise of a frame depends on the job and the frame, not on the process that happens to render it."""
    if hasattr(scene, 'cycles'):
        scene.cycles.seed = (seed * 1_000_003 + frame * 7919) % 2_147_483_647


def use_device(device: str) -> str:
    """Switch on exactly the wanted kind of device. A missing GPU is a typed failure, not a silent CPU render."""
    if device == 'cpu':
        return 'CPU'
    addon = bpy.context.preferences.addons.get('cycles')
    if addon is not None:
        preferences = addon.preferences
        for kind in GPU_TYPES:
            if not compat.try_set(preferences, 'compute_device_type', kind):
                continue
            compat.refresh_devices(preferences)
            found = [entry for entry in preferences.devices if entry.type == kind]
            if found:
                for entry in preferences.devices:
                    entry.use = entry.type == kind
                return 'GPU'
    raise Failure('capability_missing', 'no GPU that Cycles can use', needs='cycles-gpu')


#: Tried in this order; a build without OpenColorIO looks knows only the first part of each name.
VIEW_TRANSFORMS = ('Filmic', 'AgX', 'Standard')
LOOKS = ('Medium High Contrast', 'Filmic - Medium High Contrast', 'AgX - Medium High Contrast', 'None')


def configure_colour(scene: bpy.types.Scene, keep: bool, exposure: float) -> None:
    """`keep` leaves what a .blend's author set; else the same view in every build."""
    # Files of before 2.64 carry a display without the views of today; without this the next line raises.
    compat.try_set(scene.display_settings, 'display_device', 'sRGB')
    view = scene.view_settings
    if not keep:
        compat.try_set(view, 'view_transform', *VIEW_TRANSFORMS)
        compat.try_set(view, 'look', *LOOKS)
        view.gamma = 1.0
        view.exposure = 0.0
        compat.try_set(view, 'use_curve_mapping', False)
    view.exposure += exposure
