import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceRefused } from '../../source-port.ts';
import { ffmpegKinds, planFfmpeg } from './arguments.ts';
import { needsOtherSound, verdictOf } from './what-it-says.ts';

const argvOf = (kind: string, url: string, headers?: Record<string, string>) =>
  planFfmpeg('ffmpeg', headers ? { kind, url, headers } : { kind, url }, 'copy').argv;

describe('the address of a source', () => {
  it.each([
    ['rtmp', 'file:///etc/passwd'],
    ['rtmp', '/etc/passwd'],
    ['rtmp', 'concat:a|b'],
    ['srt', 'subfile,,start,0,end,9,,:/etc/passwd'],
    ['rtmp', 'rtmp://host/live/key playpath=x'],
    ['rtsp', 'http://host/'],
    ['ffmpeg', 'data:text/plain,x'],
    ['ffmpeg', 'async:file:///etc/passwd'],
    ['rtmp', '-i'],
    ['rtmp', 'rtmp://host/"; touch x & $(id)'],
    ['srt', ''],
    ['srt', `srt://host/${'a'.repeat(5_000)}`],
  ])('of kind %s can’t be %s', (kind, url) => {
    expect(() => argvOf(kind, url)).toThrow(SourceRefused);
  });

  it('is one argument, behind -i, and nothing else of it reaches ffmpeg', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ffmpegKinds), fc.webUrl({ withQueryParameters: true }), (kind, web) => {
        const url = kind === 'ffmpeg' ? web : web.replace(/^https?/, kind);
        let argv: readonly string[];
        try {
          argv = argvOf(kind, url);
        } catch (error) {
          return error instanceof SourceRefused;
        }
        const at = argv.indexOf('-i');
        return (
          argv.filter((part) => part === argv[at + 1]).length === 1 &&
          argv.length === argvOf(kind, url).length
        );
      }),
      { numRuns: 40 },
    );
  });

  it.each(ffmpegKinds)('opens no files for %s, whatever a server answers', (kind) => {
    const scheme = kind === 'ffmpeg' ? 'https' : kind;
    const argv = argvOf(kind, `${scheme}://host/a`);
    const protocols = argv[argv.indexOf('-protocol_whitelist') + 1]?.split(',') ?? [];
    expect(protocols.length).toBeGreaterThan(0);
    for (const local of ['file', 'concat', 'subfile', 'data', 'pipe', 'cache', 'async', 'unix', 'fd'])
      expect(protocols).not.toContain(local);
    expect(argv.indexOf('-protocol_whitelist')).toBeLessThan(argv.indexOf('-i'));
  });

  it.each([
    ['rtmp', 'flv', 'data'],
    ['srt', 'ts', 'data'],
    ['rtsp', 'ts', 'mpegts'],
    ['ffmpeg', 'ts', 'mpegts'],
  ])(
    'of kind %s gives %s, written as %s: what a protocol carries is not taken apart',
    (kind, container, format) => {
      const scheme = kind === 'ffmpeg' ? 'https' : kind;
      const plan = planFfmpeg('ffmpeg', { kind, url: `${scheme}://host/a` }, 'copy');
      expect(plan.container).toBe(container);
      expect(plan.argv[plan.argv.lastIndexOf('-f') + 1]).toBe(format);
      const formats = plan.argv[plan.argv.indexOf('-format_whitelist') + 1]?.split(',');
      if (format === 'data') expect(formats).toEqual(['data']);
      else expect(formats).not.toContain('data');
    },
  );

  it.each([
    ['srt', 'srt://host:9?tsbpd=0', true],
    ['srt', 'srt://host:9?latency=40000&tsbpd=0&mode=caller', true],
    ['srt', 'srt://host:9?tsbpd=1', false],
    ['srt', 'srt://host:9', false],
    ['rtsp', 'rtsp://host/a?tsbpd=0', false],
  ])('of kind %s at %s gives up SRT’s delay: %s', (kind, url, without) => {
    const argv = argvOf(kind, url);
    const at = argv.indexOf('-tsbpd');
    expect(at >= 0).toBe(without);
    if (without) expect(argv.slice(at, at + 2)).toEqual(['-tsbpd', '0']);
    expect(at).toBeLessThan(argv.indexOf('-i'));
  });

  it('is shown without user, key and query', () => {
    const { shown } = planFfmpeg(
      'ffmpeg',
      { kind: 'rtmp', url: 'rtmp://u:p@host:19/live/key?token=t' },
      'copy',
    ).address;
    expect(shown).toBe('rtmp://host:19/live/…');
  });

  it('takes only whole headers', () => {
    const argv = argvOf('ffmpeg', 'https://host/a', {
      Referer: 'https://x/',
      Evil: 'a\r\nHost: b',
      'bad name': 'x',
    });
    expect(argv[argv.indexOf('-headers') + 1]).toBe('Referer: https://x/\r\n');
  });
});

describe('what ffmpeg says', () => {
  it.each([
    ['[rtsp @ 0x1] [error] method DESCRIBE failed: 401 Unauthorized', 'denied'],
    ['[error] https://h/a: Server returned 403 Forbidden (access denied)', 'denied'],
    ['[rtmp @ 0x1] [error] Server error: NetStream.Play.StreamNotFound', 'offline'],
    ['[rtsp @ 0x1] [error] method DESCRIBE failed: 404 Stream Not Found', 'offline'],
    ['[error] rtmp://127.0.0.1:1/live/x: Connection refused', 'refused'],
    [
      '[tcp @ 0x1] [error] Failed to resolve hostname nowhere.invalid: Name or service not known',
      'unreachable',
    ],
    ['[srt @ 0x1] [error] Connection to srt://127.0.0.1:9 failed: Input/output error', 'unreachable'],
    [`[file @ 0x1] [error] Protocol 'file' not on ${'white'}list 'rtmp,tcp'!`, 'unusable'],
    ['[error] srt://h: Invalid data found when processing input', 'unusable'],
    ['[error] rtmp://h/a: Connection timed out', 'silent'],
    ["Unrecognized option 'pes_payload'.", 'tool'],
    ['', 'nothing-said'],
  ])('%s means %s', (said, verdict) => expect(verdictOf(said)).toBe(verdict));

  it('tells when sound would be unreadable', () => {
    const said =
      '[mpegts @ 0x1] [warning] Stream 1, codec pcm_alaw, is muxed as a private data stream and may not be recognized upon reading.';
    expect(needsOtherSound(said)).toBe(true);
    expect(needsOtherSound('[warning] Stream 1, codec opus')).toBe(false);
  });
});
