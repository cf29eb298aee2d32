import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Launch, programCode, programFile, type TaskContext, TaskFailure } from '@backlot/node/workload';
import { type DressedTarget, deliveryFailure } from '../../contract.ts';
import { allowedFolders } from '../probe/delivery-probe.ts';
import { rcloneCapability } from '../probe/rclone-probe.ts';
import { files, type WorkRequest } from './request.ts';

/** A target that is dead for longer is asked again by another attempt, which has the settings of its own time. */
export const patienceMs = 15 * 60_000;
/** Nothing has gone through for so long: somebody should know. A node's operator may want it sooner or later. */
export const alarmVariable = 'BACKLOT_DELIVERY_ALARM_SECONDS';
const usualAlarmMs = 60_000;

export function alarmMs(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const seconds = Number(env[alarmVariable]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : usualAlarmMs;
}

/** What the executors of this workload have in common: a target, dressed. */
export interface TargetParameters {
  readonly target: string;
  readonly secrets?: DressedTarget | undefined;
  /** Other times, for tests. */
  readonly times?: Times | undefined;
}
export interface Times {
  readonly patienceMs: number;
  readonly alarmMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly idleMs: number;
}

/** The target that the offer was dressed with. @throws TaskFailure when there is none that can be used here */
export function targetOf(context: TaskContext<TargetParameters>): WorkRequest['target'] {
  const { target: name, secrets } = context.parameters;
  if (!secrets)
    throw new TaskFailure(deliveryFailure('product', 'deliveries.target_missing', { target: name }));
  if ('missing' in secrets) {
    const code = {
      unknown: 'deliveries.target_missing',
      disabled: 'deliveries.target_disabled',
      'wrong-kind': 'deliveries.target_wrong_kind',
      sealed: 'deliveries.secrets_lost',
    } as const;
    // `transfer`, so that it goes on by itself once the target is there: what waits for it is never given up.
    throw new TaskFailure(
      deliveryFailure('transfer', code[secrets.missing], { target: name }, secrets.missing),
    );
  }
  const { target } = secrets;
  if (target.kind === 'rclone' && !context.capabilities.some((one) => one.name === rcloneCapability)) {
    throw new TaskFailure(deliveryFailure('capability', 'deliveries.no_rclone', {}, 'rclone'));
  }
  if (target.kind === 'folder' && allowedFolders(context.capabilities).length === 0) {
    const path = String(target.settings.path ?? '');
    throw new TaskFailure(
      deliveryFailure('capability', 'deliveries.folder_not_allowed', { path }, 'folders'),
    );
  }
  return target;
}

/**
 * Writes what the program needs into a private file of the work folder, and says how to start it. rclone runs in the
 * sandbox, since its configuration is somebody's text that may name programs and paths; the rest is ours alone, and a
 * folder target has to be written outside of the work folder.
 */
export async function startWork(
  context: TaskContext<TargetParameters>,
  work: WorkRequest['work'],
): Promise<Launch> {
  const request = await writeRequest(context, work);
  const program = programFile(import.meta.url, './deliver-main');
  const argv: Launch['argv'] = [process.execPath, '--no-warnings', program, request.file];
  // For orders.
  const stdin = 'pipe';
  if (request.kind !== 'rclone') return { argv, stdin };
  return {
    argv,
    stdin,
    sandbox: { network: 'host', readOnly: programCode(program) },
  };
}

/** @returns where the request stands, and of which kind its target is */
async function writeRequest(
  context: TaskContext<TargetParameters>,
  work: WorkRequest['work'],
): Promise<{ readonly file: string; readonly kind: WorkRequest['target']['kind'] }> {
  const { workDir, keepDir, capabilities, parameters } = context;
  const target = targetOf(context);
  const scratch = join(workDir, 'scratch');
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const { times } = parameters;
  const rclone = capabilities.find(({ name }) => name === rcloneCapability)?.details.path;
  const request: WorkRequest = {
    target,
    means: {
      keep: keepDir,
      scratch,
      rclone: typeof rclone === 'string' ? rclone : null,
      folders: allowedFolders(capabilities),
    },
    work,
    patienceMs: times?.patienceMs ?? patienceMs,
    alarmMs: times?.alarmMs ?? alarmMs(),
    disk: context.disk(),
    ...(times ? { pace: { firstMs: times.firstMs, lastMs: times.lastMs, idleMs: times.idleMs } } : {}),
  };
  const file = join(workDir, files.request);
  await writeFile(file, JSON.stringify(request), { mode: 0o600 });
  return { file, kind: target.kind };
}
