import { describe, expect, it } from 'vitest';
import { tracingEnvironment, tracingSettings } from './settings.ts';

describe('where traces go', () => {
  it.each([
    [{}, undefined],
    [{ BACKLOT_OTLP_URL: '' }, undefined],
    [{ BACKLOT_OTLP_URL: 'nonsense' }, undefined],
    [{ BACKLOT_OTLP_URL: 'file:///etc/passwd' }, undefined],
    [{ BACKLOT_OTLP_URL: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ BACKLOT_OTLP_URL: 'http://collector:4318/' }, 'http://collector:4318/v1/traces'],
    [{ BACKLOT_OTLP_URL: 'http://collector/otlp/v1/traces' }, 'http://collector/otlp/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://oap:12800' }, 'https://oap:12800/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://oap/t' }, 'https://oap/t'],
    [{ BACKLOT_OTLP_URL: 'http://a', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b' }, 'http://a/v1/traces'],
    [{ BACKLOT_OTLP_URL: 'http://a', OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  ] as const)('%j: %s', (env, url) => {
    expect(tracingSettings(env)?.url).toBe(url);
  });

  it('with which headers', () => {
    const headers = 'api-key=a%20b, broken, x=%zz,  other = 1 ';
    const env = { BACKLOT_OTLP_URL: 'http://a', OTEL_EXPORTER_OTLP_HEADERS: headers };
    expect(tracingSettings(env)?.headers).toEqual({ 'api-key': 'a b', other: '1' });
  });

  it('is what a child process is told, and nothing else', () => {
    const env = { BACKLOT_OTLP_URL: 'http://a', OTEL_EXPORTER_OTLP_HEADERS: '', PATH: '/bin' };
    expect(tracingEnvironment(env)).toEqual({ BACKLOT_OTLP_URL: 'http://a' });
  });
});
