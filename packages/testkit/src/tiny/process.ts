import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartParameters } from './contract.ts';

/**
 * What a part runs: reads `part.json` in its working folder, writes one file per step, and tells how far it is in
 * `progress.jsonl`. It imports nothing of ours at run time, so that it starts quickly.
 */
const { parameters, attempt, done } = JSON.parse(readFileSync('part.json', 'utf8')) as {
  parameters: PartParameters;
  attempt: number;
  done: number[];
};
const faulty = parameters.faultyAttempts === 0 || attempt <= parameters.faultyAttempts;
const mode = faulty ? parameters.mode : 'ok';

console.log(`part ${parameters.index}, attempt ${attempt}, mode ${mode}`);
if (mode === 'liar') process.exit(0);
if (mode === 'crash') process.kill(process.pid, 'SIGSEGV');
if (mode === 'missing' && !parameters.found) process.exit(21);
if (mode === 'nonsense') process.exit(22);
if (mode === 'incapable') process.exit(23);
if (mode === 'silent') await sleep(3_600_000);
if (mode === 'binary') process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a]));
if (mode === 'greedy') {
  const kept: Buffer[] = [];
  for (;;) {
    kept.push(Buffer.alloc(16 * 1024 * 1024, kept.length + 1));
    await sleep(5);
  }
}
if (mode === 'stubborn') {
  process.on('SIGTERM', () => console.log('heard SIGTERM, and goes on'));
  // A grandchild in a session of its own: only the end of the whole tree ends it.
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3600000)'], {
    detached: true,
    stdio: 'ignore',
  }).unref();
}

mkdirSync('out', { recursive: true });
for (let step = 0; step < parameters.steps; step += 1) {
  if (done.includes(step)) continue;
  if (parameters.stepMs > 0) await sleep(parameters.stepMs);
  writeFileSync(`out/${step}.tmp`, `${parameters.index * parameters.steps + step}\n`);
  renameSync(`out/${step}.tmp`, `out/${step}.txt`);
  writeFileSync('progress.jsonl', `${JSON.stringify({ step })}\n`, { flag: 'a' });
  console.log(`step ${step} done`);
}
