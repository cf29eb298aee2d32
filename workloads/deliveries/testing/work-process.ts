import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newId } from '@backlot/contract';
import { type Order, orderLine } from '../node/work/orders.ts';
import { files, type WorkRequest, WorkResult, WorkWord } from '../node/work/request.ts';
import { work } from '../node/work/worker.ts';

/** The program that delivers, as a node starts it, on a folder of a test's own. */
export interface WorkProcess {
  readonly child: ChildProcess;
  readonly words: WorkWord[];
  /** Resolves with what it has written down; undefined when it was cut off. */
  readonly ended: Promise<WorkResult | undefined>;
  /** As its agent would, by its standard input. */
  order(order: Order): void;
  kill(): Promise<void>;
}

const program = fileURLToPath(new URL('../node/work/deliver-main.ts', import.meta.url));

export interface WorkFolder {
  readonly root: string;
  readonly keep: string;
  request(
    target: Partial<WorkRequest['target']>,
    work: WorkRequest['work'],
    more?: Partial<WorkRequest>,
  ): WorkRequest;
  start(request: WorkRequest): Promise<WorkProcess>;
  /** The same in this process, for what is about no process. */
  run(request: WorkRequest): Promise<{ readonly result: WorkResult | undefined; readonly words: WorkWord[] }>;
  close(): Promise<void>;
}

export const quick = { firstMs: 20, lastMs: 100, idleMs: 2_000 } as const;

export async function openWorkFolder(): Promise<WorkFolder> {
  const root = await mkdtemp(join(tmpdir(), 'backlot-work-'));
  const keep = join(root, 'keep');
  await mkdir(keep);
  const running = new Set<ChildProcess>();
  const start = async (request: WorkRequest): Promise<WorkProcess> => {
    const folder = await mkdtemp(join(root, 'attempt-'));
    await mkdir(join(folder, 'scratch'));
    const file = join(folder, files.request);
    const means = { ...request.means, scratch: join(folder, 'scratch') };
    await writeFile(file, JSON.stringify({ ...request, means }), { mode: 0o600 });
    const child = spawn(process.execPath, ['--no-warnings', program, file], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(child);
    const words: WorkWord[] = [];
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) words.push(WorkWord.parse(JSON.parse(line)));
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const ended = new Promise<WorkResult | undefined>((resolve, reject) => {
      child.once('close', (code) => {
        running.delete(child);
        if (code === 1) reject(new Error(complaints));
        readFile(join(folder, files.result), 'utf8').then(
          (text) => resolve(WorkResult.parse(JSON.parse(text))),
          () => resolve(undefined),
        );
      });
    });
    ended.catch(() => undefined);
    return {
      child,
      words,
      ended,
      order: (order) => child.stdin.write(orderLine(order)),
      async kill() {
        child.kill('SIGKILL');
        await ended.catch(() => undefined);
      },
    };
  };
  return {
    root,
    keep,
    request: (target, work, more = {}) => ({
      target: {
        id: newId(),
        name: 'test',
        kind: 's3',
        settings: {},
        secrets: {},
        limits: { bytesPerSecond: null, parallel: 1 },
        down: false,
        untried: false,
        ...target,
      },
      means: { keep, scratch: '', rclone: 'rclone', folders: [] },
      work,
      patienceMs: 60_000,
      alarmMs: 60_000,
      pace: quick,
      ...more,
    }),
    start,
    async run(request) {
      const scratch = await mkdtemp(join(root, 'scratch-'));
      if (request.target.kind === 'rclone') {
        await writeFile(join(scratch, files.rcloneConfig), request.target.secrets.config ?? '');
      }
      const words: WorkWord[] = [];
      const result = await work({
        request: { ...request, means: { ...request.means, scratch } },
        say: (word) => words.push(word),
        signal: AbortSignal.timeout(60_000),
      });
      return { result, words };
    },
    async close() {
      for (const child of running) child.kill('SIGKILL');
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** A file of noise with its digest, made a piece at a time. */
export async function makeNoise(
  path: string,
  size: number,
): Promise<{ path: string; size: number; sha256: string; mediaType: string }> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    for (let left = size; left > 0; ) {
      const piece = randomBytes(Math.min(left, 1024 * 1024));
      hash.update(piece);
      await file.write(piece);
      left -= piece.length;
    }
  } finally {
    await file.close();
  }
  return { path, size, sha256: hash.digest('hex'), mediaType: 'video/mp4' };
}
