"""`render`: frames of a scene that `import` made, one after another in this one process.

Request (all paths absolute):
    scene        path of scene.blend
    sources      folder of the model's own files, when not all of them could be packed; else null
    imported     false when the scene came as a .blend, with its own look and compositor
    stage        resolved by `import`
    frames       [{number, file}] in the order to render; `number` is the frame, or the picture of a turntable
    output       {folder, format, depth}
    engine       {engine, device, samples, noiseThreshold, bounces, denoise, seed, threads}
    stillFrame   frame of the scene shown while it turns

Every picture is written under another name, and renamed when it is whole; then its line goes to the progress file. A
killed process loses the picture it was at.
"""

import os
import time

import bpy

from . import engine, external_files, importers, output, sanitise, staging
from .protocol import Failure


def run(job) -> dict:
    request = job.request
    started = time.monotonic()
    job.report('phase', name='opening')
    importers.open_blend(request['scene'])
    scene = bpy.context.scene
    sanitise.disarm()
    if request.get('sources'):
        external_files.resolve(request['sources'])
    options = request['stage']
    stage = staging.set_up(scene, options)
    keep_look = not request['imported'] and options['light'] == 'scene'
    output.configure(scene, {**options, **request['output']}, compositing=keep_look)
    engine.configure(scene, request['engine'])
    engine.configure_colour(scene, keep=keep_look, exposure=options.get('exposure', 0.0))
    ready = round(time.monotonic() - started, 3)
    job.report('phase', name='rendering', seconds=ready)

    done = []
    for entry in request['frames']:
        done.append(_render(job, scene, stage, entry))
    return {'frames': done, 'readySeconds': ready}


def _render(job, scene, stage, entry: dict) -> dict:
    request = job.request
    started = time.monotonic()
    number = entry['number']
    turntable = request['stage'].get('turntable')
    if turntable is not None:
        # `number` counts from 1; the scene itself stands still.
        if scene.frame_current != request['stillFrame']:
            scene.frame_set(request['stillFrame'])
        staging.turn(stage, number - 1, turntable['frames'])
    else:
        scene.frame_set(number)
    engine.seed_frame(scene, request['engine']['seed'], number)

    target = os.path.join(request['output']['folder'], entry['file'])
    scene.render.filepath = target + '.partial'
    job.report('begin', frame=number)
    try:
        bpy.ops.render.render(write_still=True)
        os.replace(target + '.partial', target)
    except (RuntimeError, OSError) as error:
        raise _named(error) from None
    seconds = round(time.monotonic() - started, 3)
    fact = {'frame': number, 'file': entry['file'], 'seconds': seconds, 'size': os.path.getsize(target)}
    job.report('frame', **fact)
    return fact


def _named(error: Exception) -> Failure:
    text = str(error)
    if 'OpenImageDenoise' in text:
        return Failure('capability_missing', text, needs='denoise.oidn')
    if 'out of memory' in text.lower():
        # Of the GPU: the kernel's counter sees only main memory.
        return Failure('capability_missing', text, needs='gpu-memory')
    return Failure('output_failed', text)
