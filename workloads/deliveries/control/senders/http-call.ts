import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { checkedLookup, checkUrl } from '@backlot/control/workload';
import { retryAfterMs } from '../../contract/retry-after.ts';
import type { SendContext } from './sender.ts';

export interface HttpCall {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType?: string;
}
export interface HttpAnswer {
  readonly status: number;
  /** The start of it. */
  readonly text: string;
  /** There was more of it than we read. */
  readonly broken: boolean;
  /** Seconds that the receiver asks to wait; 0 when it does not. */
  readonly retryAfterS: number;
}

/** Bytes of an answer that are read; services answer with a few words. */
const mostRead = 16 * 1024;

/** One POST, to an address that is allowed at the moment of the call. Redirects are not followed. @throws what the network does */
export function httpCall(call: HttpCall, { policy, signal, nowS }: SendContext): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    checkUrl(call.url, policy);
    const url = new URL(call.url);
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: {
        'content-type': call.contentType ?? 'application/json',
        'content-length': String(Buffer.byteLength(call.body)),
        'user-agent': 'Backlot-Deliveries/1',
        ...call.headers,
      },
      lookup: checkedLookup(policy),
      agent: false,
      signal,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      let read = 0;
      const finish = () => {
        const { date, 'retry-after': asked } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(pieces).subarray(0, mostRead).toString('utf8').toWellFormed(),
          broken: !response.complete || read > mostRead,
          retryAfterS: retryAfterMs(asked, date, nowS * 1_000) / 1_000,
        });
        request.destroy();
      };
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        read += piece.length;
        if (read >= mostRead) finish();
      });
      response.once('end', finish);
      response.once('error', reject);
    });
    request.end(call.body);
  });
}
