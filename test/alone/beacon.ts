import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileValue, type Fired, fileValueOf, type StepKind } from '@backlot/contract';
import { type ControlWorkload, toArtifact } from '@backlot/control/workload';
import type { LocalTrigger, NodeWorkload, TaskExecutor } from '@backlot/node/workload';
import { z } from 'zod';

/**
 * A workload for nodes that are cut off: a live task that holds a file and tells a fact for every file that appears beside
 * it, and steps of a flow that copy it, on the node, and tell of it, on the control plane.
 */
const WatchParameters = z.object({ folder: z.string(), flow: z.object({ versionId: z.uuid() }) });
const CopyParameters = z.object({
  delayMs: z.number().default(0),
  secrets: z.record(z.string(), z.unknown()).optional(),
});
const title = { en: 'Beacon', 'zh-CN': '信标' };

const copyStep: StepKind<{ delayMs: number }> = {
  kind: 'beacon.copy',
  title,
  summary: title,
  parameters: z.object({ delayMs: z.number().default(0) }),
  inputs: { file: { type: 'file' } },
  outputs: { file: { type: 'file' } },
  draft({ inputs: { file }, parameters }) {
    if (file?.type !== 'file') throw new Error('no file');
    const { digest, size } = file.file;
    return { kind: 'beacon.copy', parameters, inputs: [{ name: 'source', digest, size }] };
  },
  outcome: (_input, { outputs: [file] }) => ({ ports: file ? { file: { type: 'file', file } } : {} }),
};
const tellStep: StepKind = {
  kind: 'beacon.tell',
  title,
  summary: title,
  parameters: z.object({}),
  inputs: {},
  outputs: {},
  performedBy: 'control',
};
const steps = [copyStep, tellStep];

const outputs = { file: { type: 'file' } } as const;

function fired(broadcast: string, files: readonly FileValue[]): Pick<Fired, 'key' | 'ports' | 'data'> {
  const file = files.find(({ name }) => name === broadcast);
  return {
    key: `beacon:${broadcast}`,
    ports: file ? { file: { type: 'file', file } } : {},
    data: { broadcast },
  };
}

const trigger: LocalTrigger = {
  kind: 'beacon.done',
  facts: ['beacon.ended'],
  fire: (fact, { held }) => fired(String(fact.body.broadcast), held),
};

/** What the control plane has been told by the steps, in order. */
export const told: string[] = [];

export const beaconControl: ControlWorkload = {
  name: 'beacon',
  steps,
  taskKinds: {
    'beacon.watch': { parameters: WatchParameters, result: z.object({}) },
    'beacon.copy': {
      parameters: CopyParameters,
      result: z.object({ secret: z.string() }),
      dress: async () => ({ word: 'open sesame' }),
    },
  },
  jobKinds: {
    'beacon.watch': {
      parameters: WatchParameters,
      plan: ({ parameters }) => [
        { key: 'watch', kind: 'beacon.watch', class: 'live', parameters, limits: { stopGraceMs: 200 } },
      ],
    },
  },
  performs: {
    async 'beacon.tell'(_tx, input) {
      told.push(String((input.trigger as { broadcast: string }).broadcast));
      return { ports: {} };
    },
  },
  triggers: [
    {
      kind: 'beacon.done',
      title,
      summary: title,
      parameters: z.object({}),
      outputs,
      events: ['beacon.ended'],
      async fire({ body, projectId, subject }, kernel) {
        const rows = await kernel.db
          .selectFrom('artifact')
          .selectAll()
          .where('task_id', '=', subject.id)
          .execute();
        const files = rows
          .map(toArtifact)
          .map((one) => fileValueOf(one, { artifactId: one.id, holders: one.holders }));
        const { version } = body.flow as { version: string };
        return {
          ...fired(String(body.broadcast), files),
          projectId: projectId ?? '',
          flowVersionId: version,
          alone: { nodeId: String(body.nodeId) },
        };
      },
    },
  ],
};

const forEver = [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const;

const watch: TaskExecutor<z.infer<typeof WatchParameters>> = {
  parameters: WatchParameters,
  prepare: async () => ({ argv: forEver }),
  async watch({ parameters: { folder, flow }, report, workDir, clock, signal }) {
    for (let number = 1; !signal.aborted; ) {
      const name = `broadcast-${number}`;
      if (!existsSync(join(folder, name))) {
        await clock.sleep(50, signal).catch(() => undefined);
        continue;
      }
      await writeFile(join(workDir, name), `the bytes of ${name}`).catch(() => undefined);
      const at = new Date(clock.now()).toISOString();
      await report({
        outputs: [{ name, kind: 'segment', path: name, mediaType: 'text/plain', hold: true }],
        events: [
          {
            key: name,
            kind: 'beacon.ended',
            at,
            body: { broadcast: name },
            flow: { version: flow.versionId },
          },
        ],
      });
      number += 1;
    }
  },
  conclude: async () => ({ outcome: 'ok', outputs: [], result: {} }),
};

const copy: TaskExecutor<z.infer<typeof CopyParameters>> = {
  parameters: CopyParameters,
  prepare: async ({ inputsDir, workDir, parameters }) => ({
    argv: [
      process.execPath,
      '-e',
      'setTimeout(() => require("node:fs").copyFileSync(process.argv[1], process.argv[2]), Number(process.argv[3]))',
      join(inputsDir, 'source'),
      join(workDir, 'copy'),
      String(parameters.delayMs),
    ],
  }),
  async conclude({ workDir, parameters, offer }) {
    const { size } = await stat(join(workDir, 'copy'));
    await writeFile(join(workDir, 'copy'), `, copied by ${offer.attempt}`, { flag: 'a' });
    if (size === 0) throw new Error('empty');
    return {
      outcome: 'ok',
      outputs: [{ name: 'copy.txt', kind: 'copy', path: 'copy', mediaType: 'text/plain' }],
      result: { secret: String(parameters.secrets?.word ?? 'none') },
    };
  },
};

export const beaconNode: NodeWorkload = {
  name: 'beacon',
  executors: { 'beacon.watch': watch, 'beacon.copy': copy },
  steps,
  triggers: [trigger],
};
