import type { FailureClass } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { exitCodes, type NamedFailure } from '../blender/request.ts';
import { classifyEnding, type Ending, listNames } from './classify.ts';

const ended: Ending = {
  mode: 'render',
  exit: { code: 1, signal: null, cause: 'exited', usage: { wallMs: 1_000 } },
  named: undefined,
  frame: 12,
  memory: 2 * 1024 ** 3,
  wallMs: 60_000,
  logTail: '',
  model: 'chair.glb',
};
const exit = (change: Partial<Ending['exit']>): Pick<Ending, 'exit'> => ({
  exit: { ...ended.exit, ...change },
});
const named = (
  code: NamedFailure['code'],
  data: NamedFailure['data'] = {},
  detail = 'because',
): Partial<Ending> => ({
  named: { code, detail, data },
  ...exit({ code: exitCodes[code] }),
});

/** Every case of the failure policy (reference, 6.3) as it was seen with the real program. */
const cases: [string, Partial<Ending>, FailureClass, string][] = [
  [
    'the memory limit was counted',
    exit({ cause: 'oom', signal: 'SIGKILL', code: null }),
    'memory',
    'renders.out_of_memory',
  ],
  [
    'an allocation failed under an address limit',
    { ...exit({ code: 139 }), logTail: 'Calloc: Malloc returns null: len=1' },
    'memory',
    'renders.out_of_memory',
  ],
  [
    'the import ran out of memory',
    { mode: 'import', ...exit({ cause: 'oom' }) },
    'memory',
    'renders.import_out_of_memory',
  ],
  ['over its time', exit({ cause: 'timeout' }), 'stall', 'renders.stalled'],
  ['silent for too long', exit({ cause: 'silence' }), 'stall', 'renders.stalled'],
  [
    'the import over its time',
    { mode: 'import', ...exit({ cause: 'timeout' }) },
    'stall',
    'renders.import_too_slow',
  ],
  ['not started at all', exit({ cause: 'spawn-failed', code: null }), 'node', 'renders.output_failed'],
  ['the runner was lost', exit({ cause: 'runner-lost', code: null }), 'crash', 'renders.lost'],
  ['killed from outside', exit({ signal: 'SIGKILL', code: null }), 'node', 'renders.killed'],
  ['killed from outside, seen through bubblewrap', exit({ code: 137 }), 'node', 'renders.killed'],
  ['a segmentation fault', exit({ signal: 'SIGSEGV', code: null }), 'crash', 'renders.crashed'],
  ['a segmentation fault, seen through bubblewrap', exit({ code: 139 }), 'crash', 'renders.crashed'],
  ['a crash of the importer', { mode: 'import', ...exit({ code: 139 }) }, 'crash', 'renders.import_crashed'],
  ['a fault of our script', exit({ code: 9 }), 'product', 'renders.script_fault'],
  ['a fault of our script that it could name', named('script_fault'), 'product', 'renders.script_fault'],
  ['a request that makes no sense', named('bad_request'), 'product', 'renders.script_fault'],
  ['an unreadable model', named('unreadable'), 'input', 'renders.unreadable'],
  ['glTF 1.0', named('unsupported_version'), 'input', 'renders.unsupported_version'],
  ['a point cloud', named('no_geometry', { points: 3, edges: 0 }), 'input', 'renders.no_geometry'],
  ['an empty picture', named('empty_picture', { polygons: 12 }), 'input', 'renders.empty_picture'],
  ['too many faces', named('too_large', { polygons: 9, limit: 3 }), 'input', 'renders.too_large'],
  [
    'no such camera',
    named('no_such_camera', { wanted: 'A', cameras: ['B'] }),
    'input',
    'renders.no_such_camera',
  ],
  ['Draco', named('capability_missing', { needs: 'draco' }), 'input', 'renders.compressed'],
  ['no denoiser', named('capability_missing', { needs: 'denoise.oidn' }), 'capability', 'renders.capability'],
  ['a full GPU', named('capability_missing', { needs: 'gpu-memory' }), 'memory', 'renders.gpu_memory'],
  ['a full disk', named('output_failed'), 'node', 'renders.output_failed'],
];

describe('why a process ended', () => {
  it.each(cases)('%s', (_words, change, expectedClass, code) => {
    const failure = classifyEnding({ ...ended, ...change });
    expect([failure.class, failure.reason.code]).toEqual([expectedClass, code]);
    expect(failure.reason.message).not.toMatch(/\{\w+\}/);
    expect(failure.signature.startsWith(`${expectedClass}:`)).toBe(true);
  });

  it('names files that are missing, and knows which can be done without', () => {
    const file = (path: string, required: boolean) => ({
      path,
      kind: 'image' as const,
      required,
      usedBy: '',
    });
    const some = classifyEnding({ ...ended, ...named('files_missing', { files: [file('a.png', false)] }) });
    expect(some).toMatchObject({
      class: 'missing',
      missing: ['a.png'],
      reason: { code: 'renders.files_missing' },
    });
    const all = classifyEnding({
      ...ended,
      ...named('files_missing', { files: [file('a.png', false), file('b.bin', true)] }),
    });
    expect(all).toMatchObject({ missing: ['a.png', 'b.bin'], reason: { code: 'renders.files_required' } });
  });

  it('what was counted comes before what the script says, because a dying script may say anything', () => {
    const failure = classifyEnding({ ...ended, ...named('unreadable'), ...exit({ cause: 'oom' }) });
    expect(failure.class).toBe('memory');
  });

  it('two different causes have two signatures, the same cause on two frames has one', () => {
    const crash = (frame: number, code: number) =>
      classifyEnding({ ...ended, frame, ...exit({ code }) }).signature;
    expect(crash(1, 139)).toBe(crash(2, 139));
    expect(crash(1, 139)).not.toBe(crash(1, 134));
  });

  it('keeps the end of a long log, as much as may be stored', () => {
    const failure = classifyEnding({ ...ended, logTail: `${'x'.repeat(9_000)}the end` });
    expect(failure.excerpt?.length).toBeLessThanOrEqual(4_096);
    expect(failure.excerpt?.endsWith('the end')).toBe(true);
  });

  it('lists names without filling a page', () => {
    expect(listNames(['a', 'b'])).toBe('a, b');
    expect(listNames(['1', '2', '3', '4', '5', '6', '7'])).toBe('1, 2, 3, 4, 5 … (+2)');
  });
});
