"""`import`: a model file becomes facts, a scene.blend that stands alone, and a preview picture.

Request (all paths absolute):
    model        {path, format, folder}   the file, its kind, and the folder its side files lie in
    upAxis       'auto' | '+x' … '-z'
    stage        see staging.py; `auto` is resolved here
    limits       {polygons}
    threads      CPU threads
    outputs      {scene, preview, scratch}
    preview      {resolution, samples, seconds}   at most so many samples, within so many seconds
"""

import os

import bpy

from . import compat, engine, external_files, facts, importers, materials, output, preflight, sanitise, staging
from .folder_view import FolderView
from .protocol import Failure


def run(job) -> dict:
    request = job.request
    model = request['model']
    blend = model['format'] == 'blend'
    job.report('phase', name='reading')
    armed, warnings, named = [], [], []
    if blend:
        importers.open_blend(model['path'])
        armed = sanitise.disarm()
    else:
        view = FolderView(model['folder'], model['path'], model['format'], request['outputs']['scratch'] + '/model')
        view.provide()
        named = view.missing
        if any(item['required'] for item in named):
            raise Failure('files_missing', 'the model is not whole', files=named)
        importers.import_model(view.model, model['format'])
    scene = bpy.context.scene
    missing = _merge(named, external_files.resolve(model['folder']))
    if not blend:
        importers.turn_up(model['format'], request['upAxis'])
        warnings = materials.complete(model['format'])
        facts.fit_range_to_keys(scene)
    missing_required = [item for item in missing if item['required']]
    if missing_required:
        raise Failure('files_missing', 'libraries are missing', files=missing)

    job.report('phase', name='measuring')
    own = _own_settings(scene) if blend else None
    content = facts.describe(scene)
    options = dict(request['stage'])
    stage, seen, options = _stage(scene, options, request, blend)
    if stage.shape.polygons > request['limits']['polygons']:
        raise Failure('too_large', 'too many polygons', polygons=stage.shape.polygons, limit=request['limits']['polygons'])

    collected = {
        **content,
        **facts.count(stage.shape),
        'format': model['format'],
        # '4.2.3 LTS' is the version 4.2.3: the capability carries it without the word.
        'blender': bpy.app.version_string.split()[0],
        'savedWith': '.'.join(str(part) for part in bpy.data.version) if blend else None,
        'own': own,
        'missing': missing,
        'disarmed': armed,
        'warnings': warnings,
        'coverage': seen['coverage'],
        'brightness': seen['brightness'],
        'stage': stage.resolved,
        'denoiser': compat.has_denoiser(scene),
    }

    job.report('phase', name='preview')
    _preview(scene, stage, request, options, blend)
    staging.take_down(scene)
    job.report('phase', name='saving')
    collected['needsSources'] = _save(request['outputs']['scene'])
    return {'facts': collected}


def _merge(named: list, found: list) -> list:
    """What the text names and what Blender looked for, each once: importers shorten or lengthen paths."""
    names = {item['path'].rsplit('/', 1)[-1].lower() for item in named}
    return named + [item for item in found if item['path'].rsplit('/', 1)[-1].lower() not in names]


def _stage(scene, options: dict, request: dict, blend: bool) -> tuple:
    """Stage, look, and stage again where the look says so: an own camera that sees nothing, lights that are off."""
    own = _own_look(scene) if blend else None
    if not blend or _is_ancient():
        # Lights of an exchange format carry no usable power; those of before 2.80 were made for another renderer.
        options['light'] = 'studio' if options['light'] == 'auto' else options['light']
    if options['camera']['mode'] == 'auto':
        usable = blend and scene.camera is not None and options.get('turntable') is None
        options['camera'] = {**options['camera'], 'mode': 'scene' if usable else 'framed'}
        fall_back = usable
    else:
        fall_back = False
    automatic_light = options['light'] == 'auto'

    def look(shape: object = None) -> tuple:
        put = staging.set_up(scene, options, shape)
        engine.configure_colour(scene, keep=False, exposure=0.0)
        scratch = request['outputs']['scratch']
        return put, preflight.look(scene, put, scratch, options['resolution'], request['threads'])

    stage, seen = look()
    if fall_back and seen['coverage'] < preflight.EMPTY:
        staging.take_down(scene)
        options['camera'] = {**options['camera'], 'mode': 'framed'}
        stage, seen = look(stage.shape)
    dark = not preflight.USABLE[0] <= seen['brightness'] <= preflight.USABLE[1]
    if automatic_light and stage.resolved['light'] == 'scene' and dark:
        staging.take_down(scene)
        options['light'] = 'studio'
        stage, seen = look(stage.shape)
    if seen['coverage'] < preflight.EMPTY:
        raise Failure('empty_picture', 'nothing of the model is visible', polygons=stage.shape.polygons)
    if stage.resolved['light'] == 'studio':
        options['gain'] = preflight.gain(seen['brightness'])
    # Everything that was found out is fixed now, and staged again with the metered light.
    options = {**options, **stage.resolved, 'gain': options.get('gain', 1.0)}
    staging.take_down(scene)
    stage = staging.set_up(scene, options, stage.shape)
    if own is not None:
        _restore_look(scene, own)
    return stage, seen, options


def _is_ancient() -> bool:
    return tuple(bpy.data.version) < (2, 80, 0) and not any(material.use_nodes for material in bpy.data.materials)


def _own_look(scene) -> dict:
    view = scene.view_settings
    return {name: getattr(view, name) for name in ('view_transform', 'look', 'exposure', 'gamma', 'use_curve_mapping')}


def _restore_look(scene, own: dict) -> None:
    for name, value in own.items():
        compat.try_set(scene.view_settings, name, value)


def _own_settings(scene) -> dict:
    """What a .blend's author had set, offered as choices on the page; nothing of it is taken without being asked."""
    render = scene.render
    share = render.resolution_percentage / 100
    return {
        'engine': render.engine,
        'resolution': [max(1, int(render.resolution_x * share)), max(1, int(render.resolution_y * share))],
        'samples': getattr(getattr(scene, 'cycles', None), 'samples', None),
    }


def _preview(scene, stage, request: dict, options: dict, blend: bool) -> None:
    wish = request['preview']
    picture = {**options, 'resolution': wish['resolution'], 'format': 'png', 'transparent': options['transparent']}
    output.configure(scene, picture, compositing=False)
    engine.configure(
        scene,
        {
            'engine': 'cycles',
            'device': 'cpu',
            'samples': wish['samples'],
            'noiseThreshold': 0,
            'bounces': 4,
            'denoise': compat.has_denoiser(scene),
            'threads': request['threads'],
        },
    )
    engine.seed_frame(scene, 0, 1)
    engine.configure_colour(scene, keep=blend and stage.resolved['light'] == 'scene', exposure=0.0)
    # A preview is the best picture of a few seconds: on a fast machine a clean one. It is never compared.
    compat.try_set(scene.cycles, 'time_limit', wish['seconds'])
    target = request['outputs']['preview']
    scene.render.filepath = target + '.partial'
    bpy.ops.render.render(write_still=True)
    os.replace(target + '.partial', target)


def _save(path: str) -> bool:
    outside = external_files.pack()
    try:
        bpy.ops.wm.save_as_mainfile(filepath=path, compress=True, copy=True, relative_remap=False)
    except RuntimeError as error:
        raise Failure('output_failed', str(error)) from None
    return outside
