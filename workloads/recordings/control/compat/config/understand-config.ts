import { FlowDefinition } from '@backlot/contract';
import { ReverseTarget } from '../../../contract/compat/nglive.ts';
import type { Ini } from './read-ini.ts';

/** What NGlive's config.ini means here. */
export interface UnderstoodConfig {
  readonly reverse: ReverseTarget | null;
  readonly flow: FlowDefinition;
  readonly node: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** x264 has one that we don't offer: it costs days and shows nothing. */
const presets: readonly string[] = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
];

/** Reads out of a config.ini what it means: the transcode mode as a flow, `wspath` as a reverse socket, paths for the node. Pure. */
export function understandConfig(ini: Ini): UnderstoodConfig {
  const notes: string[] = [];
  const basic = ini.get('BASIC') ?? new Map<string, string>();
  return {
    reverse: reverseOf(basic.get('wspath'), notes),
    node: nodeOf(basic, notes),
    flow: flowOf(ini.get('TRANSCODE') ?? new Map(), notes),
    notes,
  };
}

function reverseOf(wspath: string | undefined, notes: string[]): ReverseTarget | null {
  if (wspath === undefined || wspath === '') return null;
  const target = ReverseTarget.safeParse({ kind: 'socket', url: wspath });
  if (target.success) return target.data;
  notes.push('wspath is no ws:// or wss:// address and was left out.');
  return null;
}

function nodeOf(basic: ReadonlyMap<string, string>, notes: string[]): Record<string, string> {
  const node: Record<string, string> = {};
  const path = (text: string): string => text.replaceAll('\\\\', '\\');
  const recorder = basic.get('recorderpath');
  if (recorder) node.BACKLOT_BILILIVE_BINARY = path(recorder);
  const works = basic.get('works_path');
  if (works) node.BACKLOT_BILILIVE_DIR = path(works);
  const port = Number(basic.get('api_port'));
  if (Number.isInteger(port) && port > 0 && port < 65_536) node.BACKLOT_BILILIVE_PORT = String(port);
  const out = basic.get('out_path');
  if (out) {
    notes.push(
      `out_path (${out.slice(0, 200)}) becomes a delivery target of kind “folder”: make one, and add an upload step to the flow.`,
    );
  }
  if (basic.has('nghost') || basic.has('ngport')) {
    notes.push(
      'NGhost and NGport are not needed: NGlive’s routes answer at the address of this installation.',
    );
  }
  notes.push(
    'BililiveRecorder’s webhook goes to /webhook/ of this installation with ?token=, or, where a node runs the recorder, is set by the node itself.',
  );
  return node;
}

function flowOf(section: ReadonlyMap<string, string>, notes: string[]): FlowDefinition {
  const rate = rateOf(section, notes);
  const preset = (section.get('preset') ?? 'veryfast').toLowerCase();
  const known = presets.includes(preset);
  if (!known) notes.push(`The preset ${preset.slice(0, 40)} is not offered; the flow uses veryslow instead.`);
  const encoder = (section.get('encoder') ?? 'X264').toUpperCase();
  if (encoder !== 'X264') notes.push(`The encoder ${encoder.slice(0, 40)} is unknown; the flow uses X264.`);
  const join = { id: 'join', kind: 'recordings.join', in: { segments: 'trigger.segments' } };
  return FlowDefinition.parse({
    version: 1,
    name: `NGlive ${rate === null ? 'COPY' : rate.mode.toUpperCase()}`,
    description: 'From NGlive’s config.ini: what it calls COPY needs no transcode, joining makes the MP4.',
    trigger: { kind: 'recordings.broadcast-ended' },
    steps:
      rate === null
        ? [join]
        : [
            join,
            // A broadcast whose coding changed has a film for each part.
            { id: 'each', kind: 'flow.for-each', in: { files: 'join.films' } },
            {
              id: 'transcode',
              kind: 'transcodes.transcode',
              within: 'each',
              in: { film: 'each.file' },
              with: { settings: { rate, codec: 'h264', preset: known ? preset : 'veryslow' } },
            },
          ],
  });
}

type Rate =
  | { mode: 'crf'; quality: number }
  | { mode: 'cq'; quantiser: number }
  | { mode: 'b'; bitrate: number }
  | { mode: 'abr'; bitrate: number }
  | { mode: 'vbr'; bitrate: number; maxBitrate: number; bufferBits: number };

/** The six modes with the arguments that they should have had (reference/recording.md 2.5). Null: packets as they are. */
function rateOf(section: ReadonlyMap<string, string>, notes: string[]): Rate | null {
  const number = (key: string, usual: number, least: number, most: number): number => {
    const text = section.get(key);
    if (text === undefined) return usual;
    const value = Number(text);
    if (Number.isFinite(value) && value >= least && value <= most) return Math.round(value);
    notes.push(`${key} = ${text.slice(0, 40)} is not between ${least} and ${most}; ${usual} is used.`);
    return usual;
  };
  const kilobits = (key: string, usual: number): number => number(key, usual, 16, 400_000) * 1_000;
  const mode = (section.get('model') ?? 'CQ').toUpperCase();
  switch (mode) {
    case 'COPY':
      return null;
    case 'CRF':
      return { mode: 'crf', quality: number('crf', 24, 0, 51) };
    case 'CQ':
      notes.push(
        'CQ fixes the quantiser, as in NGlive: at the same number it is larger than CRF (41 % when measured). CRF is usually meant.',
      );
      return { mode: 'cq', quantiser: number('cq', 24, 0, 51) };
    case 'B':
      notes.push('B is a constant bitrate here; NGlive’s arguments made an average of it.');
      return { mode: 'b', bitrate: kilobits('bitrate', 5_000) };
    case 'ABR':
      notes.push('ABR is an average here; NGlive’s arguments made a constant bitrate of it.');
      return { mode: 'abr', bitrate: kilobits('bitrate', 5_000) };
    case 'VBR': {
      notes.push(
        'VBR is an average with a ceiling of twice the rate; NGlive’s arguments were ignored by x264.',
      );
      const bitrate = kilobits('bitrate', 5_000);
      return { mode: 'vbr', bitrate, maxBitrate: bitrate * 2, bufferBits: bitrate * 4 };
    }
    default:
      notes.push(`The mode ${mode.slice(0, 40)} is unknown; the packets are kept as they are.`);
      return null;
  }
}
