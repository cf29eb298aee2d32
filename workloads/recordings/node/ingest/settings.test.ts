import { describe, expect, it } from 'vitest';
import { readIngestSettings } from './settings.ts';

describe('settings of the ingest', () => {
  it.each([
    [{}, '0.0.0.0', 'rtmp://192.0.2.7:1935/live'],
    [
      { BACKLOT_INGEST_HOST: '127.0.0.1', BACKLOT_INGEST_PORT: '2000' },
      '127.0.0.1',
      'rtmp://127.0.0.1:2000/live',
    ],
    [{ BACKLOT_INGEST_ANNOUNCED: 'in.example' }, '0.0.0.0', 'rtmp://in.example:1935/live'],
    [{ BACKLOT_INGEST_HOST: '::1' }, '::1', 'rtmp://[::1]:1935/live'],
  ])('%j: listens on %s, is reached at %s', (env, host, server) => {
    expect(readIngestSettings(env, ['192.0.2.7'])).toMatchObject({ host, server, tls: undefined });
  });

  it.each([
    { BACKLOT_INGEST_PORT: 'none' },
    { BACKLOT_INGEST_PORT: '70000' },
    { BACKLOT_INGEST_TLS_CERT: '/a.pem' },
  ])('%j makes no sense, and says which variable', (env) => {
    expect(() => readIngestSettings(env)).toThrow(/BACKLOT_INGEST_/);
  });
});
