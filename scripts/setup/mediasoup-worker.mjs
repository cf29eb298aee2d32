#!/usr/bin/env node
/**
 * The media worker of rooms (mediasoup's C++ half). Where mediasoup's own build can be downloaded, that; otherwise it is
 * compiled from the sources that its npm package ships. Either counts only after a DTLS handshake. Kept outside of
 * node_modules, once per recipe. By hand: `node scripts/setup/mediasoup-worker.mjs`.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildWorker } from './mediasoup-worker/build.mjs';
import { downloadWorker } from './mediasoup-worker/download.mjs';
import { alone } from './mediasoup-worker/lock.mjs';
import { programName, workerFolder } from './mediasoup-worker/recipe.mjs';
import { chooseNode } from './node-runtime.mjs';
import { say } from './phrases.mjs';
import { root } from './repository.mjs';
import { run } from './run.mjs';
import { notice, runScript, step } from './steps.mjs';

/** The longest that one clone waits for another's build. */
const patienceMs = 45 * 60_000;
const prover = join(root, 'workloads', 'rooms', 'node', 'worker', 'prove-main.ts');

/** What the step is called. */
export const title = () => say('Media worker for rooms', '会议室媒体服务');

/**
 * Makes sure that there is a worker that passes a handshake.
 *
 * @param {string} node program that runs the proof.
 * @param {(line: string) => void} report
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ made: boolean, path?: string, problem?: string } | undefined>} undefined: nothing was to be done.
 */
export async function ensureMediasoupWorker(node, report, signal) {
  if (process.env.BACKLOT_MEDIASOUP_WORKER || !existsSync(prover)) return undefined;
  const folder = workerFolder();
  const path = join(folder, programName);
  if (isDone(folder)) return undefined;
  mkdirSync(dirname(folder), { recursive: true });
  const result = await alone(`${folder}.lock`, patienceMs, signal, async () => {
    if (isDone(folder)) return undefined;
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    try {
      const problem = await make(join(draft, programName), node, report, signal);
      if (problem) return { made: false, problem };
      writeFileSync(join(draft, 'proved'), `${new Date().toISOString()}\n`);
      rmSync(folder, { recursive: true, force: true });
      renameSync(draft, folder);
      return { made: true, path };
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
  return result;
}

const isDone = (folder) => existsSync(join(folder, 'proved')) && existsSync(join(folder, programName));

/** Downloads, else builds; says why when neither gives a worker that shakes hands. */
async function make(draft, node, report, signal) {
  report(say('looking for a ready-made one', '查找现成的程序'));
  if ((await downloadWorker(draft, signal)) && (await proves(draft, node)) === undefined) return undefined;
  rmSync(draft, { force: true });
  const problem = await buildWorker(draft, report, signal);
  if (problem) return problem;
  report(say('a DTLS handshake', '进行 DTLS 握手测试'));
  return await proves(draft, node);
}

/** Why a worker is not good, by a real handshake; nothing when it is. */
async function proves(path, node) {
  const { code, tail } = await run(node, ['--no-warnings', prover, path], { limitMs: 60_000 });
  return code === 0
    ? undefined
    : `${say('The worker does not pass a DTLS handshake', 'DTLS 握手失败')}: ${tail}`;
}

/**
 * Starts it beside whatever else happens and says now and then how far it is.
 *
 * @param {string} node
 * @returns {{ stop(): void }}
 */
export function makeWorkerMeanwhile(node) {
  const ending = new AbortController();
  let told = -1;
  const report = (line) => {
    // ninja's own words: `[12/261] Compiling …`.
    const [, done, all] = /^\[(\d+)\/(\d+)\]/.exec(line) ?? [];
    const quarter = all ? Math.floor((Number(done) / Number(all)) * 4) : 0;
    // A first, small target is no share of the work.
    if (!all || Number(all) < 50 || quarter <= told) return;
    told = quarter;
    notice(`${title()}: ${say('building', '编译中')}, ${quarter * 25} %`);
  };
  const working = ensureMediasoupWorker(node, report, ending.signal).then((result) => {
    if (result?.made)
      notice(
        `${title()}: ${say('ready; rooms can be opened in a few seconds', '已就绪，几秒后即可使用会议室')}`,
      );
    else if (result?.problem && !ending.signal.aborted) explain(result.problem);
  });
  working.catch((error) => notice(`${title()}: ${error instanceof Error ? error.message : error}`));
  return { stop: () => ending.abort() };
}

/** @param {string} problem */
export function explain(problem) {
  notice(
    say(
      `There is no media worker, so this machine offers no rooms; everything else works.\n${problem}`,
      `没有媒体服务程序，本机不提供会议室；其他功能不受影响。\n${problem}`,
    ),
  );
}

/** As a step that others wait for: `npm test`. */
export async function mediasoupWorkerStep(node) {
  const result = await step(title(), (report) => ensureMediasoupWorker(node, report));
  if (result?.problem) explain(result.problem);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    await mediasoupWorkerStep(await chooseNode());
    const path = join(workerFolder(), programName);
    process.stdout.write(`${existsSync(path) ? path : ''}\n`);
    return existsSync(path) ? 0 : 1;
  });
}
