import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { BacklotError, type Clock, httpErrors } from '@backlot/contract';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../workload.ts';
import { languageOf, routeNotFound } from './problems.ts';
import { consolePolicy } from './security-headers.ts';

/** A built console is looked for again after so long, so that building it does not need a restart. */
const rescanMs = 3_000;

/** The files of a folder by their path below it, with `/`; empty when there is no such folder. */
async function listFiles(root: string): Promise<Set<string>> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return new Set(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
    );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Set();
    throw error;
  }
}

/**
 * Serves the built console. Only names found by listing its folder are ever opened, so no address can lead out of
 * it. Everything else that a browser asks for as a page gets `index.html`: the console has its own addresses.
 */
export async function registerConsole(app: App, root: string, clock: Clock): Promise<void> {
  let files = await listFiles(root);
  let scannedAt = clock.monotonic();
  const rescan = async () => {
    if (clock.monotonic() - scannedAt < rescanMs) return;
    scannedAt = clock.monotonic();
    files = await listFiles(root);
  };
  await app.register(fastifyStatic, { root, serve: false, cacheControl: false, preCompressed: true });

  app.get(
    '/*',
    { config: { access: { kind: 'public' } }, schema: { hide: true } },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const path = (request.params as { '*': string })['*'];
      if (!files.has(path)) await rescan();
      if (path !== 'index.html' && files.has(path)) {
        reply.header('cache-control', isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
        return reply.sendFile(path);
      }
      if (!isPage(request, path)) throw routeNotFound(request);
      if (!files.has('index.html')) return sendNotBuilt(request, reply);
      return reply
        .header('content-security-policy', consolePolicy)
        .header('cache-control', 'no-cache')
        .sendFile('index.html');
    },
  );
}

/** Names under assets/ hold the hash of their contents (Vite), so they never change. */
function isHashed(path: string): boolean {
  return /^(pages\/[^/]+\/)?assets\//.test(path);
}

/** Whether somebody opens an address in a browser, rather than a program or a page asking for a thing. */
function isPage(request: FastifyRequest, path: string): boolean {
  if (/^(api|assets|pages)(\/|$)/.test(path) || /\.[a-z0-9]{1,8}$/i.test(path)) return path === 'index.html';
  return (request.headers.accept ?? '').includes('text/html');
}

/** A sentence instead of an empty page, since it is a person who reads it. */
export function sendNotBuilt(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(request);
  const sentence = new BacklotError(httpErrors.console_not_built).sentence(language);
  const html = `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>Backlot</title><p>${sentence}</p></html>`;
  return reply.code(503).type('text/html; charset=utf-8').send(html);
}
