import { createReadStream, createWriteStream } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Phrase } from '@backlot/contract/phrase';
import { type Logger, pino } from 'pino';
import { z } from 'zod';
import { type CommandContext, defineCommand, type OptionSpec, UsageError } from '../command.ts';
import type { ControlSettings } from '../config/control-settings.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes } from '../output/amounts.ts';
import type { Product } from '../product.ts';
import { openBlobStore } from '../serve/blob-stores.ts';
import { type OpenedAddress, visitDatabaseAddress } from '../serve/database-address.ts';
import { controlInput, controlOptions, loadControlConfig } from './up.ts';

const filesOption: OptionSpec = {
  flags: '--no-files',
  description: { en: 'the database alone, without the files', 'zh-CN': '仅数据库，不含文件' },
};
const configOptions = controlOptions.filter(({ flags }) => /--config|--data-dir/.test(flags));
const input = controlInput.pick({ config: true, dataDir: true }).extend({
  file: z.string().min(1),
  files: z.boolean().default(true),
});

/** `backlot backup FILE`: one consistent copy of the database, and of the files. The installation goes on running. */
export const backupCommand = defineCommand({
  name: 'backup',
  summary: { en: 'Write everything into one file', 'zh-CN': '把全部数据备份到一个文件' },
  description: {
    en: 'Write the database as it is at one moment, and the files, into one compressed file. Backlot may run meanwhile.',
    'zh-CN': '把某一时刻的数据库和文件写入一个压缩文件。备份期间 Backlot 可以继续运行。',
  },
  arguments: [
    {
      name: 'file',
      description: { en: 'where to write it; - for standard output', 'zh-CN': '写入位置；- 表示标准输出' },
    },
  ],
  options: [
    filesOption,
    { flags: '--force', description: { en: 'replace a file that is there', 'zh-CN': '覆盖已有文件' } },
    ...configOptions,
  ],
  examples: [
    {
      command: 'backlot backup friday.backlot',
      description: { en: 'Database and files', 'zh-CN': '数据库和文件' },
    },
    {
      command: 'backlot backup - --no-files | ssh nas "cat > friday.backlot"',
      description: { en: 'Straight to another machine', 'zh-CN': '直接写到另一台机器' },
    },
  ],
  input: input.extend({ force: z.boolean().default(false) }),
  async run(context, { file, files, force, ...typed }) {
    const { out, say, signal } = context;
    const target = await openTarget(context, file, force);
    const { backupTo } = await import('@backlot/control/backup/backup');
    const progress = out.progress({ title: say(phrases.backingUp) });
    try {
      const result = await withDatabase(context, typed, files, ({ address }, blobs) =>
        backupTo({
          address,
          output: target.stream,
          signal,
          ...(blobs === undefined ? {} : { blobs }),
          onProgress: ({ phase, done, total }) => progress.update({ done, total, note: say(phrases[phase]) }),
        }),
      );
      const size = await target.finish();
      progress.succeed();
      if (result.missingBlobs.length > 0) {
        out.warn(say(phrases.missing, { count: result.missingBlobs.length }));
      }
      const summary = {
        file: target.path,
        size,
        rows: result.rows,
        files: result.blobs,
        missing: result.missingBlobs,
      };
      if (target.path !== null) {
        out.result(summary, () =>
          say(phrases.written, { ...countsOf(result), file: target.path, size: formatBytes(size) }),
        );
      }
      return result.missingBlobs.length > 0 ? exitCodes.failed : exitCodes.ok;
    } catch (error) {
      progress.fail();
      await target.discard();
      throw error;
    }
  },
});

/** `backlot restore FILE`: a backup into an empty database; also from the embedded one to a server, and back. */
export function restoreCommand(product: Product) {
  return defineCommand({
    name: 'restore',
    summary: { en: 'Read a backup into an empty installation', 'zh-CN': '把备份恢复到空的系统' },
    description: {
      en: 'Read a backup into an empty database and the store of files. Stop Backlot before. A database that has anything in it is refused and not changed.',
      'zh-CN': '把备份恢复到空数据库和文件存储。请先停止 Backlot。非空数据库会被拒绝，不做任何更改。',
    },
    arguments: [
      {
        name: 'file',
        description: { en: 'the backup; - for standard input', 'zh-CN': '备份文件；- 表示标准输入' },
      },
    ],
    options: [filesOption, ...configOptions],
    examples: [
      {
        command: 'BACKLOT_DATABASE_URL=postgres://… backlot restore friday.backlot',
        description: { en: 'From the embedded database to a server', 'zh-CN': '从内置数据库迁移到服务器' },
      },
    ],
    input,
    async run(context, { file, files, ...typed }) {
      const { out, say, signal, cwd } = context;
      const source: Readable = file === '-' ? process.stdin : await openSource(resolve(cwd, file));
      const [{ restoreFrom }, { kernelMigrations }, workloads] = await Promise.all([
        import('@backlot/control/backup/restore'),
        import('@backlot/control/db/kernel-migrations'),
        Promise.all(product.workloads.map((workload) => workload.control())),
      ]);
      const migrations = [
        kernelMigrations,
        ...workloads.map(({ name, migrations: own = [] }) => ({ name, migrations: own })),
      ];
      const progress = out.progress({ title: say(phrases.restoring) });
      try {
        const result = await withDatabase(context, typed, files, ({ address }, blobs) =>
          restoreFrom({
            address,
            source,
            migrations,
            log: quiet,
            signal,
            ...(blobs === undefined ? {} : { blobs }),
            onProgress: ({ rows, blobs: done }) =>
              progress.update({ done: rows, note: say(phrases.through, { rows, files: done }) }),
          }),
        );
        progress.succeed();
        out.result(result, () => say(phrases.restored, { ...countsOf(result), at: result.createdAt }));
        if (result.skippedBlobs > 0) out.note(say(phrases.skipped, { count: result.skippedBlobs }));
        return exitCodes.ok;
      } catch (error) {
        progress.fail();
        throw error;
      } finally {
        source.destroy();
      }
    },
  });
}

const quiet = pino({ level: 'silent' });

/** With the installation's database, and the store of its files when they are wanted; both are closed afterwards. */
async function withDatabase<T>(
  context: CommandContext,
  typed: { readonly config?: string | undefined; readonly dataDir?: string | undefined },
  files: boolean,
  work: (database: OpenedAddress, blobs: Awaited<ReturnType<typeof openBlobStore>> | undefined) => Promise<T>,
): Promise<T> {
  const settings: ControlSettings = loadControlConfig(context, typed).values;
  const log: Logger = quiet;
  const database = await visitDatabaseAddress(settings, log);
  try {
    const blobs = files ? await openBlobStore(settings) : undefined;
    try {
      return await work(database, blobs);
    } finally {
      await blobs?.close();
    }
  } finally {
    await database.close();
  }
}

interface Target {
  readonly stream: Writable;
  /** Null for standard output. */
  readonly path: string | null;
  /** Gives the file its name, and answers its size. */
  finish(): Promise<number>;
  discard(): Promise<void>;
}

/** A file that has its name only once it is whole. */
async function openTarget({ cwd, say }: CommandContext, file: string, force: boolean): Promise<Target> {
  if (file === '-') {
    return { stream: process.stdout, path: null, finish: async () => 0, discard: () => Promise.resolve() };
  }
  const path = resolve(cwd, file);
  const taken = await access(path).then(
    () => true,
    () => false,
  );
  if (taken && !force) throw new UsageError(say(phrases.exists, { path }));
  const draft = `${path}.part`;
  return {
    stream: createWriteStream(draft, { mode: 0o600 }),
    path,
    async finish() {
      await rename(draft, path);
      return (await stat(path)).size;
    },
    discard: () => rm(draft, { force: true }),
  };
}

async function openSource(path: string): Promise<Readable> {
  await access(path);
  return createReadStream(path);
}

function countsOf({ rows, blobs }: { readonly rows: number; readonly blobs: number }) {
  return { rows, files: blobs };
}

const phrases = {
  backingUp: { en: 'Backing up', 'zh-CN': '正在备份' },
  restoring: { en: 'Restoring', 'zh-CN': '正在恢复' },
  tables: { en: 'tables', 'zh-CN': '数据表' },
  blobs: { en: 'files', 'zh-CN': '文件' },
  through: { en: '{rows} {rows|row|rows}, {files} {files|file|files}', 'zh-CN': '{rows} 行，{files} 个文件' },
  written: {
    en: '{file}: {rows} {rows|row|rows} and {files} {files|file|files}, {size}',
    'zh-CN': '{file}：{rows} 行、{files} 个文件，{size}',
  },
  restored: {
    en: 'Restored {rows} {rows|row|rows} and {files} {files|file|files} from the backup of {at}.',
    'zh-CN': '已从 {at} 的备份恢复 {rows} 行、{files} 个文件。',
  },
  skipped: {
    en: '{count} {count|file|files} of the backup {count|was|were} left out.',
    'zh-CN': '备份中的 {count} 个文件未恢复。',
  },
  missing: {
    en: '{count} {count|file|files} that the database knows {count|is|are} not in the store; the backup is without {count|it|them}.',
    'zh-CN': '数据库记录的 {count} 个文件不在存储中，备份不包含它们。',
  },
  exists: {
    en: '{path} is there already. Replace it with --force.',
    'zh-CN': '{path} 已存在。可用 --force 覆盖。',
  },
} as const satisfies Record<string, Phrase>;
