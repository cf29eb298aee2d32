import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to start a runner: `node <flags> <entry> <folder>`. */
export interface RunnerProgram {
  readonly node: string;
  readonly flags: readonly string[];
  readonly entry: string;
}

/**
 * A runner moves bytes and waits. A small heap makes V8 collect early instead of growing to what the machine would
 * allow, and nothing in it is worth being optimised on more threads.
 */
const flags = ['--max-old-space-size=64', '--max-semi-space-size=1', '--v8-pool-size=1', '--no-warnings'];

/**
 * Finds the runner's program. In a release it is a bundle beside this one. From source its few files are turned into
 * JavaScript once, into a folder named by their content: Node could run them as they are, but every runner would then
 * carry the compiler (18 MB and 40 ms each, measured).
 */
export function runnerProgram(cacheFolder: string): RunnerProgram {
  const source = import.meta.filename;
  const released = join(dirname(source), 'runner-main.js');
  const entry = source.endsWith('.ts')
    ? compile(join(dirname(source), 'runner-main.ts'), cacheFolder)
    : released;
  return { node: process.execPath, flags, entry };
}

/** Compiles a file and all of ours that it imports; gives the path of the result. */
function compile(main: string, cacheFolder: string): string {
  const modules = new Map<string, string>();
  const names = new Map<string, string>([[main, 'main.mjs']]);
  for (const path of names.keys()) {
    const code = stripTypes(readFileSync(path, 'utf8'));
    modules.set(
      path,
      code.replace(
        /(\bfrom\s*|\bimport\s*)'((?:\.|@backlot\/)[^']*)'/g,
        (_whole, keyword: string, specifier: string) => {
          const target = resolve(path, specifier);
          if (!names.has(target)) names.set(target, `${names.size}.mjs`);
          return `${keyword}'./${names.get(target)}'`;
        },
      ),
    );
  }
  const hash = createHash('sha256');
  for (const code of modules.values()) hash.update(code).update('\0');
  const folder = join(cacheFolder, `runner-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    for (const [path, code] of modules) writeFileSync(join(unfinished, names.get(path) ?? ''), code);
    try {
      renameSync(unfinished, folder);
    } catch {
      // Another agent on the same folder was quicker; its files are the same.
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return join(folder, 'main.mjs');
}

/** Node warns that this function may change. So does TypeScript; it is no news to whoever runs from source. */
function stripTypes(code: string): string {
  const warn = process.emitWarning;
  process.emitWarning = () => {};
  try {
    // Not imported by name: Node 22.12 runs releases, and has no such function.
    return module.stripTypeScriptTypes(code);
  } finally {
    process.emitWarning = warn;
  }
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.')
    ? join(dirname(from), specifier)
    : fileURLToPath(import.meta.resolve(specifier));
}
