import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyRepository, repository } from './copy-repository.ts';

/** A command of each workload, by which its absence shows in the help. */
const commandOf: Readonly<Record<string, string>> = {
  deliveries: 'targets',
  renders: 'render',
  rooms: 'rooms',
  streams: 'apps',
  recordings: 'recordings',
  transcodes: 'transcode',
};
const workloads = readdirSync(join(repository, 'workloads'));
/**
 * What the compiler noted about the copy before, by project: it looks only at what is different in the next one. The notes
 * name files as seen from the copy and know them by their content, so that they hold in any of the copies.
 */
const notes = mkdtempSync(join(tmpdir(), 'backlot-types-'));
afterAll(() => rmSync(notes, { recursive: true, force: true }));

it('every workload is tried without', () => {
  expect(Object.keys(commandOf).sort()).toEqual([...workloads].sort());
});

/**
 * The test of the design: a workload is its folder and two lines in cli. Take them away, and everything else still
 * type-checks, obeys the import rules and starts. Without any of them the kernel still passes its tests.
 */
describe.each(
  [...workloads.map((name) => [name]), workloads].map((gone) => ({ gone, names: gone.join(', ') })),
)('without $names', { timeout: 600_000 }, ({ gone }) => {
  let copy: string;

  beforeAll(() => {
    copy = copyRepository();
    for (const workload of gone) {
      rmSync(join(copy, 'workloads', workload), { recursive: true });
      rmSync(join(copy, 'node_modules', '@backlot', workload));
      removeItsTests(copy, workload);
    }
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('two lines in cli name each, and taking them out is all there is to do', () => {
    const path = join(copy, 'packages/cli/src/workloads.ts');
    const lines = readFileSync(path, 'utf8').split('\n');
    const rest = lines.filter((line) => !gone.some((workload) => isItsLine(line, workload)));
    expect(lines.length - rest.length).toBe(2 * gone.length);
    writeFileSync(path, rest.join('\n'));
    for (const workload of gone) expect(filesNaming(copy, `@backlot/${workload}`)).toEqual([]);
  });

  it('everything else type-checks', () => {
    expect(typeCheck(copy, 'tsconfig.json')).toBe('');
    expect(typeCheck(copy, 'packages/console/tsconfig.json')).toBe('');
  });

  it('the import rules hold', () => {
    expect(node(copy, 'scripts/lint/import-rules.mjs')).toBe('');
  });

  it('`backlot` starts, with every command but theirs', () => {
    const help = node(copy, 'packages/cli/bin/backlot.mjs', '--help');
    expect(help).toMatch(/^ {2}up /m);
    for (const [name, command] of Object.entries(commandOf)) {
      expect(new RegExp(`^ {2}${command} `, 'm').test(help), command).toBe(!gone.includes(name));
    }
  });

  it.runIf(gone.length === workloads.length)('the kernel passes its tests', () => {
    const fast = ['packages/contract', 'packages/sdk', 'packages/cli', 'packages/testkit', 'scripts'];
    const output = node(copy, 'node_modules/vitest/vitest.mjs', 'run', ...fast);
    expect(output).toMatch(/Tests\s+\d+ passed/);
    expect(output).not.toMatch(/failed/);
  });
});

function isItsLine(line: string, workload: string): boolean {
  return line.includes(`'@backlot/${workload}'`) || line.trim() === `${workload},`;
}

/** End-to-end tests of a workload go with it: files in test/ and bench/ that name it, and those that import them. */
function removeItsTests(copy: string, workload: string): void {
  const isEndToEnd = (path: string) => path.startsWith('test/') || path.startsWith('bench/');
  const reachesIn = (path: string) =>
    relativeImports(copy, path).some((target) => target.startsWith(`workloads/${workload}/`));
  const gone = new Set(
    [...filesNaming(copy, `@backlot/${workload}`), ...sourcesOf(copy).filter(reachesIn)].filter(isEndToEnd),
  );
  const rest = new Set(sourcesOf(copy).filter((path) => isEndToEnd(path) && !gone.has(path)));
  for (let grew = true; grew; ) {
    grew = false;
    for (const path of rest) {
      if (!relativeImports(copy, path).some((target) => gone.has(target))) continue;
      gone.add(path);
      rest.delete(path);
      grew = true;
    }
  }
  for (const path of gone) rmSync(join(copy, path));
}

function relativeImports(copy: string, path: string): string[] {
  const text = readFileSync(join(copy, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier = '']) =>
    posix.join(posix.dirname(path), specifier),
  );
}

function filesNaming(copy: string, text: string): string[] {
  return sourcesOf(copy).filter((path) =>
    new RegExp(`from '${text}|import\\('${text}`).test(readFileSync(join(copy, path), 'utf8')),
  );
}

/** Everything that is code, but for what speaks about imports itself. */
function sourcesOf(copy: string): string[] {
  return ['packages', 'workloads', 'test', 'bench', 'scripts']
    .flatMap((area) => listFiles(copy, area))
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path))
    .filter((path) => !path.startsWith('scripts/lint/') && !path.startsWith('test/design/'));
}

function listFiles(copy: string, folder: string): string[] {
  return readdirSync(join(copy, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(copy, path);
    return entry.isFile() ? [path] : [];
  });
}

/** What the compiler complains of. */
function typeCheck(copy: string, project: string): string {
  const name = `${project.replaceAll('/', '-')}.tsbuildinfo`;
  const [here, kept] = [join(copy, name), join(notes, name)];
  if (existsSync(kept)) cpSync(kept, here);
  const incremental = ['--incremental', '--tsBuildInfoFile', name];
  const said = node(
    copy,
    ...['node_modules/typescript/bin/tsc', '--noEmit', '--project', project, ...incremental],
  );
  cpSync(here, kept);
  rmSync(here);
  return said;
}

/** Runs a program of the copy to its end; its output, which is all of it when it fails. */
function node(copy: string, ...args: string[]): string {
  const { stdout, stderr, status, error } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: 'utf8',
    timeout: 580_000,
    // The copy's run must not report into ours.
    env: {
      ...process.env,
      BACKLOT_TEST_SUMMARY: undefined,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      VITEST: undefined,
    },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}
