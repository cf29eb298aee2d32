import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../phrases.mjs';
import { run } from '../run.mjs';
import { installSystemPackages, onPath } from '../system-packages.mjs';
import { edits, overlay, packageFolder, programName } from './recipe.mjs';

const why = /** @type {[string, string]} */ (['building the media worker for rooms', '编译会议室媒体服务']);

/** @type {readonly import('../system-packages.mjs').SystemPackage[]} */
export const packagesToBuild = [
  { apt: 'g++', command: 'g++', for: why },
  { apt: 'meson', command: 'meson', for: why },
  { apt: 'ninja-build', command: 'ninja', for: why },
  { apt: 'pkg-config', command: 'pkg-config', for: why },
  { apt: 'libssl-dev', for: why },
  { apt: 'libuv1-dev', for: why },
  { apt: 'libsrtp2-dev', for: why },
  { apt: 'libabsl-dev', for: why },
  { apt: 'libflatbuffers-dev', for: why },
  { apt: 'flatbuffers-compiler', command: 'flatc', for: why },
];

/**
 * Compiles the worker from the sources in the npm package against the system's libraries: 3 to 6 minutes on two cores.
 *
 * @param {string} target path of the program to make.
 * @param {(line: string) => void} report
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<string | undefined>} why it could not be built; nothing when it was.
 */
export async function buildWorker(target, report, signal) {
  if (process.platform === 'win32') {
    return say('The worker can’t be built on Windows.', '无法在 Windows 上编译该程序。');
  }
  await installSystemPackages(packagesToBuild, report);
  const missing = ['g++', 'meson', 'ninja', 'pkg-config', 'flatc'].filter((command) => !onPath(command));
  if (missing.length > 0) {
    return say(`These programs are missing: ${missing.join(', ')}.`, `缺少以下程序：${missing.join('、')}。`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'backlot-worker-'));
  try {
    const problem = copySources(join(folder, 'worker'));
    if (problem) return problem;
    return await compile(folder, target, report, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies the sources, puts the overlay in the place of what meson would download, and applies the edits. */
export function copySources(sources) {
  cpSync(join(packageFolder, 'worker'), sources, { recursive: true });
  rmSync(join(sources, 'subprojects'), { recursive: true, force: true });
  cpSync(overlay, join(sources, 'subprojects'), { recursive: true });
  return applyEdits(sources, edits);
}

/** @returns {string | undefined} which edit does not apply; nothing when all did. */
export function applyEdits(sources, list) {
  for (const { file, from, to } of list) {
    const path = join(sources, file);
    const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (!from.test(before)) {
      return say(`An edit of ${file} does not apply any more.`, `对 ${file} 的修改已不适用。`);
    }
    writeFileSync(
      path,
      before.replace(from, () => to),
    );
  }
  return undefined;
}

async function compile(folder, target, report, signal) {
  const options = { report, ...(signal ? { signal } : {}), env: { LC_ALL: 'C.UTF-8' } };
  const build = join(folder, 'build');
  // Behind everything else: the product runs meanwhile.
  const jobs = String(availableParallelism());
  const ninja = (made) => ['nice', ['-n', '15', 'ninja', '-C', build, '-j', jobs, made]];
  const steps = [
    [
      'meson',
      [
        'setup',
        build,
        join(folder, 'worker'),
        '--buildtype=release',
        '-Db_ndebug=true',
        '--wrap-mode=nodownload',
      ],
    ],
    // mediasoup's build does not know that libwebrtc's part includes generated headers: they come first, or it is luck which
    // of the two is quicker (a fast disk loses).
    ninja('fbs/FBS/worker.h'),
    ninja('mediasoup-worker'),
    ['strip', ['-o', target, join(build, programName)]],
  ];
  for (const [file, args] of steps) {
    const { code, tail } = await run(file, args, { ...options, limitMs: 40 * 60_000 });
    if (signal?.aborted) return say('It was stopped.', '已停止。');
    if (code !== 0) return tail.split('\n').slice(-30).join('\n');
  }
  return undefined;
}
