import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFlowText } from './document.ts';
import {
  addStep,
  connect,
  disconnect,
  freeStepId,
  moveNodes,
  removeSteps,
  renameStep,
  setFlow,
  setOf,
} from './edits.ts';

const text = `# Everything that channel seven sends goes to the archive.
version: 1
name: Archive
trigger:
  kind: recordings.broadcast-ended
steps:
  # As it came, only in another container.
  - id: join
    kind: recordings.join
    in: { segments: trigger.segments }

  - id: upload
    kind: deliveries.upload # to the NAS
    in:
      file: join.film
    with:
      target: nas
      path: "{{trigger.title}}.mp4"
  - id: tell
    kind: deliveries.notify
    after: [ upload, join.error ]
`;

interface Flow {
  readonly steps: readonly {
    id: string;
    in?: Record<string, string | string[]>;
    after?: string[];
    layout?: unknown;
    with?: object;
  }[];
}
const flowOf = (yaml: string) => readFlowText(yaml).value as Flow;
const stepOf = (yaml: string, id: string) => flowOf(yaml).steps.find((step) => step.id === id);

describe('editing a flow’s text', () => {
  it('leaves every line alone that is not about the change', () => {
    const edited = setOf(text, 'upload', ['with', 'target'], 'cloud');
    const before = text.split('\n');
    const changed = edited.split('\n').filter((line, index) => line !== before[index]);
    expect(changed).toEqual(['      target: cloud']);
  });

  it('puts a new step to the end, with its place on the picture', () => {
    const edited = addStep(text, { id: 'trash', kind: 'flows.delete' }, { x: 10.4, y: 20.6 });
    expect(edited.startsWith(text)).toBe(true);
    expect(edited.slice(text.length)).toContain('layout: { x: 10, y: 21 }');
    expect(stepOf(edited, 'trash')).toEqual({ id: 'trash', kind: 'flows.delete', layout: { x: 10, y: 21 } });
  });

  it('begins a list of steps where there was none', () => {
    for (const start of ['version: 1\nname: a\n', 'version: 1\nname: a\nsteps: []\n', 'name: a\nsteps:\n']) {
      const edited = addStep(start, { id: 'one', kind: 'x.one' });
      expect(flowOf(edited).steps).toEqual([{ id: 'one', kind: 'x.one' }]);
      expect(edited).toContain('\n  - id: one\n');
    }
  });

  it('takes a step out together with the wires that began at it', () => {
    const edited = removeSteps(text, new Set(['join']));
    expect(stepOf(edited, 'upload')?.in).toBeUndefined();
    expect(stepOf(edited, 'tell')?.after).toEqual(['upload']);
    expect(edited).toContain('# Everything that channel seven');
    expect(edited).toContain('# to the NAS');
  });

  it('draws wires: one value replaces the other, many are gathered, an order is added', () => {
    const other = { kind: 'value', from: 'trigger', port: 'film', to: 'upload', into: 'file' } as const;
    expect(stepOf(connect(text, other, false), 'upload')?.in).toEqual({ file: 'trigger.film' });
    expect(stepOf(connect(text, other, true), 'upload')?.in).toEqual({ file: ['join.film', 'trigger.film'] });
    const order = { kind: 'after', from: 'upload', branch: 'error', to: 'tell' } as const;
    const wired = connect(text, order, true);
    expect(stepOf(wired, 'tell')?.after).toEqual(['upload', 'join.error', 'upload.error']);
    expect(connect(wired, order, true)).toBe(wired);
    expect(stepOf(disconnect(wired, order), 'tell')?.after).toEqual(['upload', 'join.error']);
  });

  it('leaves nothing empty behind when the last wire goes', () => {
    const wire = { kind: 'value', from: 'join', port: 'film', to: 'upload', into: 'file' } as const;
    expect(disconnect(text, wire)).not.toMatch(/in:\s*(\{\s*\}|\n\s+with)/);
    let edited = disconnect(text, { kind: 'after', from: 'upload', branch: 'ok', to: 'tell' });
    edited = disconnect(edited, { kind: 'after', from: 'join', branch: 'error', to: 'tell' });
    expect(stepOf(edited, 'tell')).toEqual({ id: 'tell', kind: 'deliveries.notify' });
  });

  it('renames a step, and the wires follow', () => {
    const edited = renameStep(text, 'join', 'film');
    expect(stepOf(edited, 'upload')?.in).toEqual({ file: 'film.film' });
    expect(stepOf(edited, 'tell')?.after).toEqual(['upload', 'film.error']);
    expect(renameStep(text, 'join', 'upload')).toBe(text);
  });

  it('sets things of the flow and of its trigger', () => {
    expect(readFlowText(setFlow(text, ['name'], '存档')).value).toMatchObject({ name: '存档' });
    const moved = moveNodes(text, { trigger: { x: 1, y: 2 }, join: { x: 3, y: 4 }, gone: { x: 0, y: 0 } });
    expect(readFlowText(moved).value).toMatchObject({ trigger: { layout: { x: 1, y: 2 } } });
    expect(stepOf(moved, 'join')?.layout).toEqual({ x: 3, y: 4 });
  });

  it('leaves a text that can’t be read as it is', () => {
    const broken = 'steps: [\n - {';
    expect(addStep(broken, { id: 'a', kind: 'b' })).toBe(broken);
  });

  it('finds a free id for a step', () => {
    expect(freeStepId('deliveries.upload', new Set())).toBe('upload');
    expect(freeStepId('deliveries.upload', new Set(['upload', 'upload-2']))).toBe('upload-3');
    expect(freeStepId('x.trigger', new Set())).toBe('trigger-2');
  });

  it('keeps texts of people as they are, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (value) => {
        const edited = setOf(text, 'upload', ['with', 'path'], value);
        expect(stepOf(edited, 'upload')?.with).toEqual({ target: 'nas', path: value });
      }),
      { numRuns: 100 },
    );
  });
});

describe('reading a flow’s text', () => {
  it('knows the line of a path, and of what is around it when it is not there', () => {
    const read = readFlowText(text);
    const lines = text.split('\n');
    const lineOf = (path: (string | number)[]) => lines[read.rangeOf(path).line - 1];
    expect(lineOf(['steps', 1, 'with', 'target'])).toBe('      target: nas');
    expect(lineOf(['steps', 1, 'in', 'file'])).toBe('      file: join.film');
    expect(lineOf(['steps', 1, 'in', 'copy'])).toBe('    in:');
    expect(lineOf(['steps', 2, 'timeLimit'])).toBe('  - id: tell');
    expect(lineOf(['trigger', 'kind'])).toBe('  kind: recordings.broadcast-ended');
    expect(read.rangeOf([]).line).toBe(1);
  });

  it('says where a text is no YAML, and never throws', () => {
    const { faults, value } = readFlowText('name: a\nsteps: [\n');
    expect(faults.length).toBeGreaterThan(0);
    expect(value).toBeUndefined();
    expect(readFlowText('a: 1\na: 2\n').faults[0]?.range.line).toBe(2);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (any) => void readFlowText(any).rangeOf(['steps', 0])),
    );
  });

  it('refuses a text that multiplies itself', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((key, n) => `${key}: &${key} [${`*${'abcdefg'[n]},`.repeat(9).slice(0, -1)}]`)
      .join('\n')}\n`;
    expect(readFlowText(bomb).faults.length).toBeGreaterThan(0);
  });
});
