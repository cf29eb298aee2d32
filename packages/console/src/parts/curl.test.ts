import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCurl } from './curl.ts';

/** What a real shell makes of the command's arguments. */
function argumentsOf(command: string): string[] {
  const script = command.replace(/^curl/, "printf '%s\\0'");
  const out = execFileSync('sh', ['-c', script], { env: { BACKLOT_TOKEN: 'secret' }, encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

describe('as curl', () => {
  it('reads by default, with the token from the environment', () => {
    const command = toCurl({ origin: 'http://127.0.0.1:8080', path: '/api/v1/nodes' });
    expect(argumentsOf(command)).toEqual([
      '-sS',
      '-H',
      'Authorization: Bearer secret',
      'http://127.0.0.1:8080/api/v1/nodes',
    ]);
    expect(command).not.toContain('secret');
  });

  it('survives any text in the query and in the body', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (text) => {
          const body = { name: text };
          const path = `/api/v1/x?text=${encodeURIComponent(text.toWellFormed())}`;
          const found = argumentsOf(toCurl({ origin: 'http://h', path, method: 'PATCH', body }));
          expect(found.at(-1)).toBe(`http://h${path}`);
          expect(found.at(-2)).toBe(JSON.stringify(body));
        },
      ),
      { numRuns: 40 },
    );
  });
});
