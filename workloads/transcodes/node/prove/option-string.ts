import type { RateControl } from '../../contract.ts';

/** Bytes of the beginning of a stream in which the words are looked for. */
export const optionBytes = 256 * 1024;

/**
 * The options that x264 and x265 write into the stream they make (a message of user data, ISO/IEC 14496-10 D.1.6),
 * by name; undefined when an encoder has left none. An option without a value is `1`.
 */
export function readOptions(stream: Buffer): ReadonlyMap<string, string> | undefined {
  const text = stream.subarray(0, optionBytes).toString('latin1');
  const start = text.search(/x26[45] .{0,300}?options: /s);
  if (start < 0) return undefined;
  const from = text.indexOf('options: ', start) + 'options: '.length;
  const words = /^[\x20-\x7e]*/.exec(text.slice(from))?.[0] ?? '';
  return new Map(
    words
      .trim()
      .split(/\s+/)
      .map((word) => {
        const at = word.indexOf('=');
        return at < 0 ? [word, '1'] : [word.slice(0, at), word.slice(at + 1)];
      }),
  );
}

/** The options that say which mode a stream was made in, as they stand there; for people. */
export function proofOf(options: ReadonlyMap<string, string>): string {
  const telling = [
    'rc',
    'crf',
    'qp',
    'bitrate',
    'vbv_maxrate',
    'vbv-maxrate',
    'vbv_bufsize',
    'vbv-bufsize',
    'nal_hrd',
  ];
  return telling
    .filter((name) => options.has(name))
    .map((name) => `${name}=${options.get(name)}`)
    .join(' ');
}

/**
 * What is wrong with the mode of a stream, in words for a sentence; undefined when the encoder has done what was asked.
 * An encoder that does not know an option often says so in a warning, exits with 0, and does something else.
 */
export function judgeMode(rate: RateControl, options: ReadonlyMap<string, string>): string | undefined {
  const expected = expectedOptions(rate);
  for (const [names, value] of expected) {
    const name = names.find((candidate) => options.has(candidate));
    const found = name === undefined ? undefined : options.get(name);
    if (found === undefined || !fits(found, value)) {
      return `its encoder says ${name ?? names[0]}=${found ?? 'nothing'} and not ${String(value)}`;
    }
  }
  return undefined;
}

type Expectation = readonly [names: readonly string[], value: string | number | RegExp];

function expectedOptions(rate: RateControl): Expectation[] {
  const kbits = (bits: number) => Math.round(bits / 1000);
  const ceiling = (bits: number): Expectation => [['vbv_maxrate', 'vbv-maxrate'], kbits(bits)];
  switch (rate.mode) {
    case 'copy':
      return [];
    case 'crf':
      return [
        [['rc'], 'crf'],
        [['crf'], rate.quality],
        ...(rate.maxBitrate === undefined ? [] : [ceiling(rate.maxBitrate)]),
      ];
    case 'cq':
      // A lossless stream says `rc=cqp` and `qp=0`.
      return [
        [['rc'], 'cqp'],
        [['qp'], rate.quantiser],
      ];
    case 'b':
      return [[['rc'], 'cbr'], [['bitrate'], kbits(rate.bitrate)], ceiling(rate.bitrate)];
    case 'abr':
      return [
        [['rc'], rate.twoPass ? /^(2pass|abr)$/ : 'abr'],
        [['bitrate'], kbits(rate.bitrate)],
      ];
    case 'vbr':
      return [
        [['rc'], rate.twoPass ? /^(2pass|abr)$/ : rate.maxBitrate === rate.bitrate ? 'cbr' : 'abr'],
        [['bitrate'], kbits(rate.bitrate)],
        ceiling(rate.maxBitrate),
      ];
  }
}

function fits(found: string, value: string | number | RegExp): boolean {
  if (typeof value === 'string') return found === value;
  if (typeof value === 'number') return Number.parseFloat(found) === value;
  return value.test(found);
}
