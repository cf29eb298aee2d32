import { AppRecipe, type AppRecipeInput, type ResetHook } from '../../contract/app.ts';
import { DEMO_PROGRAM } from '../../contract/tasks.ts';

/**
 * A version's recipe as people edit it: one argument per line, one variable per line, amounts in the units that they
 * think in. What the form doesn't show (per-platform variants, pool, labels) is carried along unchanged.
 */
export interface RecipeDraft {
  /** The program first, then its arguments: a line is one argument, whatever spaces it has. */
  readonly argv: string;
  readonly cwd: string;
  /** `NAME=value`, one per line. */
  readonly env: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly cpu: number;
  readonly memoryGiB: number;
  readonly usesGpu: boolean;
  readonly vramGiB: number;
  readonly encoderSessions: number;
  readonly perNode: number | null;
  readonly perGpu: number | null;
  readonly startTimeoutSeconds: number;
  readonly pictureTimeoutSeconds: number;
  readonly stopGraceSeconds: number;
  readonly recycleMemoryGiB: number | null;
  readonly recycleVramGiB: number | null;
  readonly recycleAgeMinutes: number | null;
  readonly recycleSessions: number | null;
  readonly memoryLimitGiB: number | null;
  readonly resetKind: ResetHook['kind'];
  readonly resetType: 'uiInteraction' | 'command';
  readonly resetPayload: string;
  readonly resetAcknowledge: string;
  readonly resetUrl: string;
  readonly resetMethod: 'POST' | 'PUT' | 'GET';
  readonly resetLine: string;
  readonly resetDeadlineSeconds: number;
  readonly rest: Pick<AppRecipe, 'platforms' | 'placement'>;
}

const gib = 1024 ** 3;
const toGiB = (bytes: number) => Math.round((bytes / gib) * 100) / 100;
const toBytes = (amount: number) => Math.round(amount * gib);
const orNull = (amount: number | null, by: (value: number) => number) =>
  amount === null ? null : by(amount);

export function toDraft(recipe: AppRecipe): RecipeDraft {
  const { launch, resources, picture, recycle, reset } = recipe;
  const payload = reset.kind === 'message' ? reset.payload : '';
  return {
    argv: launch.argv.join('\n'),
    cwd: launch.cwd ?? '',
    env: Object.entries(launch.env)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    width: picture.width,
    height: picture.height,
    fps: picture.fps,
    cpu: resources.cpu,
    memoryGiB: toGiB(resources.memory),
    usesGpu: resources.gpu !== null,
    vramGiB: toGiB(resources.gpu?.vram ?? 4 * gib),
    encoderSessions: resources.gpu?.encoderSessions ?? 1,
    perNode: resources.perNode,
    perGpu: resources.perGpu,
    startTimeoutSeconds: recipe.startTimeoutSeconds,
    pictureTimeoutSeconds: recipe.pictureTimeoutSeconds,
    stopGraceSeconds: recipe.stopGraceSeconds,
    recycleMemoryGiB: orNull(recycle.memory, toGiB),
    recycleVramGiB: orNull(recycle.vram, toGiB),
    recycleAgeMinutes: orNull(recycle.ageSeconds, (seconds) => Math.round((seconds / 60) * 10) / 10),
    recycleSessions: recycle.sessions,
    memoryLimitGiB: orNull(recipe.memoryLimit, toGiB),
    resetKind: reset.kind,
    resetType: reset.kind === 'message' ? reset.type : 'uiInteraction',
    resetPayload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    resetAcknowledge: reset.kind === 'message' || reset.kind === 'stdin' ? (reset.acknowledge ?? '') : '',
    resetUrl: reset.kind === 'http' ? reset.url : 'http://127.0.0.1:{port}/reset',
    resetMethod: reset.kind === 'http' ? reset.method : 'POST',
    resetLine: reset.kind === 'stdin' ? reset.line : 'reset',
    resetDeadlineSeconds: reset.kind === 'none' ? 5 : reset.deadlineMs / 1000,
    rest: { platforms: recipe.platforms, placement: recipe.placement },
  };
}

/** What a form begins with for an application that nobody has described yet: Unreal's usual arguments. */
export function firstDraft(): RecipeDraft {
  return toDraft(
    AppRecipe.parse({
      launch: {
        argv: [
          '/opt/apps/my-app/MyApp.sh',
          '-PixelStreamingURL={signallingUrl}',
          '-RenderOffscreen',
          '-Unattended',
          '-ResX={width}',
          '-ResY={height}',
          '-ForceRes',
        ],
      },
      resources: { cpu: 2, memory: 4 * gib, gpu: { vram: 4 * gib, encoderSessions: 1 } },
    } satisfies AppRecipeInput),
  );
}

/** The demo application, which runs wherever a node does. */
export function demoDraft(): RecipeDraft {
  return toDraft(
    AppRecipe.parse({
      launch: {
        argv: [
          DEMO_PROGRAM,
          '--url',
          '{signallingUrl}',
          '--id',
          '{instanceId}',
          '--port',
          '{port}',
          '--width',
          '{width}',
          '--height',
          '{height}',
          '--fps',
          '{fps}',
        ],
      },
      // The demo is ended above its memory, as every application is; at this size it takes some 300 MiB.
      resources: { cpu: 0.5, memory: (gib * 3) / 4 },
      picture: { width: 1280, height: 720, fps: 30 },
      reset: { kind: 'message', type: 'uiInteraction', payload: { demo: 'reset' }, acknowledge: '"ok":true' },
    } satisfies AppRecipeInput),
  );
}

/** A fault in the form: the field, and a key of the form's texts. */
export interface DraftFault {
  readonly field: keyof RecipeDraft;
  readonly fault: 'program' | 'env' | 'payload' | 'url' | 'acknowledge' | 'other';
  readonly message?: string;
}

/** The recipe that a draft describes, or what is wrong with it. */
export function toRecipe(
  draft: RecipeDraft,
): { readonly recipe: AppRecipe } | { readonly faults: readonly DraftFault[] } {
  const faults: DraftFault[] = [];
  const argv = draft.argv.split('\n').filter((line, at, all) => line !== '' || at < all.length - 1);
  const [program, ...rest] = argv;
  if (program === undefined || program.trim() === '') faults.push({ field: 'argv', fault: 'program' });
  const env: Record<string, string> = {};
  for (const line of draft.env.split('\n')) {
    if (line.trim() === '') continue;
    const at = line.indexOf('=');
    if (at < 1) faults.push({ field: 'env', fault: 'env', message: line });
    else env[line.slice(0, at).trim()] = line.slice(at + 1);
  }
  const reset = toReset(draft, faults);
  if (faults.length > 0) return { faults };
  const parsed = AppRecipe.safeParse({
    launch: { argv: [program, ...rest], env, ...(draft.cwd.trim() === '' ? {} : { cwd: draft.cwd.trim() }) },
    platforms: draft.rest.platforms,
    placement: draft.rest.placement,
    resources: {
      cpu: draft.cpu,
      memory: toBytes(draft.memoryGiB),
      gpu: draft.usesGpu ? { vram: toBytes(draft.vramGiB), encoderSessions: draft.encoderSessions } : null,
      perNode: draft.perNode,
      perGpu: draft.usesGpu ? draft.perGpu : null,
    },
    picture: { width: draft.width, height: draft.height, fps: draft.fps },
    reset,
    recycle: {
      memory: orNull(draft.recycleMemoryGiB, toBytes),
      vram: orNull(draft.recycleVramGiB, toBytes),
      ageSeconds: orNull(draft.recycleAgeMinutes, (minutes) => Math.round(minutes * 60)),
      sessions: draft.recycleSessions,
    },
    startTimeoutSeconds: draft.startTimeoutSeconds,
    pictureTimeoutSeconds: draft.pictureTimeoutSeconds,
    memoryLimit: orNull(draft.memoryLimitGiB, toBytes),
    stopGraceSeconds: draft.stopGraceSeconds,
  });
  if (parsed.success) return { recipe: parsed.data };
  return {
    faults: parsed.error.issues.map((issue) => ({
      field: fieldOf(issue.path.map(String)),
      fault: 'other',
      message: issue.message,
    })),
  };
}

function toReset(draft: RecipeDraft, faults: DraftFault[]): unknown {
  const deadlineMs = Math.round(draft.resetDeadlineSeconds * 1000);
  const acknowledge = draft.resetAcknowledge === '' ? null : draft.resetAcknowledge;
  switch (draft.resetKind) {
    case 'none':
      return { kind: 'none' };
    case 'message': {
      const payload = payloadOf(draft.resetPayload);
      if (payload === undefined) faults.push({ field: 'resetPayload', fault: 'payload' });
      return { kind: 'message', type: draft.resetType, payload, acknowledge, deadlineMs };
    }
    case 'http':
      return { kind: 'http', url: draft.resetUrl.trim(), method: draft.resetMethod, deadlineMs };
    case 'stdin':
      if (acknowledge === null) faults.push({ field: 'resetAcknowledge', fault: 'acknowledge' });
      return { kind: 'stdin', line: draft.resetLine, acknowledge: acknowledge ?? '', deadlineMs };
  }
}

/** A JSON object, or any other text as it is; undefined for what begins like JSON and is none. */
function payloadOf(text: string): unknown {
  if (!/^\s*\{/.test(text)) return text === '' ? undefined : text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldOf([head = '', second = '', third = '']: readonly string[]): keyof RecipeDraft {
  if (head === 'launch') return second === 'env' ? 'env' : second === 'cwd' ? 'cwd' : 'argv';
  if (head === 'picture') return second === 'height' ? 'height' : second === 'fps' ? 'fps' : 'width';
  if (head === 'reset')
    return second === 'url' ? 'resetUrl' : second === 'line' ? 'resetLine' : 'resetPayload';
  if (head === 'resources') {
    if (second === 'gpu') return third === 'encoderSessions' ? 'encoderSessions' : 'vramGiB';
    return second === 'memory' ? 'memoryGiB' : second === 'perNode' ? 'perNode' : 'cpu';
  }
  if (head === 'recycle') return 'recycleMemoryGiB';
  if (head === 'startTimeoutSeconds' || head === 'pictureTimeoutSeconds' || head === 'stopGraceSeconds') {
    return head;
  }
  return 'argv';
}
