import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ConsoleRequest } from '../../contract/api.ts';
import { consoleCommands, parseLine } from './commands.ts';
import { complete, runConsole } from './run-console.ts';

const asked = (line: string) => {
  const parsed = parseLine(line);
  return parsed.do === 'ask' ? parsed.request : parsed.do;
};

describe('a line of the console', () => {
  it.each([
    ['', 'nothing'],
    ['   ', 'nothing'],
    ['h', 'help'],
    ['help', 'help'],
    ['q', 'quit'],
    ['quit', 'quit'],
    ['u', { command: 'usage' }],
    ['usage', { command: 'usage' }],
    ['d', { command: 'rooms' }],
    ['rooms', { command: 'rooms' }],
    ['logLevel warn', { command: 'logLevel', level: 'warn' }],
    ['logLevel loud', 'complain'],
    ['logLevel', 'complain'],
    ['logTags', { command: 'logTags', tags: [] }],
    ['logTags ice dtls', { command: 'logTags', tags: ['ice', 'dtls'] }],
    ['logTags everything', 'complain'],
    ['dw', { command: 'dump', kind: 'worker' }],
    ['dumpWorkers', { command: 'dump', kind: 'worker' }],
    ['dwrs', { command: 'dump', kind: 'webRtcServer' }],
    ['dr abc', { command: 'dump', kind: 'router', id: 'abc' }],
    ['  dt   abc  ', { command: 'dump', kind: 'transport', id: 'abc' }],
    ['dumpTransport', { command: 'dump', kind: 'transport' }],
    ['dp', { command: 'dump', kind: 'producer' }],
    ['dc', { command: 'dump', kind: 'consumer' }],
    ['ddp', { command: 'dump', kind: 'dataProducer' }],
    ['ddc', { command: 'dump', kind: 'dataConsumer' }],
    ['st', { command: 'stats', kind: 'transport' }],
    ['sp x', { command: 'stats', kind: 'producer', id: 'x' }],
    ['sc', { command: 'stats', kind: 'consumer' }],
    ['sdp', { command: 'stats', kind: 'dataProducer' }],
    ['sdc', { command: 'stats', kind: 'dataConsumer' }],
    ['statsDataConsumer y', { command: 'stats', kind: 'dataConsumer', id: 'y' }],
    ['terminal', 'complain'],
    ['__proto__', 'complain'],
  ] as const)('%j means %j', (line, wanted) => {
    expect(asked(line)).toEqual(wanted);
    if (typeof wanted === 'object') expect(ConsoleRequest.safeParse(wanted).success).toBe(true);
  });

  it('has no two commands of one name, and each has its words in both languages', () => {
    const names = consoleCommands.flatMap((command) => command.names);
    expect(new Set(names).size).toBe(names.length);
    for (const { help } of consoleCommands) expect(help['zh-CN']).not.toBe(help.en);
  });
});

describe('completion', () => {
  const ids = async () => ({
    nodes: [
      { nodeId: '01890000-0000-7000-8000-000000000001', nodeName: 'a', data: ['abc', 'xyz'], error: null },
    ],
  });
  it.each([
    ['dumpW', ['dumpWorkers', 'dumpWebRtcServer']],
    ['logLevel de', ['debug']],
    ['dt a', ['abc']],
    ['dt ', ['abc', 'xyz']],
    ['usage x', []],
  ])('of %j is %j', async (line, wanted) => {
    expect((await complete(line, ids))[0]).toEqual(wanted);
  });
  it('is nothing when the control plane does not answer', async () => {
    expect((await complete('dt a', () => Promise.reject(new Error('away'))))[0]).toEqual([]);
  });
});

describe('a console behind a pipe', () => {
  it('answers line by line, goes on after a failure, and counts failures', async () => {
    const input = new PassThrough();
    const items: unknown[] = [];
    const warned: string[] = [];
    const running = runConsole({
      context: {
        say: (phrase) => phrase.en,
        signal: new AbortController().signal,
        out: {
          item: (value: unknown) => items.push(value),
          warn: (text: string) => warned.push(text),
        } as never,
      },
      ask: async (request) => {
        if (request.command === 'dump') throw new Error('no such thing');
        return {
          nodes: [{ nodeId: '01890000-0000-7000-8000-000000000001', nodeName: 'a', data: 1, error: null }],
        };
      },
      input,
      terminal: null,
    });
    input.end('usage\nnonsense\ndt x\nrooms\nquit\nusage\n');
    expect(await running).toBe(2);
    expect(items).toHaveLength(2);
    expect(warned).toEqual(['There is no command “{command}”. Type help for the list.', 'no such thing']);
  });
});
