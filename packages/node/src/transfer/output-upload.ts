import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Output } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import { OutputName } from '@backlot/contract/output';
import type { Logger } from 'pino';
import type { OutputFile } from '../workload.ts';
import { type ControlHttp, ControlRefusal } from './control-http.ts';
import { persevere } from './persevere.ts';
import { openPlainFile } from './plain-file.ts';

export interface OutputUploadOptions {
  readonly http: ControlHttp;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Path of the allocation below the control plane's address. */
  readonly base: string;
  /** Asked for at each try: it is renewed over the link. */
  readonly token: () => string;
}

/** Files below this size are sent without asking how much is there already. */
const SMALL_BYTES = 1024 * 1024;

/**
 * Uploads a finished file and gives the output to be reported. Goes on where an earlier try broke off, also one of an
 * agent before this one, and for as long as the control plane is away.
 *
 * @throws output_not_plain, output_changed, or a refusal of the control plane
 */
export async function uploadOutput(
  options: OutputUploadOptions,
  workDir: string,
  output: OutputFile,
  signal: AbortSignal,
): Promise<Output> {
  OutputName.parse(output.name);
  const { file, size } = await openPlainFile(workDir, output.path);
  try {
    const digest = await hash(file, output.path, size, signal);
    const query = new URLSearchParams({ size: String(size), sha256: digest });
    const path = `${options.base}/outputs/${output.name.split('/').map(encodeURIComponent).join('/')}`;
    let offset: number | undefined = size < SMALL_BYTES ? 0 : undefined;
    await persevere(
      async () => {
        if (offset === undefined) {
          const there = await askProgress(options, `${path}?${query}`, signal);
          // All bytes alone are not enough: a control plane that lost its database after the last of them has not
          // written down yet that the output is whole. Then the last, empty piece is sent for it to do so.
          if (there.complete) return;
          offset = there.offset;
        }
        const from = offset;
        // Whatever happens now, the next try has to ask.
        offset = undefined;
        await send(
          options,
          `${path}?offset=${from}&${query}`,
          { file, path: output.path, from, size },
          signal,
        );
      },
      { what: `output ${output.name}`, ...options, signal },
    );
    return {
      name: output.name,
      kind: output.kind,
      digest,
      size,
      mediaType: output.mediaType,
      meta: output.meta ?? {},
    };
  } finally {
    await file.close();
  }
}

async function askProgress(
  options: OutputUploadOptions,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly offset: number; readonly complete: boolean }> {
  try {
    const answer = await options.http.send({ method: 'HEAD', path, token: options.token(), signal });
    answer.body.resume();
    const offset = Number(answer.headers['upload-offset']);
    return {
      offset: Number.isSafeInteger(offset) && offset >= 0 ? offset : 0,
      complete: answer.headers['upload-complete'] === '?1',
    };
  } catch (error) {
    if (error instanceof ControlRefusal && error.status === 404) return { offset: 0, complete: false };
    throw error;
  }
}

async function send(
  options: OutputUploadOptions,
  path: string,
  part: { readonly file: FileHandle; readonly path: string; readonly from: number; readonly size: number },
  signal: AbortSignal,
): Promise<void> {
  const length = part.size - part.from;
  const stream = part.file.createReadStream({
    start: part.from,
    end: Math.max(part.from, part.size - 1),
    autoClose: false,
  });
  const answer = await options.http.send({
    method: 'PUT',
    path,
    token: options.token(),
    body: { stream, length },
    signal,
  });
  answer.body.resume();
}

async function hash(file: FileHandle, path: string, size: number, signal: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256');
  let length = 0;
  // Not given the signal: aborted before anybody listens, a stream throws where nobody can catch it.
  const stream = file.createReadStream({ start: 0, autoClose: false });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    sha256.update(chunk);
    length += chunk.length;
  }
  if (length !== size) throw new BacklotError(transferErrors.output_changed, { params: { path } });
  return sha256.digest('hex');
}
