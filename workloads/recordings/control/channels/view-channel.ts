import type { Actor, Kernel } from '@backlot/control/workload';
import { Cron } from 'croner';
import { type Channel, ChannelLive, type ChannelSettings } from '../../contract/channel.ts';
import { shownAddress } from '../../contract/source.ts';
import type { Schedule } from '../../contract/watch.ts';
import { type ChannelRow, tables } from '../tables.ts';
import { readChannels } from './channel-facts.ts';
import { withoutSecrets } from './source-input.ts';

/** Channels as the API shows them, with what their recorders say now. */
export async function viewChannels(
  kernel: Kernel,
  rows: readonly ChannelRow[],
  actor: Actor,
): Promise<Channel[]> {
  const [all, live] = await Promise.all([
    readChannels(kernel.db, rows),
    rows.length === 0
      ? []
      : tables(kernel.db)
          .selectFrom('recordings_broadcast')
          .select(['id', 'channel_id'])
          .where('state', '=', 'live')
          .where(
            'channel_id',
            'in',
            rows.map(({ id }) => id),
          )
          .orderBy('started_at', 'asc')
          .execute(),
  ]);
  const broadcast = new Map(live.map(({ id, channel_id }) => [channel_id, id]));
  return all.map(({ row, task, allocation }) => {
    const mayChange = kernel.access.may(actor, 'recordings.write', row.project_id);
    const said = task?.progress ? ChannelLive.safeParse(task.progress) : undefined;
    return {
      id: row.id,
      projectId: row.project_id,
      settings: mayChange ? row.settings : publicSettings(row.settings),
      address: shownAddress(row.settings.source),
      enabled: row.enabled,
      state: row.state,
      reason: row.reason,
      title: row.title,
      nodeId: allocation?.nodeId ?? null,
      jobId: row.job_id,
      broadcastId: broadcast.get(row.id) ?? null,
      live: task?.state === 'running' && said?.success ? said.data : null,
      nextAt: nextWindow(row.settings.schedule, kernel.clock.now()),
      createdAt: row.created_at.toISOString(),
      lastLiveAt: row.last_live_at?.toISOString() ?? null,
    };
  });
}

function publicSettings(settings: ChannelSettings): ChannelSettings {
  return { ...settings, source: withoutSecrets(settings.source) };
}

/** When a window of the schedule opens next; null without a schedule, and for one that never opens again. */
export function nextWindow(schedule: Schedule | null, now: number): string | null {
  if (!schedule) return null;
  const times = schedule.windows.flatMap(({ cron }) => {
    const next = readCron(cron, schedule.timeZone)?.nextRun(new Date(now));
    return next ? [next.getTime()] : [];
  });
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}

/** Undefined for what is no expression, or no time zone. */
function readCron(expression: string, timezone: string): Cron | undefined {
  try {
    return new Cron(expression, { paused: true, timezone });
  } catch {
    return undefined;
  }
}

/** Why a schedule can't be kept; undefined when it can. */
export function faultOfSchedule(schedule: Schedule | null): string | undefined {
  for (const { cron } of schedule?.windows ?? []) {
    try {
      new Cron(cron, { paused: true, timezone: schedule?.timeZone ?? 'UTC' }).nextRun();
    } catch (error) {
      return error instanceof Error ? error.message.slice(0, 200) : 'it is no cron expression';
    }
  }
  return undefined;
}
