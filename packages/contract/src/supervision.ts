import { z } from 'zod';

/**
 * What `backlot up` and its children (the control plane, the node's agent) say to each other over the channel
 * between a process and its child. Losing the channel means that the other side has died.
 */
export const PartMessage = z.discriminatedUnion('t', [
  /** The control plane listens and answers. `setupLink` only while nobody can sign in yet. */
  z.object({
    t: z.literal('control-ready'),
    url: z.string(),
    port: z.number().int(),
    setupLink: z.string().nullable(),
  }),
  /** The agent is signed in. */
  z.object({ t: z.literal('node-ready'), nodeId: z.string(), name: z.string() }),
  /** The agent has no key yet and asks for a join token; `join-token` answers. */
  z.object({ t: z.literal('join-token-wanted') }),
  /** The control plane's answer to `make-join-token`. */
  z.object({ t: z.literal('join-token-made'), token: z.string() }),
  /** It can't start, and this is why, in the reader's language. It exits after this. */
  z.object({ t: z.literal('failed'), code: z.string(), message: z.string() }),
]);
export type PartMessage = z.infer<typeof PartMessage>;

export const SupervisorMessage = z.discriminatedUnion('t', [
  /** To the control plane: a join token for the node on this machine, for one use, soon. */
  z.object({ t: z.literal('make-join-token') }),
  /** To the agent. */
  z.object({ t: z.literal('join-token'), token: z.string() }),
]);
export type SupervisorMessage = z.infer<typeof SupervisorMessage>;

/** `<data dir>/run/up.json`: what runs, for `backlot doctor`, for tests, and for the next start after a crash. */
export const RunFile = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  url: z.string().nullable(),
  control: z.object({ pid: z.number().int(), startedAt: z.string() }).nullable(),
  agent: z.object({ pid: z.number().int(), startedAt: z.string() }).nullable(),
  postgres: z.object({ pid: z.number().int() }).nullable(),
});
export type RunFile = z.infer<typeof RunFile>;
