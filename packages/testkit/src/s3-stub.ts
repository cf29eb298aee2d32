import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A small S3 server of our own for what real test servers lack: parts that can be listed, and faults on demand. It checks
 * what a real store checks (Content-MD5, the signed digest of the body, part numbers and tags) and counts every byte, so
 * that a test can say how much was sent twice. Objects are kept in memory, as digests unless told to keep bytes.
 */
export interface S3Stub {
  readonly endpoint: string;
  readonly port: number;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly faults: S3Faults;
  readonly counts: S3Counts;
  /** Whole objects by key. */
  readonly objects: ReadonlyMap<string, StubObject>;
  /** Open multipart uploads. */
  readonly uploads: ReadonlyMap<string, StubUpload>;
  /** Requests that arrived, newest last: method, path and query. */
  readonly requests: readonly { readonly method: string; readonly url: string; readonly at: number }[];
  /** Nobody answers any more, until `revive`. Connections that are open are reset. */
  die(): Promise<void>;
  revive(): Promise<void>;
  close(): Promise<void>;
}

/** Set by a test at any time; numbers count down with each fault. */
export interface S3Faults {
  /** So many requests from now on are answered 503 SlowDown. */
  unavailable: number;
  /** The next body of a part or object is cut off after so many bytes, and the connection reset. */
  cutAfter: number | null;
  /** So many parts from now on are answered a wrong ETag. */
  wrongTags: number;
  /** So many parts are stored damaged, and then confirmed with the tag of what was stored. */
  damaged: number;
  /** Milliseconds before each answer. */
  slowMs: number;
  /** Requests to list answer 501. */
  noLists: boolean;
  /** `If-None-Match` answers 501. */
  noConditions: boolean;
  /** Every request is answered 403 with this code. */
  refuse: string | null;
  /** So many requests are swallowed without an answer. */
  silent: number;
}

export interface S3Counts {
  /** Bytes of bodies that arrived, whatever became of them. */
  received: number;
  /** Parts that were confirmed, by number, over all uploads. */
  readonly parts: Map<number, number>;
  aborted: number;
  completed: number;
}

export interface StubObject {
  readonly size: number;
  readonly sha256: string;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly bytes: readonly Buffer[];
}
export interface StubUpload {
  readonly key: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly etag: string; readonly bytes: Buffer }>;
}

class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

const bucket = 'films';

export async function startS3Stub(): Promise<S3Stub> {
  const objects = new Map<string, StubObject>();
  const uploads = new Map<string, StubUpload>();
  const requests: { method: string; url: string; at: number }[] = [];
  const counts: S3Counts = { received: 0, parts: new Map(), aborted: 0, completed: 0 };
  const faults: S3Faults = {
    unavailable: 0,
    cutAfter: null,
    wrongTags: 0,
    damaged: 0,
    slowMs: 0,
    noLists: false,
    noConditions: false,
    refuse: null,
    silent: 0,
  };
  const world = { objects, uploads, requests, counts, faults };
  let server = await listen(world, 0);
  const { port } = server.address() as AddressInfo;
  return {
    ...world,
    endpoint: `http://127.0.0.1:${port}`,
    port,
    bucket,
    accessKey: 'STUB',
    secretKey: 'STUB-SECRET',
    die: () => stop(server),
    async revive() {
      server = await listen(world, port);
    },
    close: () => stop(server),
  };
}

interface World {
  readonly objects: Map<string, StubObject>;
  readonly uploads: Map<string, StubUpload>;
  readonly requests: { method: string; url: string; at: number }[];
  readonly counts: S3Counts;
  readonly faults: S3Faults;
}

async function listen(world: World, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void handle(world, request, response).catch(() => response.destroy());
  });
  // A part may take as long as it likes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function handle(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { faults, requests } = world;
  const url = new URL(request.url ?? '/', 'http://stub');
  requests.push({ method: request.method ?? '', url: request.url ?? '', at: Date.now() });
  try {
    if (faults.silent > 0) {
      faults.silent -= 1;
      request.resume();
      return;
    }
    if (faults.unavailable > 0) {
      faults.unavailable -= 1;
      throw new S3Error(503, 'SlowDown');
    }
    if (faults.refuse !== null) throw new S3Error(403, faults.refuse);
    const [name, ...rest] = url.pathname.slice(1).split('/');
    if (name !== bucket) throw new S3Error(404, 'NoSuchBucket');
    const answer = await route(world, request, url, rest.map(decodeURIComponent).join('/'));
    if (faults.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.slowMs));
    response.writeHead(answer.status ?? 200, answer.headers);
    for (const piece of answer.body ?? []) response.write(piece);
    response.end();
  } catch (error) {
    if (!(error instanceof S3Error)) {
      request.socket.destroy();
      return;
    }
    request.resume();
    response.writeHead(error.status, { 'content-type': 'application/xml', connection: 'close' });
    response.end(
      request.method === 'HEAD'
        ? undefined
        : `<Error><Code>${error.code}</Code><Message>${error.code}</Message></Error>`,
    );
  }
}

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: readonly (Buffer | string)[];
}

async function route(world: World, request: IncomingMessage, url: URL, key: string): Promise<Answer> {
  const query = url.searchParams;
  const uploadId = query.get('uploadId');
  switch (request.method) {
    case 'HEAD':
      return { headers: headersOf(found(world, key)) };
    case 'GET':
      if (uploadId !== null) return listParts(world, uploadId);
      if (query.has('uploads')) return listUploads(world, query.get('prefix') ?? '');
      return getObject(found(world, key), request.headers.range);
    case 'DELETE':
      if (uploadId === null) world.objects.delete(key);
      else {
        if (!world.uploads.delete(uploadId)) throw new S3Error(404, 'NoSuchUpload');
        world.counts.aborted += 1;
      }
      return { status: 204 };
    case 'PUT': {
      if (uploadId === null) return await putObject(world, request, key);
      return await putPart(world, request, uploadId, Number(query.get('partNumber')));
    }
    case 'POST':
      if (query.has('uploads')) return beginUpload(world, request, key);
      if (uploadId !== null) return await complete(world, request, uploadId);
  }
  throw new S3Error(501, 'NotImplemented');
}

async function putObject(world: World, request: IncomingMessage, key: string): Promise<Answer> {
  refuseIfTaken(world, request, key);
  const bytes = await bodyOf(world, request);
  const etag = md5(bytes);
  world.objects.set(key, {
    size: bytes.length,
    sha256: sha256([bytes]),
    etag,
    meta: metaOf(request),
    bytes: [bytes],
  });
  const told = world.faults.wrongTags > 0 ? wrongTag(world) : etag;
  return { headers: { etag: `"${told}"` } };
}

async function putPart(
  world: World,
  request: IncomingMessage,
  uploadId: string,
  number: number,
): Promise<Answer> {
  const upload = world.uploads.get(uploadId);
  if (!upload) throw new S3Error(404, 'NoSuchUpload');
  let bytes = await bodyOf(world, request);
  if (world.faults.damaged > 0) {
    world.faults.damaged -= 1;
    bytes = Buffer.concat([bytes.subarray(1), Buffer.from([7])]);
  }
  const etag = md5(bytes);
  upload.parts.set(number, { etag, bytes });
  world.counts.parts.set(number, (world.counts.parts.get(number) ?? 0) + 1);
  const told = world.faults.wrongTags > 0 ? wrongTag(world) : etag;
  return { headers: { etag: `"${told}"` } };
}

function wrongTag({ faults }: World): string {
  faults.wrongTags -= 1;
  return 'deadbeef'.repeat(4);
}

function beginUpload(world: World, request: IncomingMessage, key: string): Answer {
  const id = randomUUID();
  world.uploads.set(id, { key, meta: metaOf(request), parts: new Map() });
  return xml(
    `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

async function complete(world: World, request: IncomingMessage, uploadId: string): Promise<Answer> {
  const upload = world.uploads.get(uploadId);
  if (!upload) throw new S3Error(404, 'NoSuchUpload');
  const text = (await bodyOf(world, request, false)).toString('utf8');
  refuseIfTaken(world, request, upload.key);
  const wanted = [...text.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replace(/&quot;|"/g, ''),
  }));
  const bytes = wanted.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    if (!part || part.etag !== etag) throw new S3Error(400, 'InvalidPart');
    return part.bytes;
  });
  const tags = createHash('md5');
  for (const { etag } of wanted) tags.update(Buffer.from(etag, 'hex'));
  const etag = `${tags.digest('hex')}-${wanted.length}`;
  const size = bytes.reduce((sum, part) => sum + part.length, 0);
  world.objects.set(upload.key, { size, sha256: sha256(bytes), etag, meta: upload.meta, bytes });
  world.uploads.delete(uploadId);
  world.counts.completed += 1;
  return xml(
    `<CompleteMultipartUploadResult><Key>${escapeXml(upload.key)}</Key><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`,
  );
}

function listParts(world: World, uploadId: string): Answer {
  if (world.faults.noLists) throw new S3Error(501, 'NotImplemented');
  const upload = world.uploads.get(uploadId);
  if (!upload) throw new S3Error(404, 'NoSuchUpload');
  const parts = [...upload.parts]
    .sort(([a], [b]) => a - b)
    .map(
      ([number, { etag, bytes }]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag><Size>${bytes.length}</Size></Part>`,
    );
  return xml(
    `<ListPartsResult><UploadId>${uploadId}</UploadId><IsTruncated>false</IsTruncated>${parts.join('')}</ListPartsResult>`,
  );
}

function listUploads(world: World, prefix: string): Answer {
  if (world.faults.noLists) throw new S3Error(501, 'NotImplemented');
  const uploads = [...world.uploads]
    .filter(([, { key }]) => key.startsWith(prefix))
    .map(([id, { key }]) => `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></Upload>`);
  return xml(
    `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${uploads.join('')}</ListMultipartUploadsResult>`,
  );
}

function getObject(object: StubObject, range: string | undefined): Answer {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const body = Buffer.concat(object.bytes).subarray(from);
  const headers = { ...headersOf(object), 'content-length': String(body.length) };
  if (range === undefined) return { headers, body: [body] };
  const contentRange = `bytes ${from}-${object.size - 1}/${object.size}`;
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: [body] };
}

/** Reads a body as a store does: what it says of itself must be true. */
async function bodyOf(world: World, request: IncomingMessage, counted = true): Promise<Buffer> {
  const { faults, counts } = world;
  const cut = counted ? faults.cutAfter : null;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (counted) counts.received += piece.length;
    pieces.push(piece);
    if (cut !== null && size >= cut) {
      faults.cutAfter = null;
      throw new Error('cut off');
    }
  }
  const bytes = Buffer.concat(pieces);
  const { headers } = request;
  const said = headers['x-amz-content-sha256'];
  if (typeof said === 'string' && /^[0-9a-f]{64}$/.test(said) && said !== sha256([bytes])) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch');
  }
  const sum = headers['content-md5'];
  if (typeof sum === 'string' && sum !== Buffer.from(md5(bytes), 'hex').toString('base64')) {
    throw new S3Error(400, 'BadDigest');
  }
  return bytes;
}

function refuseIfTaken({ objects, faults }: World, request: IncomingMessage, key: string): void {
  if (request.headers['if-none-match'] === undefined) return;
  if (faults.noConditions) throw new S3Error(501, 'NotImplemented');
  if (objects.has(key)) throw new S3Error(412, 'PreconditionFailed');
}

function found({ objects }: World, key: string): StubObject {
  const object = objects.get(key);
  if (!object) throw new S3Error(404, 'NoSuchKey');
  return object;
}

function headersOf({ size, etag, meta }: StubObject): Record<string, string> {
  const kept = Object.fromEntries(Object.entries(meta).map(([name, value]) => [`x-amz-meta-${name}`, value]));
  return { 'content-length': String(size), etag: `"${etag}"`, ...kept };
}

function metaOf({ headers }: IncomingMessage): Record<string, string> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), String(value)]] : [],
    ),
  );
}

function xml(text: string): Answer {
  return { headers: { 'content-type': 'application/xml' }, body: [`<?xml version="1.0"?>${text}`] };
}
const escapeXml = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
function sha256(bytes: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}
