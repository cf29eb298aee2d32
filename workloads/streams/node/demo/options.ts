/** How the demo application was started. */
export interface DemoOptions {
  readonly url: string;
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Port on loopback for commands; none without. 0 takes any free one. */
  readonly port: number | undefined;
  readonly tone: boolean;
  /** Closed standard input ends it: a demo started by hand ends with its terminal, one of an agent with its runner. */
  readonly stdin: boolean;
}

export const demoHelp = `The demo application of Backlot: a moving picture that streams like Unreal Engine does.

  demo --url ws://HOST/signal/streamer [options]

  --url URL       address of the signalling server; the ticket is part of it
  --id NAME       what it calls itself where the server asks (demo)
  --width N --height N --fps N      the picture (1280, 720, 30)
  --port N        takes commands at http://127.0.0.1:N: POST /reset /leak /black /hang /crash /exit, GET /state
  --tone          a quiet tone
  --stdin         takes commands, a word on a line, on its standard input

The flags of Unreal Engine are understood too: -PixelStreamingURL= (or -PixelStreamingSignallingURL=), -PixelStreamingID=,
-ResX=, -ResY=; others that begin with one dash are ignored, so that a template for Unreal can be tried without it.
`;

export type DemoArguments =
  | { readonly ok: true; readonly options: DemoOptions }
  | { readonly ok: false; readonly help: boolean; readonly message: string };

/** Names in Unreal's own spelling, in small letters. */
const unrealFlags: Readonly<Record<string, string>> = {
  pixelstreamingurl: 'url',
  pixelstreamingsignallingurl: 'url',
  pixelstreamingid: 'id',
  resx: 'width',
  resy: 'height',
};
const switches = new Set(['tone', 'stdin']);
const valued = new Set(['url', 'id', 'width', 'height', 'fps', 'port']);

/** Reads the command line. Pure. */
export function readDemoArguments(argv: readonly string[]): DemoArguments {
  const given = new Map<string, string>();
  for (let i = 0; i < argv.length; i += 1) {
    const argument = argv[i] ?? '';
    if (argument === '--help' || argument === '-h') return { ok: false, help: true, message: demoHelp };
    const long = /^--([a-z]+)(?:=(.*))?$/s.exec(argument);
    const name = long?.[1] ?? '';
    if (switches.has(name)) given.set(name, 'yes');
    else if (valued.has(name)) {
      const value = long?.[2] ?? argv[i + 1];
      if (long?.[2] === undefined) i += 1;
      if (value === undefined) return refusal(`--${name} needs a value.`);
      given.set(name, value);
    } else if (!argument.startsWith('-') || argument.startsWith('--')) {
      return refusal(`Not understood: ${argument}`);
    } else {
      const flag = /^-([A-Za-z]+)=(.*)$/s.exec(argument);
      const known = unrealFlags[flag?.[1]?.toLowerCase() ?? ''];
      if (known !== undefined) given.set(known, flag?.[2] ?? '');
    }
  }
  return check(given);
}

function check(given: ReadonlyMap<string, string>): DemoArguments {
  const url = given.get('url') ?? '';
  if (!/^wss?:\/\/./.test(url)) return refusal('Give the address of the signalling server: --url ws://…');
  const numbers: Record<string, number> = {};
  for (const [name, least, most, usual] of [
    ['width', 64, 7_680, 1_280],
    ['height', 64, 4_320, 720],
    ['fps', 1, 120, 30],
    ['port', 0, 65_535, 0],
  ] as const) {
    const value = given.has(name) ? Number(given.get(name)) : usual;
    if (!Number.isInteger(value) || value < least || value > most)
      return refusal(`--${name} is a whole number from ${least} to ${most}.`);
    numbers[name] = value;
  }
  const { width = 0, height = 0, fps = 0, port } = numbers;
  return {
    ok: true,
    options: {
      url,
      id: given.get('id') || 'demo',
      width,
      height,
      fps,
      port: given.has('port') ? port : undefined,
      tone: given.has('tone'),
      stdin: given.has('stdin'),
    },
  };
}

const refusal = (message: string): DemoArguments => ({ ok: false, help: false, message });
