"""The one script that Backlot gives to Blender.

    blender -b --factory-startup --disable-autoexec --python-exit-code 9 -P main.py -- REQUEST.json

It is constant: nothing of a job is ever written into code. What to do comes as a JSON file (`protocol.py` describes
it), what was found out goes to a JSON file that is written at once or not at all, and progress goes as JSON lines to a
third file. The log of Blender is for people; nothing here or in the node reads it for truth.

Modes: `import` (model -> facts, normalised scene.blend, pre-flight, preview), `render` (frames of such a scene) and
`probe` (what can this binary really do).

Exit codes: 0 done; 9 a fault of these scripts (Blender's --python-exit-code, traceback on stderr); 20 to 29 a failure
that has a name, see `protocol.EXIT_CODES`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stage import protocol  # noqa: E402  (the path above makes it importable)


def main() -> int:
    arguments = sys.argv[sys.argv.index('--') + 1 :] if '--' in sys.argv else []
    if len(arguments) != 1:
        sys.stderr.write('usage: blender -b … -P main.py -- REQUEST.json\n')
        return protocol.EXIT_CODES['bad_request']

    job = protocol.Job.load(arguments[0])
    try:
        if job.mode == 'import':
            from stage.import_mode import run
        elif job.mode == 'render':
            from stage.render_mode import run
        elif job.mode == 'probe':
            from stage.probe_mode import run
        else:
            raise protocol.Failure('bad_request', f'no mode {job.mode!r}')
        job.succeed(run(job))
        return 0
    except protocol.Failure as failure:
        job.fail(failure)
        return protocol.EXIT_CODES[failure.code]
    except BaseException as error:
        # Recorded so that a person reads a sentence, then raised: exit 9 marks it as our own fault, never the model's.
        job.fail(protocol.Failure('script_fault', f'{type(error).__name__}: {error}'))
        raise


status = main()
if status != 0:
    # os._exit and not sys.exit: Blender's own clean-up may crash after a broken import and would hide the code.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
