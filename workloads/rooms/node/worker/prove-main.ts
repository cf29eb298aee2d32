import { version } from 'mediasoup';
import { proveHandshake } from './handshake.ts';

/**
 * `prove-main <mediasoup-worker>`: tries one worker and says what came of it as a line of JSON; status 0 when it is good. A
 * process of its own, because a broken worker may take down whoever tries it. Also run by the build of the worker.
 */
const TIMEOUT_MS = 15_000;

const [path] = process.argv.slice(2);
try {
  if (!path) throw new Error('usage: prove-main <mediasoup-worker>');
  const { ms } = await proveHandshake(path, TIMEOUT_MS);
  process.stdout.write(`${JSON.stringify({ ok: true, version, handshakeMs: Math.round(ms) })}\n`);
  process.exit(0);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ ok: false, reason: reason.slice(0, 500) })}\n`);
  process.exit(1);
}
