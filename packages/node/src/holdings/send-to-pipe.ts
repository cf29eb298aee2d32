import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import { hostControlVariable } from '@backlot/contract/host/protocol';

export interface PipeOptions {
  readonly signal: AbortSignal;
  /** The control plane's address; a host leaves it out and takes the one that its agent has told it. */
  readonly control?: string;
}

/** With several control processes behind one address, another connection may reach the right one. */
const TRIES = 5;
const PAUSE_MS = 200;
/** The longest without a byte moving, in milliseconds; a reader that pauses keeps the connection alive. */
const STALL_MS = 120_000;
const CONTINUE_MS = 3_000;

/**
 * Sends bytes through a pipe of the control plane (`url` as it came in a call), as fast as they are read there.
 *
 * @param body made anew for each try; nothing of it is read before somebody waits at the other end
 * @returns `read` when all was taken, `left` when the reader had enough before the end
 * @throws pipe_refused, connection_failed, the signal's reason
 */
export async function sendToPipe(
  url: string,
  body: () => Readable,
  { signal, control = process.env[hostControlVariable] }: PipeOptions,
): Promise<'read' | 'left'> {
  if (!control) throw refused('its address is not known here');
  const base = new URL(control);
  const target = new URL(url, base);
  // The ticket is for the control plane alone.
  if (target.origin !== base.origin) throw refused('the address is not its own');
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const answer = await post(target, body(), signal);
    if (answer === 204) return 'read';
    if (answer === 200) return 'left';
    if (answer !== 404 || tries >= TRIES) throw refused(`it answers ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries));
  }
}

function refused(reason: string): BacklotError {
  return new BacklotError(transferErrors.pipe_refused, { params: { reason } });
}

function post(target: URL, body: Readable, signal: AbortSignal): Promise<number> {
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // A connection of its own: whoever reads may take hours, and may break it off.
    const request = send(target, {
      method: 'POST',
      agent: false,
      signal,
      headers: { 'content-type': 'application/octet-stream', expect: '100-continue' },
    });
    request.setTimeout(STALL_MS, () => request.destroy(new Error('Nothing moved on the connection.')));
    let answered = false;
    const failed = (error: Error) => {
      body.destroy();
      if (answered) return;
      reject(
        signal.aborted
          ? signal.reason
          : new BacklotError(transferErrors.connection_failed, {
              params: { reason: error.message },
              cause: error,
            }),
      );
    };
    request.on('error', failed);
    let begun = false;
    const begin = () => {
      if (!begun && !answered) pipeline(body, request).catch(failed);
      begun = true;
    };
    request.once('continue', begin);
    // Something on the way may have swallowed the question.
    const impatient = setTimeout(begin, CONTINUE_MS);
    request.once('close', () => clearTimeout(impatient));
    request.once('response', (message) => {
      answered = true;
      // An answer before the last byte: the rest is of no interest to anybody.
      body.destroy();
      message.resume();
      message.on('error', () => undefined);
      message.once('close', () => request.destroy());
      resolve(message.statusCode ?? 0);
    });
  });
}
