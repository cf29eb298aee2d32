import type { Failure, PhraseParams } from '@backlot/contract';
import type { ExitFacts } from '@backlot/node/workload';
import { renderFailure } from '../../contract.ts';
import type { NamedFailure } from '../blender/request.ts';

/** What is known when a Blender process has ended without doing what it should. */
export interface Ending {
  readonly mode: 'import' | 'render';
  readonly exit: Pick<ExitFacts, 'code' | 'signal' | 'cause' | 'usage'>;
  /** The failure that the script itself named in its result file. */
  readonly named: NamedFailure | undefined;
  /** The frame in work; undefined before the first. */
  readonly frame: number | undefined;
  /** Limits that it ran under. */
  readonly memory: number;
  readonly wallMs: number;
  /** End of stderr and stdout. Used to show people, and for the two hints below; never to see success. */
  readonly logTail: string;
  /** Files the model refers to, for sentences; from the named failure. */
  readonly model: string;
}

/** Shells and containers report a signal as 128 + its number. */
const signalNames: Readonly<Record<number, string>> = {
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};
/** Blender's own words for a failed allocation: under an address-space limit it then ends by SIGSEGV. */
const ALLOCATION_FAILED = /malloc returns null|bad_alloc|cannot allocate memory/i;
/** What only a compression library can provide: no other way to read this file on this node. */
const compressions: Readonly<Record<string, string>> = { draco: 'Draco', meshopt: 'meshopt', ktx2: 'KTX2' };
const MEBIBYTE = 1024 * 1024;

/** Names in one sentence: enough to act, not a page full. */
export function listNames(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} … (+${names.length - most})` : shown;
}

/**
 * Why it failed and what follows from that, from the facts of its end. A pure table: the named failure counts before
 * the way the process ended, and what the kernel counted (memory, time) before everything.
 */
export function classifyEnding(ending: Ending): Failure {
  const { exit, named, mode } = ending;
  const frame = ending.frame ?? '–';
  const excerpt = ending.logTail.slice(-4_000);
  const how = signalOf(exit);

  if (exit.cause === 'oom' || (named === undefined && ALLOCATION_FAILED.test(ending.logTail))) {
    const params = { frame, limit: Math.round(ending.memory / MEBIBYTE) };
    const code = mode === 'import' ? 'renders.import_out_of_memory' : 'renders.out_of_memory';
    const peak = exit.usage.peakMemory;
    return renderFailure('memory', code, params, {
      excerpt,
      ...(peak === undefined ? {} : { peakMemory: Math.round(peak) }),
    });
  }
  if (exit.cause === 'timeout' || exit.cause === 'silence') {
    const seconds = Math.round(ending.wallMs / 1000);
    return mode === 'import'
      ? renderFailure('stall', 'renders.import_too_slow', { seconds }, { excerpt })
      : renderFailure('stall', 'renders.stalled', { frame, seconds }, { excerpt, cause: String(frame) });
  }
  if (exit.cause === 'spawn-failed')
    return renderFailure(
      'node',
      'renders.output_failed',
      { detail: 'Blender could not be started' },
      { excerpt },
    );
  if (exit.cause === 'runner-lost') return renderFailure('crash', 'renders.lost', {}, { excerpt });
  if (named) return classifyNamed(named, ending, excerpt);
  // Neither we nor the memory limit sent it, and no program kills itself with it: somebody outside did.
  if (how === 'SIGKILL')
    return {
      ...renderFailure('node', 'renders.killed', {}, { excerpt }),
      signature: 'node:killed',
    };
  if (exit.code === 9) {
    const detail = lastLine(ending.logTail);
    return renderFailure('product', 'renders.script_fault', { detail }, { excerpt, cause: detail });
  }
  return mode === 'import'
    ? renderFailure('crash', 'renders.import_crashed', { how }, { excerpt, cause: how })
    : renderFailure('crash', 'renders.crashed', { how, frame }, { excerpt, cause: how });
}

function classifyNamed(named: NamedFailure, ending: Ending, excerpt: string): Failure {
  const { code, data } = named;
  const detail = named.detail || 'no further words';
  const input = (phrase: Parameters<typeof renderFailure>[1], params: PhraseParams, cause?: string) =>
    renderFailure('input', phrase, params, { excerpt, ...(cause === undefined ? {} : { cause }) });
  switch (code) {
    case 'unreadable':
      return input('renders.unreadable', { detail }, detail);
    case 'unsupported_version':
      return input('renders.unsupported_version', { detail });
    case 'no_geometry':
      return input('renders.no_geometry', { points: data.points ?? 0, edges: data.edges ?? 0 });
    case 'empty_picture':
      return input('renders.empty_picture', { polygons: data.polygons ?? 0 });
    case 'too_large':
      return input('renders.too_large', { polygons: data.polygons ?? 0, limit: data.limit ?? 0 });
    case 'no_such_camera': {
      const cameras = data.cameras ?? [];
      return input('renders.no_such_camera', {
        wanted: data.wanted ?? '',
        cameras: cameras.length === 0 ? '–' : listNames(cameras, 10),
      });
    }
    case 'files_missing': {
      const files = data.files ?? [];
      const names = files.map((file) => file.path);
      const phrase = files.some((file) => file.required) ? 'renders.files_required' : 'renders.files_missing';
      const params = { count: names.length, names: listNames(names) };
      return renderFailure('missing', phrase, params, { excerpt, missing: names });
    }
    case 'capability_missing': {
      const needs = data.needs ?? 'unknown';
      if (needs === 'gpu-memory')
        return renderFailure('memory', 'renders.gpu_memory', { frame: ending.frame ?? '–' }, { excerpt });
      const compression = compressions[needs];
      // No build can be asked for it before the file has been looked into, so it is a fault of the file for now.
      if (compression) return input('renders.compressed', { needs: compression }, needs);
      return renderFailure('capability', 'renders.capability', { needs, detail }, { excerpt, cause: needs });
    }
    case 'output_failed':
      return renderFailure('node', 'renders.output_failed', { detail }, { excerpt });
    case 'bad_request':
    case 'script_fault':
      return renderFailure('product', 'renders.script_fault', { detail }, { excerpt, cause: detail });
  }
}

function signalOf(exit: Ending['exit']): string {
  if (exit.signal) return exit.signal;
  if (exit.code === null) return 'an unknown cause';
  return signalNames[exit.code] ?? `exit code ${exit.code}`;
}

function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '' && line !== 'Blender quit')
      .at(-1)
      ?.slice(0, 300) ?? 'no message'
  );
}
