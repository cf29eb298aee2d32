import type { Reason } from '@backlot/contract';
import type { RunningContext } from '@backlot/node/workload';
import { sentence } from '../../contract/node-phrases.ts';
import type { InstanceParameters, ResetAnswer, ResetCall, ResetHook } from '../../contract.ts';
import { runPeer } from '../peer/run-peer.ts';
import { readNotes } from './notes.ts';

type Context = RunningContext<InstanceParameters>;
type Hook<K extends ResetHook['kind']> = Extract<ResetHook, { kind: K }>;
/** Nothing when it was acknowledged, otherwise why not. */
type Verdict = Reason | undefined;

/** Between two looks at the log. */
const lookMs = 25;

/** Makes the application fresh by the hook of its version, within the deadline. */
export async function resetInstance(context: Context, call: ResetCall): Promise<ResetAnswer> {
  const hook = context.parameters.reset;
  const begun = context.clock.monotonic();
  const took = () => Math.round(context.clock.monotonic() - begun);
  if (hook.kind === 'none') return { ok: false, ms: 0, reason: sentence('streams.reset.none') };
  const deadlineMs = Math.min(hook.deadlineMs, call.deadlineMs);
  const reason = await resetBy(context, hook, call.playerUrl, deadlineMs);
  return reason ? { ok: false, ms: took(), reason } : { ok: true, ms: took(), via: hook.kind };
}

function resetBy(
  context: Context,
  hook: Exclude<ResetHook, { kind: 'none' }>,
  playerUrl: string,
  deadlineMs: number,
): Promise<Verdict> {
  switch (hook.kind) {
    case 'message':
      return byMessage(context, hook, playerUrl, deadlineMs);
    case 'http':
      return byRequest(context, hook, deadlineMs);
    case 'stdin':
      return byInput(context, hook, deadlineMs);
  }
}

const seconds = (ms: number) => ({ seconds: Math.round(ms / 100) / 10 });

async function byMessage(
  { run, workDir, signal }: Context,
  { type, payload, acknowledge }: Hook<'message'>,
  url: string,
  deadlineMs: number,
): Promise<Verdict> {
  const result = await runPeer(
    run,
    {
      kind: 'message',
      url,
      type: type === 'command' ? 'Command' : 'UIInteraction',
      text: typeof payload === 'string' ? payload : JSON.stringify(payload),
      acknowledge,
      deadlineMs,
    },
    { cwd: workDir, signal },
  );
  if (result.ok) return undefined;
  switch (result.fault) {
    case 'no_connection':
      return sentence('streams.reset.no_connection', seconds(deadlineMs));
    case 'no_channel':
      return sentence('streams.reset.no_channel', seconds(deadlineMs));
    case 'no_answer':
      return sentence('streams.reset.no_answer', seconds(deadlineMs));
    default:
      return sentence('streams.reset.peer', { detail: result.detail });
  }
}

async function byRequest(
  { workDir, signal }: Context,
  { url, method, body }: Hook<'http'>,
  deadlineMs: number,
): Promise<Verdict> {
  const notes = await readNotes(workDir);
  const limit = AbortSignal.timeout(deadlineMs);
  try {
    const response = await fetch(url.replaceAll('{port}', String(notes?.port ?? 0)), {
      method,
      // The address was checked to be this machine's; an answer must not lead elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([signal, limit]),
      ...(method === 'GET' ? {} : { headers: { 'content-type': 'application/json' }, body: body ?? '{}' }),
    });
    await response.body?.cancel();
    return response.ok ? undefined : sentence('streams.reset.status', { status: response.status });
  } catch (error) {
    if (limit.aborted) return sentence('streams.reset.no_answer', seconds(deadlineMs));
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const detail = (cause instanceof Error ? cause.message : String(cause)).slice(0, 200);
    return sentence('streams.reset.unreachable', { detail });
  }
}

async function byInput(
  context: Context,
  { line, acknowledge }: Hook<'stdin'>,
  deadlineMs: number,
): Promise<Verdict> {
  const { clock, signal } = context;
  let position = await context.logEnd('stdout');
  try {
    await context.input(`${line}\n`);
  } catch {
    return sentence('streams.reset.input');
  }
  const until = clock.monotonic() + deadlineMs;
  for (let unfinished = ''; clock.monotonic() < until && !signal.aborted; ) {
    const { text, next } = await context.readLog('stdout', position);
    position = next;
    const lines = (unfinished + text).split('\n');
    // Cut lines are kept, and very long ones only by their end.
    unfinished = (lines.pop() ?? '').slice(-8_192);
    if (lines.some((printed) => printed.includes(acknowledge))) return undefined;
    await clock.sleep(lookMs, signal).catch(() => undefined);
  }
  return sentence('streams.reset.no_answer', seconds(deadlineMs));
}
