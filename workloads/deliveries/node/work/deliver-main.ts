import { readFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Redactor } from '../../contract/redact.ts';
import { RcloneSecrets } from '../../contract.ts';
import { Urgency } from './haste.ts';
import { hearOrders } from './orders.ts';
import { files, WorkRequest, type WorkResult, type WorkWord } from './request.ts';
import { work } from './worker.ts';

/**
 * Does one piece of work with a target: `deliver-main request.json`. A process of its own, so that an agent that dies or
 * is replaced does not break an upload off. It says how it goes on in lines of JSON and writes how it ended beside its
 * request. Exit codes: 0 it has ended, and the file says how; 1 it could not be done at all; 143 it was told to stop.
 */
const requestFile = process.argv[2] ?? '';
const request = WorkRequest.parse(JSON.parse(readFileSync(requestFile, 'utf8')));
const folder = dirname(requestFile);

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => stop.abort(new Error(`Stopped by ${signal}.`)));
}
// Whoever reads our words may be gone for a while; that is no reason to end.
process.stdout.on('error', () => undefined);
/** So long it may take to end after all is done. Milliseconds. */
const endMs = 5_000;
// Our timers never keep a process alive by themselves, and a pause between two tries is only a timer.
const alive = setInterval(() => undefined, 60_000);

try {
  if (request.target.kind === 'rclone') {
    const { config } = RcloneSecrets.parse(request.target.secrets);
    await writeFile(join(request.means.scratch, files.rcloneConfig), config, { mode: 0o600 });
  }
  const urgency = new Urgency(request.disk);
  hearOrders(process.stdin, ({ state }) => urgency.tell(state));
  const result = await work({ request, say, signal: stop.signal, urgency });
  await writeResult(result);
  process.exitCode = 0;
} catch (error) {
  if (stop.signal.aborted) process.exitCode = 143;
  else {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${new Redactor(request.target).clean(words)}\n`);
    process.exitCode = 1;
  }
} finally {
  clearInterval(alive);
  // It would keep the process alive too.
  process.stdin.destroy();
  await rm(join(request.means.scratch, files.rcloneConfig), { force: true });
  // Something that was given up and hangs in the system, as a write to a file server does, would keep it for ever.
  setTimeout(() => process.exit(), endMs).unref();
}

function say(word: WorkWord): void {
  process.stdout.write(`${JSON.stringify(word)}\n`);
}

/** Whole or not at all. */
async function writeResult(result: WorkResult): Promise<void> {
  const path = join(folder, files.result);
  const file = await open(`${path}.tmp`, 'w', 0o600);
  await file.writeFile(JSON.stringify(result));
  await file.sync();
  await file.close();
  await rename(`${path}.tmp`, path);
}
