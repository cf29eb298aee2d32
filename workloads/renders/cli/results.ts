import { relative } from 'node:path';
import { type CommandContext, DownloadBroken, downloadArtifact } from '@backlot/cli/command';
import type { Artifact } from '@backlot/contract/api/artifacts';
import { outputs, type Render } from '../contract.ts';
import type { Client } from './api.ts';
import { incomplete, reasonText } from './follow.ts';
import { words } from './words.ts';

/** Kinds of results that a person gets. */
const resultKinds: ReadonlySet<string> = new Set([outputs.frame.kind, outputs.film.kind, outputs.sheet.kind]);

/** The folder that results are fetched into, each once, while the render goes on. */
export class ResultFolder {
  readonly path: string;
  readonly #client: Client;
  readonly #signal: AbortSignal;
  readonly #fetched = new Map<string, string>();

  constructor(client: Client, path: string, signal: AbortSignal) {
    this.#client = client;
    this.path = path;
    this.#signal = signal;
  }

  /** Frames that are done and not here yet. */
  async fetchFrames(render: Render): Promise<void> {
    for (const { artifactId, state } of render.frames) {
      if (state !== 'done' || artifactId === null || this.#fetched.has(artifactId)) continue;
      await this.fetch(await this.#client.artifacts.get(artifactId, this.#signal));
    }
  }

  /** Everything that a finished job has made. Returns the names of its results. */
  async fetchAll(jobId: string): Promise<string[]> {
    const names: string[] = [];
    for await (const artifact of this.#client.artifacts.list({ jobId }, this.#signal)) {
      if (!resultKinds.has(artifact.kind)) continue;
      names.push(artifact.name);
      await this.fetch(artifact);
    }
    return names;
  }

  async fetch(artifact: Artifact): Promise<void> {
    if (this.#fetched.has(artifact.id)) return;
    this.#fetched.set(artifact.id, await downloadArtifact(this.#client, artifact, this.path, this.#signal));
  }

  get files(): string[] {
    return [...this.#fetched.values()].sort();
  }
}

/** Ends a command with the results of a render: 0 only when it succeeded and every file is here and sound. */
export async function finish(context: CommandContext, render: Render, folder: ResultFolder): Promise<0 | 1> {
  const { out, say, language, cwd } = context;
  const { job } = render;
  let names: string[];
  try {
    // Also of a render that failed: finished frames are worth having.
    names = await folder.fetchAll(job.id);
  } catch (error) {
    if (!(error instanceof DownloadBroken)) throw error;
    out.warn(say(words.broken, { name: error.message, id: job.id }));
    return 1;
  }
  const lacking = job.state === 'succeeded' ? incomplete(render, names) : [];
  out.result({ job, folder: folder.path, files: folder.files }, () => [
    say(words.saved, { count: folder.files.length, folder: relative(cwd, folder.path) || '.' }),
  ]);
  if (job.state !== 'succeeded') {
    const reason = job.failure ? reasonText(job.failure.reason, language) : job.state;
    out.warn(say(words.failed, { reason }));
    return 1;
  }
  if (lacking.length > 0) {
    out.warn(say(words.notWhole, { what: lacking.join(', ') }));
    return 1;
  }
  return 0;
}
