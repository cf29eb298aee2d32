import type { Kernel } from '@backlot/control/workload';
import { Broadcasts } from './broadcasts/broadcasts.ts';
import { BroadcastSweep } from './broadcasts/sweep.ts';
import { Channels } from './channels/channels.ts';
import { ChannelKeeper } from './channels/keeper.ts';

/** The parts of the deciding half that routes, reactions and timers share: one set for each control process. */
export interface RecordingsRuntime {
  readonly keeper: ChannelKeeper;
  readonly channels: Channels;
  readonly broadcasts: Broadcasts;
  readonly sweep: BroadcastSweep;
}

const runtimes = new WeakMap<Kernel, RecordingsRuntime>();

export function runtimeOf(kernel: Kernel): RecordingsRuntime {
  let runtime = runtimes.get(kernel);
  if (!runtime) {
    const keeper = new ChannelKeeper(kernel);
    runtime = {
      keeper,
      channels: new Channels(kernel, keeper),
      broadcasts: new Broadcasts(kernel),
      sweep: new BroadcastSweep(kernel),
    };
    runtimes.set(kernel, runtime);
  }
  return runtime;
}
