import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, NodeView, Task } from '@backlot/contract';
import { all, tasksOf } from '../../test/system/jobs.ts';
import { submitRender, upload } from '../../test/system/renders.ts';
import { type Studio, startStudio } from '../../test/system/studio.ts';
import { waitUntil } from '../../test/system/wait-until.ts';

export interface RenderBenchOptions {
  /** Frames of the animation. */
  readonly tasks?: number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** The same picture settings on both sides. */
const picture = { width: 320, height: 180, samples: 16 };
/** How long either side may take; it ends the bench, and decides nothing. */
const limitMs = 20 * 60_000;

/**
 * An animation of many short frames: the wall time of the whole product against one plain `blender -a` of the same
 * file on the same machine, one after the other in one run. What is said is their ratio, so that it holds on any
 * machine: 1 would mean that importing, checking, committing, moving and filming cost nothing at all.
 */
export async function run({ tasks: frames = 60, signal, report }: RenderBenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'backlot-bench-renders-'));
  let studio: Studio | undefined;
  try {
    report('Making a scene');
    const scene = join(folder, 'heads.blend');
    await blender(['--python-exit-code', '9', '--python-expr', sceneScript(frames), '--', scene], signal);

    report(`Plain blender -a, ${frames} frames`);
    const plain = await timed(() => blender([scene, '-o', join(folder, 'plain', 'f-####'), '-a'], signal));
    const made = (await readdir(join(folder, 'plain'))).length;
    if (made !== frames) throw new Error(`Plain Blender made ${made} of ${frames} frames.`);

    report('Starting Backlot');
    studio = await startStudio();
    const fleet = studio;
    await waitUntil('the node has proved Blender', async () =>
      (await all<NodeView>(fleet, '/api/v1/nodes')).some((node) =>
        node.capabilities.some((c) => c.name === 'blender'),
      ),
    );
    await upload(studio, scene);

    report(`Backlot, ${frames} frames`);
    let job: Job | undefined;
    const product = await timed(async () => {
      const { job: submitted } = await submitRender(
        fleet,
        scene,
        {
          subject: { kind: 'animation' },
          ...picture,
          camera: { mode: 'scene' },
          light: 'scene',
          floor: 'off',
          denoise: 'off',
        },
        'bench',
      );
      job = await ended(fleet, submitted.id, signal);
    });
    if (job?.state !== 'succeeded') throw new Error(`The job ended ${job?.state}.`);
    const spans = phases(await tasksOf(studio, job.id));

    const ratio = product / plain;
    return {
      bars: [
        {
          name: 'wall time against plain blender -a',
          wanted: '<= 1.10 (with a warm Blender; chunks of cold ones are above)',
          found: ratio.toFixed(2),
          ok: ratio <= 1.1,
        },
      ],
      measured: {
        frames,
        cores: cpus().length,
        'plain, s': round(plain / 1000),
        'Backlot, submit to film, s': round(product / 1000),
        'ratio, whole job': round(ratio),
        ...spans,
      },
    };
  } finally {
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A dozen smoothed heads under the file's own light, turning: about a second a frame on two cores. */
function sceneScript(frames: number): string {
  return [
    'import bpy, sys',
    'scene = bpy.context.scene',
    'bpy.data.objects.remove(bpy.data.objects["Cube"])',
    'for i in range(12):',
    '    bpy.ops.mesh.primitive_monkey_add(size=1.2, location=((i % 4) * 1.6 - 2.4, (i // 4) * 1.6 - 1.6, 0))',
    '    head = bpy.context.object',
    '    head.modifiers.new("s", "SUBSURF").render_levels = 2',
    '    head.keyframe_insert("rotation_euler", frame=1)',
    '    head.rotation_euler = (0.0, 0.0, 3.0)',
    `    head.keyframe_insert("rotation_euler", frame=${frames})`,
    'scene.render.engine = "CYCLES"',
    `scene.cycles.samples = ${picture.samples}`,
    'scene.cycles.use_denoising = False',
    'scene.cycles.use_adaptive_sampling = False',
    `scene.render.resolution_x = ${picture.width}`,
    `scene.render.resolution_y = ${picture.height}`,
    'scene.render.image_settings.file_format = "PNG"',
    'scene.frame_start = 1',
    `scene.frame_end = ${frames}`,
    'bpy.ops.wm.save_as_mainfile(filepath=sys.argv[sys.argv.index("--") + 1])',
  ].join('\n');
}

async function blender(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn('blender', ['-b', '--factory-startup', ...args], {
    stdio: 'ignore',
    signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
    killSignal: 'SIGKILL',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`Blender ended with ${code}.`);
}

async function ended(studio: Studio, id: string, signal: AbortSignal): Promise<Job> {
  return waitUntil(
    'the job has ended',
    async () => {
      signal.throwIfAborted();
      const job = await studio.api<Job>('GET', `/api/v1/jobs/${id}`);
      return ['succeeded', 'failed', 'canceled', 'held'].includes(job.state) ? job : undefined;
    },
    { limitMs, everyMs: 50 },
  );
}

/** Seconds that each kind of task took from its first start to its last end. */
function phases(tasks: readonly Task[]): Record<string, number> {
  const kinds = [...new Set(tasks.map((task) => task.kind))];
  return Object.fromEntries(
    kinds.map((kind) => {
      const own = tasks.filter((task) => task.kind === kind);
      const starts = own.map((task) => Date.parse(task.allocation?.startedAt ?? task.createdAt));
      const ends = own.map((task) => Date.parse(task.endedAt ?? task.createdAt));
      return [`${kind} (${own.length}), s`, round((Math.max(...ends) - Math.min(...starts)) / 1000)];
    }),
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const round = (value: number) => Math.round(value * 100) / 100;
