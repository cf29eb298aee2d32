"""`probe`: what this binary can really do, found out by doing it.

Request: `samples` {format: path} of tiny models, `scratch` a folder to write into, `engines` to try, `skip` names of
trials to leave out. Each trial stands alone: one that fails is written down with its message and the next one is
tried. One that takes Blender with it (Eevee without libEGL aborts) is known by being the last one reported; the
caller names it in `skip` and asks again.
"""

import os
import time

import bpy

from . import compat, engine, importers, output
from .protocol import Failure

SIZE = (16, 16)


def run(job) -> dict:
    request = job.request
    trials: dict = {}

    def attempt(name: str, trial) -> None:
        if name in request['skip']:
            return
        job.report('trial', name=name)
        trials[name] = _attempt(trial)

    for kind, path in request['samples'].items():
        attempt(f'import.{kind}', lambda kind=kind, path=path: _import(kind, path))
    _stand()
    for name in request['engines']:
        attempt(f'engine.{name}', lambda name=name: _render(request['scratch'], name, 'cpu', False))
    scene = bpy.context.scene
    if compat.has_denoiser(scene):
        attempt('denoise.oidn', lambda: _render(request['scratch'], 'cycles', 'cpu', True))
    attempt('cycles-gpu', lambda: _render(request['scratch'], 'cycles', 'gpu', False))
    return {
        'version': bpy.app.version_string.split()[0],
        'versionText': bpy.app.version_string,
        'buildOptions': {name: bool(getattr(bpy.app.build_options, name)) for name in _build_options()},
        'devices': _devices(),
        'trials': trials,
    }


def _attempt(trial) -> dict:
    started = time.monotonic()
    try:
        trial()
        return {'ok': True, 'seconds': round(time.monotonic() - started, 3), 'detail': ''}
    except Failure as failure:
        detail = failure.detail
    except Exception as error:
        detail = f'{type(error).__name__}: {error}'
    return {'ok': False, 'seconds': round(time.monotonic() - started, 3), 'detail': detail[:300]}


def _import(kind: str, path: str) -> None:
    importers.import_model(path, kind)
    faces = sum(len(thing.data.polygons) for thing in bpy.data.objects if thing.type == 'MESH')
    if faces < 4:
        raise Failure('unreadable', f'the sample came in with {faces} faces')


def _stand() -> None:
    """A small scene: one lit triangle in front of a camera."""
    importers.clear()
    scene = bpy.context.scene
    mesh = bpy.data.meshes.new('probe')
    mesh.from_pydata([(-1, 0, -1), (1, 0, -1), (0, 0, 1)], [], [(0, 1, 2)])
    scene.collection.objects.link(bpy.data.objects.new('probe', mesh))
    camera = bpy.data.objects.new('probe camera', bpy.data.cameras.new('probe camera'))
    camera.location, camera.rotation_euler = (0, -4, 0), (1.5707963, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    light = bpy.data.objects.new('probe light', bpy.data.lights.new('probe light', 'SUN'))
    light.rotation_euler = (1.2, 0, 0)
    scene.collection.objects.link(light)


def _render(folder: str, name: str, device: str, denoise: bool) -> None:
    scene = bpy.context.scene
    output.configure(scene, {'resolution': SIZE, 'transparent': True, 'format': 'png'}, compositing=False)
    engine.configure(
        scene,
        {
            'engine': name,
            'device': device,
            'samples': 1,
            'noiseThreshold': 0,
            'bounces': 2,
            'denoise': denoise,
            'threads': 0,
        },
    )
    path = os.path.join(folder, f'probe-{name}.png')
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(path)
    try:
        values = list(image.pixels)
    finally:
        bpy.data.images.remove(image)
        os.remove(path)
    if not any(alpha > 0.5 for alpha in values[3::4]):
        raise Failure('empty_picture', 'the picture is empty')


def _devices() -> list:
    addon = bpy.context.preferences.addons.get('cycles')
    if addon is None:
        return []
    try:
        compat.refresh_devices(addon.preferences)
        return [{'name': entry.name, 'type': entry.type} for entry in addon.preferences.devices]
    except Exception:
        return []


def _build_options() -> list:
    return [name for name in dir(bpy.app.build_options) if not name.startswith(('_', 'n_')) and name not in ('count', 'index')]
