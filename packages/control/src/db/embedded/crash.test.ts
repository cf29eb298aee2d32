import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BacklotError, kernelErrors, storeErrors } from '@backlot/contract';
import { sql } from 'kysely';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

const log = pino({ level: 'silent' });
const KILLS = 8;
const WRITERS = 4;

let folder: string;
let server: EmbeddedPostgres;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'backlot-crash-')));
  await chmod(folder, 0o755);
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a database that is killed again and again', () => {
  it('keeps every commit that was acknowledged, once, and says truly which were not', async () => {
    const store = openDatabase({ address: server.connection, log });
    await sql`CREATE TABLE entry (id text PRIMARY KEY)`.execute(store.db);
    await sql`CREATE TABLE tally (n int NOT NULL)`.execute(store.db);
    await sql`INSERT INTO tally VALUES (0)`.execute(store.db);
    const acknowledged: string[] = [];
    const unknown: string[] = [];
    const refused: string[] = [];
    let stop = false;

    const write = async (writer: number) => {
      for (let n = 0; !stop; n += 1) {
        const id = `${writer}-${n}`;
        try {
          await store.transaction(async (tx) => {
            await sql`INSERT INTO entry VALUES (${id})`.execute(tx);
            await sql`UPDATE tally SET n = n + 1`.execute(tx);
          });
          acknowledged.push(id);
        } catch (error) {
          if (!(error instanceof BacklotError)) throw error;
          if (error.code === storeErrors.commit_unknown.code) unknown.push(id);
          else if (error.code === kernelErrors.database_unavailable.code) refused.push(id);
          else throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const writers = Array.from({ length: WRITERS }, (_, index) => write(index));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
      if (server.pid !== undefined) process.kill(server.pid, 'SIGKILL');
    }
    const last = acknowledged.length;
    while (acknowledged.length < last + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    stop = true;
    await Promise.all(writers);

    const { rows } = await sql<{ id: string }>`SELECT id FROM entry`.execute(store.db);
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(refused.filter((id) => kept.has(id))).toEqual([]);
    const { rows: tally } = await sql<{ n: number }>`SELECT n FROM tally`.execute(store.db);
    expect(tally).toEqual([{ n: kept.size }]);
    expect(kept.size).toBe(acknowledged.length + unknown.filter((id) => kept.has(id)).length);
    expect(refused.length).toBeGreaterThan(0);
    await store.close();
  });
});
