import { type FileValue, type StepInput, TaskDraft } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { transcodeSteps } from './index.ts';

const film: FileValue = {
  digest: 'a'.repeat(64),
  size: 1_000_000,
  name: 'a title"; rm -rf.mp4',
  mediaType: 'video/mp4',
  kind: 'film',
  holders: ['01890000-0000-7000-8000-000000000001'],
  meta: {},
};
const kinds = transcodeSteps.map((step) => [step.kind, step] as const);

const inputOf = (parameters: unknown, more: Partial<StepInput['inputs']> = {}): StepInput => ({
  run: {
    id: 'run',
    flowId: 'flow',
    projectId: 'project',
    name: 'archive',
    startedAt: '2026-11-26T20:00:00.000Z',
  },
  step: { id: 'step', name: 'step' },
  parameters,
  inputs: { film: { type: 'file', file: film }, ...more } as StepInput['inputs'],
  trigger: {},
});

describe.each(kinds)('the step %s', (_name, step) => {
  const parameters = step.parameters.parse({});
  const draft = TaskDraft.parse({ key: 'step', ...step.draft?.(inputOf(parameters)) });

  it('drafts a task near to its film, by names of ours', () => {
    expect(draft.inputs).toEqual([{ name: 'source', digest: film.digest, size: film.size }]);
    expect(draft.constraints.prefer).toEqual(film.holders);
    expect(draft.constraints.capabilities[0]).toMatchObject({ name: 'ffmpeg' });
    expect(JSON.stringify(draft)).not.toContain('rm -rf');
    expect(draft.resources.disk).toBeGreaterThan(0);
    // A machine of two cores takes it, also while it watches a channel.
    expect(draft.resources.cpu).toBeLessThan(2);
  });

  it('drafts the same each time, and with no holder goes anywhere', () => {
    expect(TaskDraft.parse({ key: 'step', ...step.draft?.(inputOf(parameters)) })).toEqual(draft);
    const { holders: _holders, ...stored } = film;
    const anywhere = step.draft?.(inputOf(parameters, { film: { type: 'file', file: stored } }));
    expect(anywhere?.constraints?.prefer).toBeUndefined();
  });

  it('has a form: its parameters are JSON schema, and each has words in both languages', () => {
    const schema = z.toJSONSchema(step.parameters, { io: 'input' }) as {
      properties: Record<string, unknown>;
    };
    for (const property of Object.values(schema.properties)) {
      expect(property).toMatchObject({ phrase: { en: expect.any(String), 'zh-CN': expect.any(String) } });
    }
  });

  it('gives what it promises, and nothing of what did not come', () => {
    const kindsOf = { thumbnail: 'thumbnail', sheet: 'contact-sheet', film: 'film' };
    const outputs = Object.values(kindsOf).map((kind) => ({ ...film, kind, name: kind }));
    const task = { state: 'succeeded' as const, result: { passed: true }, failure: null };
    const full = step.outcome?.(inputOf(parameters), { ...task, outputs });
    expect(Object.keys(full?.ports ?? {}).sort()).toEqual(Object.keys(step.outputs).sort());
    for (const [port, value] of Object.entries(full?.ports ?? {})) {
      expect(value.type).toBe(step.outputs[port]?.type);
    }
    const none = step.outcome?.(inputOf(parameters), { ...task, result: null, outputs: [] });
    expect(none?.ports.facts).toEqual({ type: 'data', data: {} });
  });
});

describe('subtitles of a transcode', () => {
  it.each([
    ['chat.ass', 'subtitles.ass'],
    ['Chat.VTT', 'subtitles.vtt'],
    ['x', 'subtitles.srt'],
  ])('%s are read as %s', (name, expected) => {
    const step = new Map(kinds).get('transcodes.transcode');
    const subtitles = { type: 'file' as const, file: { ...film, name } };
    const draft = step?.draft?.(inputOf(step.parameters.parse({}), { subtitles }));
    expect(draft?.inputs?.[1]?.name).toBe(expected);
    expect(draft?.parameters).toMatchObject({ subtitles: expected });
  });

  it('fit into no copy: a flow that wires both is refused, and so is a run that finds out later', () => {
    const step = new Map(kinds).get('transcodes.transcode');
    const copy = step?.parameters.parse({ settings: { rate: { mode: 'copy' } } });
    const wired = new Set(['film', 'subtitles']);
    expect(step?.clash?.(copy, wired)).toMatchObject({ path: ['settings', 'rate', 'mode'] });
    expect(step?.clash?.(copy, new Set(['film']))).toBeUndefined();
    expect(step?.clash?.(step.parameters.parse({}), wired)).toBeUndefined();
    const subtitles = { type: 'file' as const, file: { ...film, name: 'film.ass' } };
    expect(() => step?.draft?.(inputOf(copy, { subtitles }))).toThrow(/copy leaves as it is/);
    expect(step?.draft?.(inputOf(copy))?.inputs).toHaveLength(1);
  });
});
