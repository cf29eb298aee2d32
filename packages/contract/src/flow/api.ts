import { z } from 'zod';
import { PageQuery, Timestamp } from '../api/common.ts';
import { Failure } from '../failure.ts';
import { Id } from '../id.ts';
import { Progress } from '../link/messages.ts';
import { Reason } from '../phrase.ts';
import { TaskState } from '../states/task.ts';
import { FlowDefinition } from './definition.ts';
import { FlowIssue } from './issue.ts';
import { FlowStepState } from './step-record.ts';
import { PortType, PortValues } from './value.ts';

/** waiting: nothing of it runs, a step waits for its time; the rest speaks for itself. */
export const flowRunStates = ['running', 'waiting', 'succeeded', 'failed', 'canceled'] as const;
export const FlowRunState = z.enum(flowRunStates);
export type FlowRunState = z.infer<typeof FlowRunState>;
export const openFlowRunStates: readonly FlowRunState[] = ['running', 'waiting'];

const Who = z.object({ id: z.string().nullable(), name: z.string() });

export const Flow = z.object({
  id: Id,
  projectId: Id,
  name: z.string(),
  description: z.string(),
  /** Off: its trigger starts nothing; it can still be run by hand. */
  enabled: z.boolean(),
  /** Number of the newest version, from 1; new runs use it. */
  version: z.number().int(),
  versionId: Id,
  /** Kind of its trigger. */
  trigger: z.string(),
  /** Kinds of its steps, each once. */
  kinds: z.array(z.string()),
  /** How many steps it has. */
  steps: z.number().int(),
  /** Path of its webhook below the address of the control plane; null unless its trigger is one. Only for whoever may change the flow. */
  hook: z.string().nullable(),
  /** When its schedule fires next. */
  nextAt: Timestamp.nullable(),
  /** Why its trigger can't start anything at the moment: a kind is not installed. */
  problem: Reason.nullable(),
  createdBy: Who,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  lastRun: z
    .object({ id: Id, state: FlowRunState, startedAt: Timestamp, endedAt: Timestamp.nullable() })
    .nullable(),
  openRuns: z.number().int(),
});
export type Flow = z.infer<typeof Flow>;

/** A version never changes: what a run was made from can always be looked at. */
export const FlowVersion = z.object({
  id: Id,
  flowId: Id,
  number: z.number().int(),
  definition: FlowDefinition,
  /** YAML as it was saved, with its comments. */
  text: z.string(),
  /** What was changed, in the words of whoever saved it. */
  note: z.string(),
  createdBy: Who,
  createdAt: Timestamp,
});
export type FlowVersion = z.infer<typeof FlowVersion>;
/** In lists: without the definition and the text. */
export const FlowVersionSummary = FlowVersion.omit({ definition: true, text: true });
export type FlowVersionSummary = z.infer<typeof FlowVersionSummary>;

export const FlowDetail = Flow.extend({ definition: FlowDefinition, text: z.string() });
export type FlowDetail = z.infer<typeof FlowDetail>;

/** Longest text of a flow, in characters. */
export const flowTextLimit = 256 * 1024;

/** A flow as text (YAML, or JSON, which is YAML) or as a definition; a text keeps its comments. */
export const FlowSource = z.object({
  text: z.string().max(flowTextLimit).optional().describe('YAML, or JSON. Kept with its comments.'),
  definition: z.unknown().optional().describe('Instead of `text`: the same as an object.'),
});
const oneSource = (source: { text?: string | undefined; definition?: unknown }) =>
  (source.text === undefined) !== (source.definition === undefined);
const oneSourceMessage = { message: 'Give either text or definition.' };

export const FlowCreate = FlowSource.extend({
  projectId: Id,
  enabled: z.boolean().default(true).describe('Off: its trigger starts nothing; by hand it can be run.'),
  note: z.string().max(500).default('').describe('What is new in this version, for its list.'),
}).refine(oneSource, oneSourceMessage);
export type FlowCreate = z.infer<typeof FlowCreate>;

/** Saves a new version. `base` is the version that the change was made from: refused when there is a newer one. */
export const FlowSave = FlowSource.extend({
  base: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('Version that the change was made from; 409 when there is a newer one.'),
  note: z.string().max(500).default('').describe('What is new in this version, for its list.'),
}).refine(oneSource, oneSourceMessage);
export type FlowSave = z.infer<typeof FlowSave>;

export const FlowPatch = z.object({ enabled: z.boolean().optional() });
export const FlowQuery = PageQuery.extend({
  projectId: Id.optional(),
  text: z.string().max(200).optional().describe('Part of the name.'),
  trigger: z
    .string()
    .max(100)
    .optional()
    .describe('Kind of the trigger: `flow.manual`, `recordings.broadcast-ended`.'),
});

export const FlowCheck = FlowSource.refine(oneSource, oneSourceMessage);
/** `definition` is null while the text isn't one; `text` is the YAML of it, with the comments of the text that was given. */
export const FlowCheckAnswer = z.object({
  issues: z.array(FlowIssue),
  definition: FlowDefinition.nullable(),
  text: z.string(),
});
export type FlowCheckAnswer = z.infer<typeof FlowCheckAnswer>;

const PhraseView = z.object({ en: z.string(), 'zh-CN': z.string() });
const PortView = z.object({ type: PortType, required: z.boolean(), title: PhraseView.nullable() });
/** What flows can be made of in this installation. `parameters` is JSON Schema (2020-12) of what a file may say. */
export const FlowCatalogue = z.object({
  steps: z.array(
    z.object({
      kind: z.string(),
      title: PhraseView,
      summary: PhraseView,
      icon: z.string().nullable(),
      parameters: z.record(z.string(), z.unknown()),
      inputs: z.record(z.string(), PortView),
      outputs: z.record(z.string(), PortView),
      /** Ways on: `ok` and `error`, or `true`, `false` and `error`. */
      branches: z.array(z.string()),
      performedBy: z.enum(['task', 'control', 'engine']),
      verifies: z.string().nullable(),
      deletes: z.string().nullable(),
    }),
  ),
  triggers: z.array(
    z.object({
      kind: z.string(),
      title: PhraseView,
      summary: PhraseView,
      icon: z.string().nullable(),
      parameters: z.record(z.string(), z.unknown()),
      outputs: z.record(z.string(), PortView),
      /** Names of what is at `{{trigger.…}}`, for completion. */
      data: z.array(z.string()),
    }),
  ),
});
export type FlowCatalogue = z.infer<typeof FlowCatalogue>;

/** A flow to begin with. Only those whose kinds are all installed are offered. */
export const FlowTemplate = z.object({
  name: z.string(),
  title: PhraseView,
  summary: PhraseView,
  text: z.string(),
  definition: FlowDefinition,
});
export type FlowTemplate = z.infer<typeof FlowTemplate>;

/**
 * Files that a port takes from somebody who starts a run by hand: two days of a channel in segments of ten seconds, as ids within
 * the megabyte that a request may have.
 */
export const mostFilesByHand = 20_000;

/** Starts a run by hand, with artifacts of the project for the trigger's ports. */
export const FlowRunStart = z.object({
  /** Port -> ids of artifacts; a `file` port takes one. */
  artifacts: z.record(z.string(), z.array(Id).min(1).max(mostFilesByHand)).default({}),
  /** What is at `{{trigger.…}}`. */
  data: z.record(z.string(), z.unknown()).default({}),
  /** Another version than the newest. */
  version: z.number().int().positive().optional(),
  /** The same key starts one run, however often it is asked for. */
  key: z.string().min(1).max(200).optional(),
});
export type FlowRunStart = z.infer<typeof FlowRunStart>;

export const FlowRun = z.object({
  id: Id,
  flowId: Id,
  projectId: Id,
  /** Of the flow, as it was called when the run began. */
  name: z.string(),
  version: z.number().int(),
  versionId: Id,
  /** What started it: one run for each key of a flow. */
  key: z.string(),
  trigger: z.object({
    kind: z.string(),
    data: z.unknown(),
    subject: z.object({ kind: z.string(), id: z.string() }).nullable(),
  }),
  state: FlowRunState,
  jobId: Id,
  /** Steps by state; `pending` are those that have not begun. */
  counts: z.record(z.string(), z.number().int()),
  failure: Failure.nullable(),
  /** The run that this one repeats. */
  retryOf: Id.nullable(),
  /** The node that began it while it was cut off. */
  aloneOn: Id.nullable(),
  /** What is to be said of how it began: why it is of another version than the newest. */
  note: Reason.nullable(),
  startedBy: Who,
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  /** When the next waiting step goes on. */
  dueAt: Timestamp.nullable(),
});
export type FlowRun = z.infer<typeof FlowRun>;

export const FlowRunStep = z.object({
  id: Id.nullable(),
  /** `upload`, and inside a for-each `upload[0]`. */
  key: z.string(),
  step: z.string(),
  at: z.array(z.number().int()),
  kind: z.string(),
  name: z.string(),
  /** `pending`: has not begun. */
  state: z.enum([...FlowStepState.options, 'pending']),
  branch: z.string().nullable(),
  /** The task that does it, when a node does. */
  task: z
    .object({
      id: Id,
      state: TaskState,
      attempt: z.number().int(),
      nodeId: Id.nullable(),
      nodeName: z.string().nullable(),
      wait: Reason.nullable(),
      progress: Progress.nullable(),
    })
    .nullable(),
  inputs: PortValues,
  outputs: PortValues,
  failure: Failure.nullable(),
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  dueAt: Timestamp.nullable(),
  /** The run whose result this one took over instead of doing it again. */
  reusedFrom: Id.nullable(),
});
export type FlowRunStep = z.infer<typeof FlowRunStep>;

export const FlowRunDetail = FlowRun.extend({
  /** What the trigger gave. */
  ports: PortValues,
  steps: z.array(FlowRunStep),
  definition: FlowDefinition,
});
export type FlowRunDetail = z.infer<typeof FlowRunDetail>;

export const FlowRunQuery = PageQuery.extend({
  projectId: Id.optional(),
  flowId: Id.optional(),
  state: FlowRunState.optional(),
  open: z
    .stringbool()
    .optional()
    .describe('`true`: only runs that have not ended; `false`: only those that have.'),
  subject: z.string().max(100).optional().describe('Id of what started it: a broadcast, an artifact.'),
});
/** A new run that does again what failed (and what follows from it), or everything from one step on; the rest is taken over. */
export const FlowRunRetry = z.object({
  from: z
    .string()
    .max(60)
    .optional()
    .describe('Id of a step: it and all that follows is done again. Left out: what failed.'),
  newest: z.boolean().default(false).describe('By the newest version instead of the run’s own.'),
});
export type FlowRunRetry = z.infer<typeof FlowRunRetry>;
/** What a webhook answers. `run` is null when the flow is off. */
export const FlowHookAnswer = z.object({ run: Id.nullable() });
