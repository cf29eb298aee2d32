import type { Failure, TaskDraftInput } from '@backlot/contract';
import type { ControlWorkload, FollowInput, JobKind, Kernel, Migration } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  CountParameters,
  HostedParameters,
  HostedResult,
  JoinParameters,
  JoinResult,
  PartParameters,
  PartResult,
  PlayParameters,
  PlayResult,
  RecordParameters,
  RecordResult,
  SplitParameters,
  SplitResult,
  tinyPhrases,
} from './contract.ts';
import { tinySteps } from './steps.ts';

const small = { cpu: 0.1, memory: 32 * 1024 * 1024 };

/** Split, then parts side by side, then one task that needs all of their files. */
const count: JobKind<CountParameters> = {
  parameters: CountParameters,
  plan: ({ parameters }) => [
    {
      key: 'split',
      kind: 'tiny.split',
      parameters,
      resources: small,
      constraints: { capabilities: [{ name: 'tiny', features: ['count'] }] },
      weight: 0,
    },
  ],
  follow(input) {
    const { ended, parameters } = input;
    if (ended.key === 'split' && ended.state === 'succeeded') {
      return { facts: { parts: SplitResult.parse(ended.result).parts }, tasks: partsOf(parameters) };
    }
    if (ended.kind === 'tiny.part' && ended.state === 'succeeded') return joinWhenComplete(input);
    return {};
  },
};

function partsOf(parameters: CountParameters): TaskDraftInput[] {
  const parts: TaskDraftInput[] = Array.from({ length: parameters.parts }, (_, index) => ({
    key: `part-${index}`,
    kind: 'tiny.part',
    parameters: {
      index,
      steps: parameters.steps,
      stepMs: parameters.stepMs,
      mode: parameters.faultyPart === undefined || parameters.faultyPart === index ? parameters.mode : 'ok',
      faultyAttempts: parameters.faultyAttempts,
      note: parameters.note,
    } satisfies z.input<typeof PartParameters>,
    resources: { cpu: parameters.cpu, memory: parameters.memory },
    constraints: { capabilities: [{ name: 'tiny', features: ['count'] }] },
    retry: { maxAttempts: 3, backoffMs: 50, maxBackoffMs: 200 },
    limits: { silenceMs: 5_000, stopGraceMs: 500 },
    weight: parameters.steps,
  }));
  if (!parameters.hosted) return parts;
  return [
    ...parts,
    {
      key: 'hosted',
      kind: 'tiny.hosted',
      parameters: { word: parameters.note || 'hello' },
      resources: small,
      host: 'tiny.host',
      needs: ['part-0'],
    },
  ];
}

function joinWhenComplete({ tasks, parameters }: FollowInput<CountParameters>) {
  const parts = tasks.filter((task) => task.kind === 'tiny.part');
  if (parts.length < parameters.parts || parts.some((task) => task.state !== 'succeeded')) return {};
  const inputs = parts.flatMap((task) =>
    task.outputs.map(({ name, digest, size }) => ({ name, digest, size })),
  );
  return {
    tasks: [
      {
        key: 'join',
        kind: 'tiny.join',
        parameters: { expected: inputs.length },
        inputs,
        resources: small,
        weight: 0,
      } satisfies TaskDraftInput,
    ],
  };
}

/** A job whose follow-up gives up: what `fail` does to the open tasks. */
const doomed: JobKind<{ parts: number }> = {
  parameters: z.object({ parts: z.number().int().min(1).max(100).default(3) }),
  plan: ({ parameters }) => partsOf(CountParameters.parse({ parts: parameters.parts, stepMs: 1 })),
  follow: ({ ended }) =>
    ended.key === 'part-0'
      ? {
          fail: {
            class: 'input',
            reason: { code: 'tiny.nonsense', params: {}, message: tinyPhrases['tiny.nonsense'].en },
            signature: 'input:tiny.nonsense',
          } satisfies Failure,
        }
      : {},
};

/** Records until it is canceled. */
const recording: JobKind<z.infer<typeof RecordParameters>> = {
  parameters: RecordParameters,
  plan: ({ parameters }) => [
    {
      key: 'record',
      kind: 'tiny.record',
      class: 'live',
      parameters,
      resources: small,
      host: 'tiny.recorder',
      limits: { stopGraceMs: 1_000 },
    },
  ],
};

const Playing = PlayParameters.extend({
  digest: z.string(),
  size: z.number(),
  prefer: z.array(z.string()).default([]),
  nodes: z.array(z.string()).optional(),
});
/** Reads one piece, on a node that holds it if it may be. */
const playing: JobKind<z.infer<typeof Playing>> = {
  parameters: Playing,
  plan: ({ parameters: { expected, digest, size, prefer, nodes } }) => [
    {
      key: 'play',
      kind: 'tiny.play',
      parameters: { expected },
      resources: small,
      inputs: [{ name: 'piece.txt', digest, size }],
      constraints: { prefer, ...(nodes ? { nodes } : {}) },
    },
  ],
};

const notes: Migration = {
  name: 'tiny/0001-note',
  up: async (db) => {
    await sql`CREATE TABLE tiny_note (job_id uuid PRIMARY KEY, kind text NOT NULL, seen integer NOT NULL DEFAULT 1)`.execute(
      db,
    );
  },
};

/** Tables of a workload stand beside the kernel's, reached by the same connection. */
const table = (kernel: Kernel) =>
  kernel.db.withTables<{ tiny_note: { job_id: string; kind: string; seen: number } }>();

/** Artifacts of these names are for those who may shout, whatever else the project's roles say. */
const whispered = 'whisper-';

export const tinyControl: ControlWorkload = {
  name: 'tiny',
  migrations: [notes],
  permissions: { 'tiny.read': { role: 'viewer' }, 'tiny.shout': { role: 'operator' } },
  phrases: tinyPhrases,
  taskKinds: {
    'tiny.split': { parameters: SplitParameters, result: SplitResult },
    'tiny.part': { parameters: PartParameters, result: PartResult },
    'tiny.join': { parameters: JoinParameters, result: JoinResult },
    'tiny.hosted': { parameters: HostedParameters, result: HostedResult },
    'tiny.record': { parameters: RecordParameters, result: RecordResult },
    'tiny.play': { parameters: PlayParameters, result: PlayResult },
  },
  steps: tinySteps,
  jobKinds: { 'tiny.count': count, 'tiny.doomed': doomed, 'tiny.record': recording, 'tiny.play': playing },
  reactions: [
    {
      name: 'tiny.notes',
      kinds: ['job.ended'],
      // Called at least once: the conflict clause makes the second call harmless and still visible.
      async react(event, kernel) {
        await table(kernel)
          .insertInto('tiny_note')
          .values({ job_id: event.subject.id, kind: event.kind, seen: 1 })
          .onConflict((conflict) =>
            conflict.column('job_id').doUpdateSet((eb) => ({ seen: eb('tiny_note.seen', '+', 1) })),
          )
          .execute();
      },
    },
  ],
  routes(app, kernel) {
    app.get(
      '/api/v1/tiny/notes',
      {
        config: { access: { kind: 'permission', permission: 'tiny.read', project: 'any' } },
        schema: {
          response: {
            200: z.object({
              items: z.array(z.object({ jobId: z.string(), kind: z.string(), seen: z.number() })),
            }),
          },
        },
      },
      async () => {
        const rows = await table(kernel)
          .selectFrom('tiny_note')
          .selectAll()
          .orderBy('job_id')
          .limit(500)
          .execute();
        return { items: rows.map((row) => ({ jobId: row.job_id, kind: row.kind, seen: row.seen })) };
      },
    );
    app.post(
      '/api/v1/tiny/allocations/:id/shout',
      {
        config: { access: { kind: 'permission', permission: 'tiny.shout', project: 'everywhere' } },
        schema: {
          params: z.object({ id: z.uuid() }),
          body: z.object({ nodeId: z.uuid(), word: z.string().max(200) }),
          response: { 200: z.object({ answer: z.unknown() }) },
        },
      },
      async (request) => ({
        answer: await kernel.nodes.call(request.body.nodeId, {
          allocation: request.params.id,
          method: 'tiny.shout',
          payload: { word: request.body.word },
          deadlineMs: 5_000,
        }),
      }),
    );
  },
  async artifactGuard(kernel, actor, artifacts) {
    return new Set(
      artifacts
        .filter(
          ({ name, projectId }) =>
            name.startsWith(whispered) && !kernel.access.may(actor, 'tiny.shout', projectId),
        )
        .map(({ id }) => id),
    );
  },
  sockets: [
    {
      path: '/tiny/echo/:room',
      connect(socket, _request, params) {
        socket.on('message', (data) => socket.send(`${params.room}: ${data.toString()}`));
      },
    },
  ],
  async live(kernel) {
    const row = await kernel.db
      .selectFrom('job')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('kind', 'like', 'tiny.%')
      .where('ended_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(row.n);
  },
};
