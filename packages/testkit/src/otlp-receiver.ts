import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** A span as a collector receives it (OTLP/HTTP, JSON). */
const WireSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }).optional(),
});
const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({
        attributes: z.array(z.object({ key: z.string(), value: z.looseObject({}) })),
      }),
      scopeSpans: z.array(z.object({ spans: z.array(WireSpan) })),
    }),
  ),
});

/** A received span with the name of the process that sent it. */
export type ReceivedSpan = z.infer<typeof WireSpan> & { readonly service: string };

/** A real collector's HTTP endpoint for traces, which keeps what it gets. */
export interface OtlpReceiver {
  /** For `BACKLOT_OTLP_URL`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Headers of the requests that came. */
  readonly headers: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

/** Listens on a free port of loopback. What is no export of traces is answered 400, as a collector does. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      headers.push(request.headers);
      try {
        if (request.url !== '/v1/traces') throw new Error(`not the address of traces: ${request.url}`);
        const body = Export.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        for (const { resource, scopeSpans } of body.resourceSpans) {
          const name = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
          for (const scope of scopeSpans)
            spans.push(...scope.spans.map((span) => ({ ...span, service: String(name) })));
        }
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      } catch (error) {
        response.writeHead(400).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
