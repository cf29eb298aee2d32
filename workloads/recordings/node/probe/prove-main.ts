import { systemClock } from '@backlot/contract/clock';
import { proveRecording } from './prove-recording.ts';

/**
 * `prove-main <folder>`: records a second of a generated stream into an empty folder and says what came of it as a line of
 * JSON. A process of its own, like a shard: what breaks there must not break the agent.
 */
const [folder] = process.argv.slice(2);
try {
  if (!folder) throw new Error('usage: prove-main <folder>');
  const proof = await proveRecording(folder, systemClock, AbortSignal.timeout(20_000));
  process.stdout.write(`${JSON.stringify({ ok: true, ...proof })}\n`);
  process.exit(0);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ ok: false, reason: reason.slice(0, 500) })}\n`);
  process.exit(1);
}
