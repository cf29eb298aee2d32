import type { SourceCode } from '../../../contract/source-phrases.ts';
/** What ffmpeg's words mean. Its exit code means nothing: it is 0 after a cut connection (measured). */
export type FfmpegVerdict =
  | 'denied'
  | 'offline'
  | 'refused'
  | 'unreachable'
  | 'silent'
  | 'unusable'
  | 'tool'
  | 'nothing-said';

/**
 * In order: the first that fits decides. Texts of ffmpeg 5 to 7 (libavformat's `rtmpproto.c`, `rtsp.c`, `libsrt.c`,
 * `http.c`, `libavutil/error.c`).
 */
const meanings: readonly (readonly [RegExp, FfmpegVerdict])[] = [
  [/\b(401 Unauthorized|403 Forbidden|HTTP error 40[13]\b|authorization failed)/i, 'denied'],
  [
    /(ERROR:|rejected).{0,40}\b(BADSECRET|UNSECURE|FORBIDDEN|PEER_?REJECT)|Authentication (failed|error)/i,
    'denied',
  ],
  [/NetConnection\.Connect\.Rejected|NetStream\.(Play|Publish)\.(Denied|Unauthorized|Failed)/, 'denied'],
  [/NetStream\.Play\.(StreamNotFound|UnpublishNotify)|StreamNotFound|No such stream/i, 'offline'],
  [/\b(404 (Stream )?Not Found|HTTP error 404|410 Gone|454 Session Not Found)/i, 'offline'],
  [/Connection refused/i, 'refused'],
  [/(Protocol|Format)( '[^']*')? not on \w+list|Protocol not found/i, 'unusable'],
  [
    /Invalid data found when processing input|could not find codec parameters|does not contain any stream/i,
    'unusable',
  ],
  [/461 Unsupported transport|codec not currently supported in container/i, 'unusable'],
  [
    /Failed to resolve hostname|Name or service not known|No route to host|Network is unreachable/i,
    'unreachable',
  ],
  [/timed out|ETIMEDOUT|Operation timeout/i, 'silent'],
  [/Unrecognized option|Option \S+ not found|Error splitting the argument list/i, 'tool'],
  [
    /failed: Input\/output error|Input\/output error|Connection reset|Broken pipe|End of file/i,
    'unreachable',
  ],
];

export function verdictOf(stderr: string): FfmpegVerdict {
  return meanings.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'nothing-said';
}

/** Sound that a transport stream can't carry as it is: written all the same, and unreadable for ever. */
export function needsOtherSound(stderr: string): boolean {
  return /codec (pcm_\w+|adpcm_\w+|speex|nellymoser|g72\w+|vorbis|amr_\w+), is muxed as a private data stream/.test(
    stderr,
  );
}

/** The verdict for people; never ffmpeg's own words, which repeat the address with its secrets. */
export const verdictWords: Readonly<Record<FfmpegVerdict, SourceCode>> = {
  denied: 'denied_key',
  offline: 'missing',
  refused: 'refused_port',
  unreachable: 'unreachable',
  silent: 'until_limit',
  unusable: 'strange',
  tool: 'old_tool',
  'nothing-said': 'closed',
};
