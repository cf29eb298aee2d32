import { describe, expect, it } from 'vitest';
import { sourceReason } from '../contract/source-phrases.ts';
import { SourceFault, SourceRefused, wordsOf } from './source-port.ts';

const failing = (code: string) => Object.assign(new Error(`connect ${code} 10.0.0.7:80`), { code });

describe('what went wrong with a source', () => {
  it.each<[string, unknown, string]>([
    ['a refusal', new SourceRefused('denied', 'denied', { status: 401 }), 'denied'],
    ['a fault with words', new SourceFault('no_http'), 'no_http'],
    ['a port where nothing is', failing('ECONNREFUSED'), 'refused_port'],
    ['a name that there is not', failing('ENOTFOUND'), 'unknown_host'],
    ['a connection that was cut', failing('ECONNRESET'), 'cut'],
    ['time that is over', AbortSignal.abort(new DOMException('', 'TimeoutError')).reason, 'timeout'],
    ['something that is no error', 'x', 'unreachable'],
    ['anything else', new Error('Bits fell off.'), 'fault'],
  ])('has words: %s', (_what, error, code) => {
    expect(wordsOf(error).code).toBe(`recordings.source.${code}`);
  });

  it('keeps what others said as data, and short', () => {
    const { params, message } = wordsOf(new Error(`{status}\0${'x'.repeat(1_000)}\ud83d`));
    expect(String(params.detail)).toHaveLength(200);
    expect(message).toContain('{status}x');
    expect(message.isWellFormed()).toBe(true);
    expect(sourceReason('http', { status: 500 }).message).toBe('The server answered HTTP 500.');
  });
});
