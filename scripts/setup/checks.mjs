import { join } from 'node:path';
import { root } from './repository.mjs';
import { run } from './run.mjs';

/**
 * @typedef {{ name: string, ok: boolean, output: string, seconds: number }} CheckResult
 */

const bin = (...path) => join(root, 'node_modules', ...path);

/** The checks of `npm run lint`, as programs of the chosen Node. */
const checks = [
  { name: 'biome', args: [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'import rules', args: [join(root, 'scripts', 'lint', 'import-rules.mjs')] },
  { name: 'lockfile', args: [join(root, 'scripts', 'lint', 'lockfile-rules.mjs')] },
  { name: 'file rules', args: [join(root, 'scripts', 'lint', 'file-rules.mjs')] },
  { name: 'types', args: tsc('tsconfig.json', 'root') },
  { name: 'types of the console', args: tsc(join('packages', 'console', 'tsconfig.json'), 'console') },
];

function tsc(project, name) {
  return [
    bin('typescript', 'bin', 'tsc'),
    '--project',
    project,
    '--noEmit',
    '--incremental',
    '--tsBuildInfoFile',
    join(root, '.cache', `${name}.tsbuildinfo`),
    '--pretty',
    'false',
  ];
}

/**
 * Runs every check, also after one has failed, so that one run shows all there is to do.
 * @param {string} node
 * @param {(result: CheckResult) => void} onResult
 * @returns {Promise<CheckResult[]>}
 */
export async function runChecks(node, onResult) {
  const results = [];
  for (const check of checks) {
    const startedAt = performance.now();
    const { code, tail } = await run(node, check.args, { limitMs: 5 * 60_000, env: { NO_COLOR: '1' } });
    const result = {
      name: check.name,
      ok: code === 0,
      output: tail,
      seconds: (performance.now() - startedAt) / 1000,
    };
    onResult(result);
    results.push(result);
  }
  return results;
}

/** One check as lines for a terminal: its name and time, and below it what it found. */
export function formatCheck(result) {
  const head = `  ${result.ok ? '✓' : '✗'} ${result.name} (${result.seconds.toFixed(1)} s)`;
  return result.ok ? `${head}\n` : `${head}\n${result.output.replace(/^/gm, '    ')}\n`;
}
