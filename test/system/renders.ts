import { spawnSync } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { Artifact, Job } from '@backlot/contract';
import { ApiClient, uploadFile } from '@backlot/sdk';
import { firstProject } from './jobs.ts';
import type { Studio } from './studio.ts';

/** The parts of a render that tests look at; the whole shape is the workload's own. */
export interface RenderView {
  readonly job: Job;
  readonly frames: { readonly frame: number; readonly state: string; readonly artifactId: string | null }[];
  readonly film: Artifact | null;
  readonly preview: Artifact | null;
  readonly missing: { readonly path: string }[];
}

/** Uploads a file as the console and the CLI do. */
export async function upload(studio: Studio, file: string, name = basename(file)): Promise<Artifact> {
  const api = new ApiClient({ baseUrl: studio.url, token: studio.token });
  const { artifact } = await uploadFile(api.transport, await openAsBlob(file), {
    projectId: await firstProject(studio),
    name,
  });
  return artifact;
}

export async function submitRender(
  studio: Studio,
  file: string,
  settings: unknown,
  name?: string,
): Promise<RenderView> {
  const artifact = await upload(studio, file);
  return studio.api<RenderView>('POST', '/api/v1/renders', {
    projectId: await firstProject(studio),
    name: name ?? basename(file),
    model: { files: [{ artifactId: artifact.id }] },
    settings,
  });
}

/** A small scene with an animation, made by Blender itself: nothing binary has to lie in the repository. */
export function makeAnimatedBlend(file: string, frames: number): void {
  const script = [
    'import bpy, sys',
    'cube = bpy.data.objects["Cube"]',
    'cube.keyframe_insert("rotation_euler", frame=1)',
    'cube.rotation_euler = (1.0, 2.0, 3.0)',
    `cube.keyframe_insert("rotation_euler", frame=${frames})`,
    'bpy.context.scene.frame_start = 1',
    `bpy.context.scene.frame_end = ${frames}`,
    'bpy.ops.wm.save_as_mainfile(filepath=sys.argv[sys.argv.index("--") + 1])',
  ].join('\n');
  const made = spawnSync(
    'blender',
    ['-b', '--factory-startup', '--python-exit-code', '9', '--python-expr', script, '--', file],
    { timeout: 120_000, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`Blender could not make the scene: ${made.stdout}\n${made.stderr}`);
}
