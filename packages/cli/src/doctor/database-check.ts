import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import type { Phrase } from '@backlot/contract/phrase';
import { locateBinaries } from '@backlot/control/db/embedded/locate-binaries';
import { findServiceUser } from '@backlot/control/db/embedded/service-user';
import { Client } from 'pg';
import type { Check, CheckContext, Finding } from './check.ts';

/** The database: the server that is configured, or the programs for an embedded one. */
export const databaseCheck: Check = {
  name: 'database',
  run: (context) => (context.settings.databaseUrl === undefined ? embedded(context) : external(context)),
};

async function embedded({
  settings,
  say,
  scratch,
  machine,
  language,
}: CheckContext): Promise<readonly Finding[]> {
  const user = machine.isRoot ? await findServiceUser(settings.dataDir).catch(() => undefined) : undefined;
  if (machine.isRoot && user === undefined) {
    const text = new BacklotError(storeErrors.no_service_user).sentence(language);
    return [{ check: 'database', status: 'problem', text }];
  }
  const { binaries, seen } = await locateBinaries(scratch, user, undefined, settings.pgBin);
  if (binaries) {
    const params = { version: binaries.version, folder: binaries.binDir };
    return [{ check: 'database', status: 'ok', text: say(phrases.embedded, params) }];
  }
  const searched = seen.length > 0 ? seen.join(', ') : '-';
  const error = new BacklotError(storeErrors.database_binaries_missing, {
    params: { wanted: '>= 15', searched },
  });
  return [{ check: 'database', status: 'problem', text: error.sentence(language) }];
}

async function external({ settings, say }: CheckContext): Promise<readonly Finding[]> {
  const client = new Client({
    connectionString: settings.databaseUrl,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    const major = Math.floor(Number(rows[0]?.server_version_num ?? 0) / 10_000);
    if (major >= 15)
      return [{ check: 'database', status: 'ok', text: say(phrases.external, { version: major }) }];
    return [
      {
        check: 'database',
        status: 'problem',
        text: say(phrases.old, { version: major }),
        advice: say(phrases.upgrade),
      },
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      {
        check: 'database',
        status: 'problem',
        text: say(phrases.away, { reason }),
        advice: say(phrases.checkUrl),
      },
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}

const phrases = {
  embedded: { en: 'PostgreSQL {version} ({folder})', 'zh-CN': 'PostgreSQL {version}（{folder}）' },
  external: {
    en: 'The database server answers: PostgreSQL {version}',
    'zh-CN': '数据库服务器可用：PostgreSQL {version}',
  },
  old: {
    en: 'The database server is PostgreSQL {version}; 15 is the oldest that will do.',
    'zh-CN': '数据库服务器为 PostgreSQL {version}，最低需要 15。',
  },
  upgrade: {
    en: 'Upgrade it, or leave BACKLOT_DATABASE_URL out for the embedded one.',
    'zh-CN': '请升级，或不设置 BACKLOT_DATABASE_URL 以使用内置数据库。',
  },
  away: { en: 'The database server does not answer: {reason}', 'zh-CN': '数据库服务器没有响应：{reason}' },
  checkUrl: {
    en: 'Check BACKLOT_DATABASE_URL, and that the server allows this machine in.',
    'zh-CN': '请检查 BACKLOT_DATABASE_URL 以及服务器是否允许本机连接。',
  },
} as const satisfies Record<string, Phrase>;
