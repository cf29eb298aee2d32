import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import type { TaskExecutor } from '@backlot/node/workload';
import { InstanceParameters, instanceCalls, ResetCall, ThumbnailCall } from '../../contract.ts';
import { platformOf } from '../platform.ts';
import { findProgram, lacking } from './find-program.ts';
import { freePort } from './free-port.ts';
import { judgeExit } from './judge-exit.ts';
import { writeNotes } from './notes.ts';
import { launchValues, planLaunch } from './plan-launch.ts';
import { resetInstance } from './reset-instance.ts';
import { takeThumbnail } from './take-thumbnail.ts';
import { factsOf, lastSaid, watchInstance } from './watch-instance.ts';

/** Of each stream, for the excerpt of a failure. */
const tailBytes = 4_096;

/**
 * Runs one instance of an app: the application itself is the process of the allocation. It is not put into a sandbox:
 * engines need the machine's GPU, sound and display in ways of their own, and an operator chose the program.
 */
export const instanceExecutor: TaskExecutor<InstanceParameters> = {
  parameters: InstanceParameters,

  async prepare({ parameters, offer, workDir }) {
    const port = await freePort();
    const platform = platformOf(process.platform);
    const launch = planLaunch(parameters, platform, launchValues(parameters, offer, port));
    if (!launch) {
      const { app, version } = parameters;
      throw lacking('streams.platform_unsupported', { app, version, platform: platform ?? process.platform });
    }
    const argv = await findProgram(launch);
    await writeNotes(workDir, { port });
    return {
      argv,
      env: launch.env,
      ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
      ...(parameters.reset.kind === 'stdin' ? { stdin: 'pipe' as const } : {}),
    };
  },

  watch: watchInstance,

  async conclude(context) {
    const { parameters, exit, offer } = context;
    const judgement = judgeExit({
      exit,
      parameters,
      memory: offer.resources.memory,
      stdout: await context.logTail('stdout', tailBytes),
      stderr: await context.logTail('stderr', tailBytes),
    });
    return judgement.outcome === 'ok' ? { ...judgement, outputs: [] } : judgement;
  },

  async call(context, { method, payload }) {
    switch (method) {
      case instanceCalls.reset:
        return await resetInstance(context, ResetCall.parse(payload));
      case instanceCalls.thumbnail:
        return await takeThumbnail(context, ThumbnailCall.parse(payload));
      case instanceCalls.facts:
        return await factsOf(context, await context.measure(), undefined, await lastSaid(context));
      default:
        throw new BacklotError(linkErrors.call_not_understood, { params: { method } });
    }
  },
};
