import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, publish, rtmpServer, srtServer, type TestProgram } from '../sources/listeners.ts';
import { RtspServer } from '../sources/rtsp-server.ts';
import type { Sample } from '../sources/sample.ts';
import { tcpWitness, udpWitness, type WireWitness } from '../sources/wire-witness.ts';

/** `srt-at-once`: SRT that holds nothing back. */
export type WitnessedKind = 'rtmp' | 'rtsp' | 'srt' | 'srt-at-once' | 'push';

/** A live source of one kind, behind a witness on its wire. */
export interface WitnessedSource {
  readonly witness: WireWitness;
  /** As a channel names it. */
  readonly spec: Record<string, unknown>;
  /** The program that records it, and what that must know. */
  readonly host: 'recorder' | 'ingest';
  readonly env: Record<string, string>;
  close(): Promise<void>;
}

/** Opens a source that plays a film, and is there again whenever its only viewer was lost. */
export async function openSource(
  kind: WitnessedKind,
  { path }: Sample,
  folder: string,
): Promise<WitnessedSource> {
  const plain = { host: 'recorder', env: {} } as const;
  if (kind === 'rtsp') {
    const scratch = join(folder, 'camera');
    mkdirSync(scratch);
    const server = await RtspServer.open({ path, folder: scratch });
    const witness = await tcpWitness(Number(new URL(server.url).port));
    return {
      ...plain,
      witness,
      spec: { kind, url: `rtsp://127.0.0.1:${witness.port}/cam/1` },
      close: async () => void (await Promise.all([witness.close(), server.close()])),
    };
  }
  const port = await freePort();
  if (kind === 'push') {
    const key = 'a-key-that-is-long-enough';
    const witness = await tcpWitness(port, true);
    const publisher = again(async () =>
      publish({ path, to: `rtmp://127.0.0.1:${witness.port}/live/${key}` }),
    );
    return {
      witness,
      spec: { kind, key },
      host: 'ingest',
      env: { BACKLOT_INGEST_HOST: '127.0.0.1', BACKLOT_INGEST_PORT: String(port) },
      close: async () => void (await Promise.all([publisher.close(), witness.close()])),
    };
  }
  const server = again(() =>
    kind === 'rtmp'
      ? rtmpServer({ path }, `rtmp://127.0.0.1:${port}/live/stream`)
      : srtServer({ path }, undefined, port),
  );
  const witness = await (kind === 'rtmp' ? tcpWitness : udpWitness)(port);
  const srt = `srt://127.0.0.1:${witness.port}`;
  const spec =
    kind === 'rtmp'
      ? { kind, url: `rtmp://127.0.0.1:${witness.port}/live/stream` }
      : { kind: 'srt', url: kind === 'srt' ? srt : `${srt}?tsbpd=0` };
  return {
    ...plain,
    witness,
    spec,
    close: async () => void (await Promise.all([server.close(), witness.close()])),
  };
}

/** A program that is started anew whenever it has ended. */
function again(start: () => Promise<TestProgram>): { close(): Promise<void> } {
  let closed = false;
  let program: TestProgram | undefined;
  const running = (async () => {
    while (!closed) {
      program = await start();
      if (closed) await program.close();
      await program.ended;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async close() {
      closed = true;
      await program?.close();
      await running;
    },
  };
}
