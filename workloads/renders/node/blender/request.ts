import { z } from 'zod';
import type { ModelFormat } from '../../contract.ts';
import { MissingFile, ModelFacts } from '../../contract.ts';

/** Version of the talk between these schemas and `blender/stage/protocol.py`. */
export const PROTOCOL = 1;

/** Failures that the script has a name for, with the exit code each ends the process with (`protocol.EXIT_CODES`). */
export const exitCodes = {
  script_fault: 9,
  bad_request: 20,
  no_geometry: 21,
  unreadable: 22,
  capability_missing: 23,
  no_such_camera: 24,
  empty_picture: 25,
  output_failed: 26,
  too_large: 27,
  files_missing: 28,
  unsupported_version: 29,
} as const;
export const FailureCode = z.enum(Object.keys(exitCodes) as [keyof typeof exitCodes]);
export type FailureCode = z.infer<typeof FailureCode>;

/** The script's stage options, `auto` allowed where it is an import that resolves it. */
interface StageRequest {
  readonly camera: Readonly<Record<string, unknown>>;
  readonly light: string;
  readonly floor: string;
  readonly gain?: number;
  readonly resolution: readonly [number, number];
  readonly transparent: boolean;
  readonly turntable: { readonly frames: number } | null;
  readonly animation: readonly [number, number] | null;
}

/** What every request begins with. Paths are absolute. */
interface Common {
  readonly result: string;
  readonly progress: string;
}
export interface ImportRequest extends Common {
  readonly mode: 'import';
  readonly model: { readonly path: string; readonly format: ModelFormat; readonly folder: string };
  readonly upAxis: string;
  readonly stage: StageRequest;
  readonly limits: { readonly polygons: number };
  readonly threads: number;
  readonly outputs: { readonly scene: string; readonly preview: string; readonly scratch: string };
  readonly preview: {
    readonly resolution: readonly [number, number];
    readonly samples: number;
    readonly seconds: number;
  };
}
export interface RenderRequest extends Common {
  readonly mode: 'render';
  readonly scene: string;
  /** Folder of the model's own files, when some of them could not be packed into the scene. */
  readonly sources: string | null;
  readonly imported: boolean;
  readonly stage: StageRequest;
  readonly stillFrame: number;
  readonly frames: readonly { readonly number: number; readonly file: string }[];
  readonly output: { readonly folder: string; readonly format: string; readonly depth: number };
  readonly engine: Readonly<Record<string, unknown>>;
}
export interface ProbeRequest extends Common {
  readonly mode: 'probe';
  readonly samples: Readonly<Record<string, string>>;
  readonly scratch: string;
  readonly engines: readonly string[];
  /** Trials that ended Blender itself the last time: not to be repeated. */
  readonly skip: readonly string[];
}
export type BlenderRequest = ImportRequest | RenderRequest | ProbeRequest;

/** Facts as the script finds them; what only the node knows is added to make `ModelFacts`. */
export const ScriptFacts = ModelFacts.omit({ main: true, magenta: true });

const Failed = z.object({
  outcome: z.literal('failed'),
  failure: z.object({
    code: FailureCode,
    detail: z.string(),
    data: z
      .looseObject({
        needs: z.string(),
        points: z.number(),
        edges: z.number(),
        polygons: z.number(),
        limit: z.number(),
        wanted: z.string(),
        cameras: z.array(z.string()),
        files: z.array(MissingFile),
      })
      .partial(),
  }),
});
export type NamedFailure = z.infer<typeof Failed>['failure'];
const common = { protocol: z.literal(PROTOCOL), seconds: z.number() };

export const FrameFact = z.object({
  frame: z.number().int(),
  file: z.string(),
  seconds: z.number().nonnegative(),
  size: z.number().int(),
});
export type FrameFact = z.infer<typeof FrameFact>;

/** The result file of each mode: written whole or not at all. */
export const ImportOutcome = z.discriminatedUnion('outcome', [
  z.object({ ...common, outcome: z.literal('ok'), facts: ScriptFacts }),
  Failed.extend(common),
]);
export const RenderOutcome = z.discriminatedUnion('outcome', [
  z.object({
    ...common,
    outcome: z.literal('ok'),
    frames: z.array(FrameFact),
    readySeconds: z.number().nonnegative(),
  }),
  Failed.extend(common),
]);
const Trial = z.object({ ok: z.boolean(), seconds: z.number(), detail: z.string() });
export const ProbeOutcome = z.discriminatedUnion('outcome', [
  z.object({
    ...common,
    outcome: z.literal('ok'),
    version: z.string(),
    versionText: z.string(),
    buildOptions: z.record(z.string(), z.boolean()),
    devices: z.array(z.object({ name: z.string(), type: z.string() })),
    trials: z.record(z.string(), Trial),
  }),
  Failed.extend(common),
]);
export type ProbeOutcome = z.infer<typeof ProbeOutcome>;

/** One line of the progress file. Unknown events are skipped: an older agent may watch a newer script. */
export const ProgressLine = z.discriminatedUnion('event', [
  z.object({ event: z.literal('phase'), at: z.number(), name: z.string(), seconds: z.number().optional() }),
  z.object({ event: z.literal('begin'), at: z.number(), frame: z.number().int() }),
  FrameFact.extend({ event: z.literal('frame'), at: z.number() }),
  z.object({ event: z.literal('trial'), at: z.number(), name: z.string() }),
]);
export type ProgressLine = z.infer<typeof ProgressLine>;
export type RenderOutcome = z.infer<typeof RenderOutcome>;
export type ImportOutcome = z.infer<typeof ImportOutcome>;
