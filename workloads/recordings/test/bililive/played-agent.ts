import { statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import type { HostedAllocation } from '@backlot/node/host-process';
import type { OutputFile, Report } from '@backlot/node/workload';
import { CHAT_KIND, ChatMeta, SEGMENT_KIND, SegmentMeta } from '../../contract.ts';

interface Taken<Meta> {
  readonly output: OutputFile;
  readonly meta: Meta;
  readonly bytes: Buffer;
}

/** An allocation whose agent is played: it moves reported files away, as the real one does. */
export class Played implements HostedAllocation {
  readonly id = newId();
  readonly input;
  readonly workDir: string;
  readonly inputsDir: string;
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly taken: Taken<SegmentMeta>[] = [];
  readonly chats: Taken<ChatMeta>[] = [];
  readonly facts: { kind: string; key: string; body: Record<string, unknown> }[] = [];
  /** All of it in the order in which it came: kinds of facts, and of files with their number. */
  readonly told: string[] = [];
  detail: Record<string, unknown> = {};
  /** Refuses reports, as an agent that is being killed. */
  broken = false;

  /** @param folder where its work folder is made, by its name */
  constructor(folder: string, name: string, rules: unknown) {
    this.input = { rules };
    this.workDir = join(folder, name);
    this.inputsDir = this.workDir;
  }

  progress({ detail }: { detail?: Record<string, unknown> }): void {
    this.detail = detail ?? {};
  }

  async report({ outputs = [], events = [] }: Report): Promise<void> {
    if (this.broken) throw new Error('no agent');
    for (const output of outputs) {
      const path = join(this.workDir, output.path);
      // As the real one: another name for the same bytes could be written to.
      if (statSync(path).nlink !== 1) throw new Error('no plain file');
      const bytes = await readFile(path);
      await rm(path);
      if (output.kind === CHAT_KIND) {
        this.chats.push({ output, meta: ChatMeta.parse(output.meta), bytes });
      } else if (output.kind === SEGMENT_KIND) {
        this.taken.push({ output, meta: SegmentMeta.parse(output.meta), bytes });
      }
      this.told.push(`${output.kind.replace('recordings.', '')} ${output.meta?.number}`);
    }
    for (const { kind, key, body } of events) {
      // As control does: a key is one fact.
      if (this.facts.some((fact) => fact.key === key)) continue;
      this.facts.push({ kind, key, body });
      this.told.push(kind.replace('recordings.', ''));
    }
  }

  disk() {
    return 'ok' as const;
  }

  notify(): void {}

  kinds(): string[] {
    return this.facts.map(({ kind }) => kind.replace('recordings.', ''));
  }
}
