import { expect, it } from 'vitest';
import { createLog } from './log.ts';

function written(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog({ name: 'test', level: 'debug', destination: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line));
}

it('writes one JSON object per line, with the time and the level in words', () => {
  const [line] = written((log) => log.warn({ part: 'x' }, 'something'));
  expect(line).toMatchObject({ level: 'warn', name: 'test', part: 'x', msg: 'something' });
  expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

it('holds no secrets, wherever they are usually logged', () => {
  const secret = 'do-not-log-me';
  const lines = written((log) => {
    log.info({ authorization: secret, password: secret, token: secret });
    log.info({
      headers: { cookie: secret, authorization: secret, 'set-cookie': secret, 'x-csrf-token': secret },
    });
    log.info({ req: { headers: { authorization: secret, cookie: secret } } });
    log.info({
      body: { password: secret, current: secret, next: secret, token: secret },
      webhook: { secret },
    });
  });
  expect(JSON.stringify(lines)).not.toContain(secret);
  expect(JSON.stringify(lines)).toContain('[redacted]');
});
