"""How the node talks to this process: a request file in, a result file and progress lines out.

The shapes are the zod schemas of `workloads/renders/node/blender/request.ts`; the node checks them on its side, so this
module only refuses what would make the rest of the script ambiguous.
"""

import json
import os
import time

PROTOCOL = 1

#: Failures with a name. The node maps them to sentences; 9 belongs to Blender's --python-exit-code.
EXIT_CODES = {
    'script_fault': 9,
    'bad_request': 20,
    'no_geometry': 21,
    'unreadable': 22,
    'capability_missing': 23,
    'no_such_camera': 24,
    'empty_picture': 25,
    'output_failed': 26,
    'too_large': 27,
    'files_missing': 28,
    'unsupported_version': 29,
}

#: Long importer messages are cut: they are shown in one line and stored with the task.
DETAIL_LIMIT = 600


class Failure(Exception):
    """A failure that has a name: `code` of EXIT_CODES, `detail` for the log, `data` for the sentence."""

    def __init__(self, code: str, detail: str = '', **data: object) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail[:DETAIL_LIMIT]
        self.data = data


class Job:
    """One request, with the places where its progress and its result go."""

    def __init__(self, request: dict) -> None:
        self.request = request
        self.mode = request['mode']
        self._result = request['result']
        self._started = time.monotonic()
        # Line buffered text would split at 8 kB; one os.write per line keeps every line whole.
        self._progress = os.open(request['progress'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    @staticmethod
    def load(path: str) -> 'Job':
        with open(path, encoding='utf-8') as file:
            request = json.load(file)
        if request.get('protocol') != PROTOCOL:
            raise SystemExit(EXIT_CODES['bad_request'])
        return Job(request)

    def report(self, event: str, **fields: object) -> None:
        """Append one progress line. `at` is seconds since this script began."""
        line = {'event': event, 'at': round(time.monotonic() - self._started, 3), **fields}
        os.write(self._progress, (json.dumps(line, ensure_ascii=True) + '\n').encode('ascii'))

    def succeed(self, body: dict) -> None:
        self._write({'outcome': 'ok', **body})

    def fail(self, failure: Failure) -> None:
        named = {'code': failure.code, 'detail': clean(failure.detail), 'data': failure.data}
        self._write({'outcome': 'failed', 'failure': named})

    def _write(self, body: dict) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        whole = {'protocol': PROTOCOL, 'mode': self.mode, 'seconds': seconds, **body}
        write_atomically(self._result, json.dumps(whole, ensure_ascii=True).encode('ascii'))


def write_atomically(path: str, data: bytes) -> None:
    """A reader sees the old file, or the whole new one; never a part, also not after a power cut."""
    partial = path + '.partial'
    with open(partial, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def clean(text: str) -> str:
    """Text of an importer may hold lone surrogates and control characters; a result is plain text in one line."""
    printable = ''.join(c if c.isprintable() else ' ' for c in text)
    return ' '.join(printable.encode('utf-8', 'replace').decode('utf-8').split())
