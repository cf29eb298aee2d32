import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './phrases.mjs';
import { root } from './repository.mjs';
import { run } from './run.mjs';
import { Stop } from './steps.mjs';

const stampFile = join(root, '.cache', 'console-build');

/**
 * Builds the web console, unless what it is made of has not changed since the last time.
 * @param {string} node program that runs the build.
 * @param {(line: string) => void} report
 * @returns {Promise<true | undefined>} undefined when there was nothing to do.
 */
export async function buildConsole(node, report) {
  const stamp = digestOfInputs();
  const built = existsSync(join(root, 'packages', 'console', 'dist', 'index.html'));
  if (built && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return undefined;
  // The console first: it empties the folder that the pages go into.
  await viteBuild(node, ['packages/console'], report);
  for (const workload of workloadsWithPage()) {
    await viteBuild(node, [pageFolder(workload), '--config', 'packages/console/vite-page.config.ts'], report);
  }
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(stampFile, stamp);
  return true;
}

/** Workloads with a page of their own for people who never see the console. */
function workloadsWithPage() {
  const workloads = join(root, 'workloads');
  if (!existsSync(workloads)) return [];
  return readdirSync(workloads)
    .filter((name) => existsSync(join(root, pageFolder(name), 'index.html')))
    .sort();
}

const pageFolder = (workload) => `workloads/${workload}/page`;

async function viteBuild(node, args, report) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { code, tail } = await run(node, [vite, 'build', ...args, '--logLevel', 'warn'], {
    report,
    limitMs: 5 * 60_000,
    env: { NODE_ENV: 'production', NO_COLOR: '1' },
  });
  if (code === 0) return;
  throw new Stop(`${say('The console could not be built.', '控制台构建失败。')}\n\n${tail}`);
}

/** Everything that Vite can see: the console, the pages of the workloads, and what both import. */
function digestOfInputs() {
  const hash = createHash('sha256');
  const workloads = join(root, 'workloads');
  const names = existsSync(workloads) ? readdirSync(workloads).sort() : [];
  add('package-lock.json');
  add('tsconfig.base.json');
  for (const name of ['packages/console', 'packages/contract', 'packages/sdk']) addFolder(name);
  for (const name of names) {
    add(`workloads/${name}/contract.ts`);
    addFolder(`workloads/${name}/contract`);
    addFolder(`workloads/${name}/console`);
    addFolder(pageFolder(name));
  }
  return hash.digest('hex');

  function add(path) {
    const file = join(root, path);
    if (!existsSync(file)) return;
    hash.update(path);
    hash.update('\0');
    hash.update(readFileSync(file));
  }
  function addFolder(path) {
    if (!existsSync(join(root, path))) return;
    for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort(byName)) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'dist' && entry.name !== 'node_modules') addFolder(inner);
      } else if (!/\.test\.tsx?$/.test(entry.name)) add(inner);
    }
  }
}

function byName(a, b) {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
