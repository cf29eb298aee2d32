import { z } from 'zod';
import { said } from './check/said.ts';

/** Where a step or the trigger is drawn; of no meaning to a run. Pixels. */
export const NodeLayout = z.object({ x: z.number(), y: z.number() });

/** A name inside a flow file: of a step, a port, a branch. */
export const FlowName = z
  .string()
  .max(60)
  .regex(
    /^[a-z][a-z0-9-]*$/,
    said({
      en: 'A name is lower-case letters, digits and hyphens, and begins with a letter.',
      'zh-CN': '名称只能包含小写字母、数字和连字符，并以字母开头。',
    }),
  );

/** Words that templates and references use for other things, and that no step may be called. */
export const reservedStepNames = [
  'trigger',
  'run',
  'step',
  'inputs',
  'item',
  'index',
  'true',
  'false',
  'null',
] as const;

/**
 * `upload.copy`: the output of a step; `trigger.film`: what the trigger gives. Inside a for-each, `<for-each>.file` and
 * `<for-each>.item` are what it is at now.
 */
export const PortReference = z
  .string()
  .max(130)
  .regex(
    /^[a-z][a-z0-9-]*\.[a-z][a-zA-Z0-9-]*$/,
    said({ en: 'A reference is "step.port".', 'zh-CN': '引用的写法是“步骤.端口”。' }),
  );

/** `upload` (when it succeeded), `upload.error`, `check.true`: after which ends this step may begin. */
export const AfterReference = z
  .string()
  .max(130)
  .regex(
    /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?$/,
    said({ en: 'An "after" is "step" or "step.branch".', 'zh-CN': 'after 的写法是“步骤”或“步骤.分支”。' }),
  );

/** `90s`, `15m`, `2h`, `1d`. */
export const FlowDuration = z.string().regex(
  /^\d{1,6}(ms|s|m|h|d)$/,
  said({
    en: 'A duration is a number and ms, s, m, h or d.',
    'zh-CN': '时长由数字和 ms、s、m、h 或 d 组成。',
  }),
);

export const FlowStep = z.strictObject({
  id: FlowName,
  /** `transcodes.remux`, `deliveries.upload`, `flow.condition`. */
  kind: z.string().min(1).max(100),
  /** For people. */
  name: z.string().max(200).optional(),
  /** Parameters of the kind; texts may hold `{{trigger.title}}`. */
  with: z.record(z.string(), z.unknown()).default({}),
  /** Input port -> where its value comes from; several make a set. */
  in: z.record(z.string(), z.union([PortReference, z.array(PortReference).min(1).max(100)])).default({}),
  /** More that must have happened before, beside where the inputs come from. */
  after: z.array(AfterReference).max(100).default([]),
  /** The for-each in whose body this step is: it runs once for each of that one's items. */
  within: FlowName.optional(),
  /** How often it is tried again after a failure, beside the first attempt; left out: as the kind says. */
  retries: z.number().int().min(0).max(1_000_000).optional(),
  /** The step has failed when it takes longer. */
  timeLimit: FlowDuration.optional(),
  /** `fail` (unless told): the run fails unless `<step>.error` leads on. `continue`: as if it had succeeded without outputs. */
  onError: z.enum(['fail', 'continue']).default('fail'),
  layout: NodeLayout.optional(),
});
export type FlowStep = z.infer<typeof FlowStep>;

export const FlowTrigger = z.strictObject({
  /** `recordings.broadcast-ended`, `flow.schedule`, `flow.webhook`, `flow.manual`. */
  kind: z.string().min(1).max(100),
  /** What to react to, by the kind: a channel, a cron expression. */
  with: z.record(z.string(), z.unknown()).default({}),
  layout: NodeLayout.optional(),
});
export type FlowTrigger = z.infer<typeof FlowTrigger>;

/** A flow as it stands in its file, YAML or JSON. */
export const FlowDefinition = z.strictObject({
  version: z.literal(1),
  name: z.string().trim().min(1).max(200),
  description: z.string().max(4_000).optional(),
  trigger: FlowTrigger,
  steps: z.array(FlowStep).max(500),
});
export type FlowDefinition = z.infer<typeof FlowDefinition>;
export type FlowDefinitionInput = z.input<typeof FlowDefinition>;
