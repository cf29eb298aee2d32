import { type AppRecipeInput, DEMO_PROGRAM } from '../contract.ts';

/** The demo application in a size that a busy machine encodes easily. */
export function smallDemo(more: Omit<AppRecipeInput, 'launch'> = {}): AppRecipeInput {
  return {
    launch: {
      argv: [
        DEMO_PROGRAM,
        '--url',
        '{signallingUrl}',
        '--id',
        '{instanceId}',
        '--width',
        '{width}',
        '--height',
        '{height}',
        '--fps',
        '{fps}',
      ],
    },
    picture: { width: 480, height: 270, fps: 15 },
    resources: { cpu: 0.1, memory: 640 * 1024 ** 2 },
    startTimeoutSeconds: 120,
    pictureTimeoutSeconds: 120,
    stopGraceSeconds: 1,
    ...more,
  };
}
