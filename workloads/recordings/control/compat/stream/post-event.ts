import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { WebhookSettings } from '@backlot/contract';
import { checkedLookup, checkUrl } from '@backlot/control/workload';

export interface EventPost {
  readonly url: string;
  readonly token: string | undefined;
  readonly body: string;
  /** Bytes of an answer; a longer one is an error. */
  readonly mostAnswered: number;
}

/**
 * One POST to an address that is allowed at the moment of the call, whatever its name has come to stand for since. Redirects
 * are not followed.
 * @throws what the network does, webhook_address_loopback, webhook_address_private, webhook_address_forbidden
 */
export function postEvent(
  { url, token, body, mostAnswered }: EventPost,
  policy: WebhookSettings,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    checkUrl(url, policy);
    const target = new URL(url);
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      lookup: checkedLookup(policy),
      agent: false,
      signal,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size <= mostAnswered) return void pieces.push(piece);
        reject(new Error('The answer is too long.'));
        request.destroy();
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
      );
      response.once('error', reject);
    });
    request.end(body);
  });
}
