import {
  BacklotError,
  chooseLanguage,
  httpErrors,
  kernelErrors,
  type Language,
  toProblem,
} from '@backlot/contract';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import pg from 'pg';
import { isForeignKeyViolation } from '../db/database-error.ts';
import { validationIssues } from './validation-issues.ts';

export const problemType = 'application/problem+json; charset=utf-8';

/** The language for an answer: what the request asks for, else what the account prefers. */
export function languageOf(request: FastifyRequest): Language {
  const header = request.headers['accept-language'];
  // `actor` is not there yet when the error comes before authentication.
  return header === undefined ? (request.actor?.language ?? 'en') : chooseLanguage(header);
}

/** Errors of PostgreSQL that only input can cause: a number out of range, text that can't be stored. */
const inputStates = new Set(['22003', '22021', '22P05']);

/**
 * Makes an error of our catalogue of whatever was thrown while a request was served. What we did not foresee
 * becomes `internal`, and nothing of it is told to the client.
 */
export function toBacklotError(error: unknown, request: FastifyRequest): BacklotError {
  if (error instanceof BacklotError) return error;
  if (error instanceof pg.DatabaseError && inputStates.has(error.code ?? '')) {
    return new BacklotError(httpErrors.unstorable_text, { params: { place: 'request' }, cause: error });
  }
  if (isForeignKeyViolation(error)) return missingReference(error);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = partName(error.validationContext);
    const issues = validationIssues(error.validation, part, languageOf(request));
    const first = issues[0];
    return new BacklotError(kernelErrors.invalid_input, {
      params: { reason: first ? `${first.pointer}: ${first.message}` : part },
      ...(first ? { pointer: first.pointer } : {}),
      issues,
      cause: error,
    });
  }
  if (error instanceof Error && 'statusCode' in error) return fromFastify(error as FastifyError, request);
  return internal(error, request);
}

function fromFastify(error: FastifyError, request: FastifyRequest): BacklotError {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new BacklotError(kernelErrors.payload_too_large, {
        params: { limit: request.routeOptions?.bodyLimit ?? 0 },
        cause: error,
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new BacklotError(kernelErrors.unsupported_media_type, {
        params: { type: (request.headers['content-type'] ?? 'none').slice(0, 100) },
        cause: error,
      });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new BacklotError(httpErrors.malformed_body, { cause: error });
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new BacklotError(httpErrors.malformed_address, { cause: error });
  }
  switch (error.statusCode) {
    case 403: // @fastify/static's answer to a path that leaves its folder.
    case 404:
      return routeNotFound(request);
    case 413:
      return new BacklotError(kernelErrors.payload_too_large, {
        params: { limit: request.routeOptions?.bodyLimit ?? 0 },
        cause: error,
      });
    case 400:
      return new BacklotError(httpErrors.malformed_body, { cause: error });
    case 412:
      return new BacklotError(httpErrors.precondition_failed, { cause: error });
    default:
      return internal(error, request);
  }
}

/** @returns the error for an address that nobody serves. */
export function routeNotFound(request: FastifyRequest): BacklotError {
  return new BacklotError(kernelErrors.route_not_found, {
    params: { method: request.method, path: pathOf(request).slice(0, 200) },
  });
}

/** The path without the query, which may hold a ticket; its pattern where the path itself holds one. */
export function pathOf(request: FastifyRequest): string {
  const { url, config } = request.routeOptions;
  if (config?.secretPath === true && url !== undefined) return url;
  return request.url.split('?', 1)[0] ?? '';
}

/** Answers with the problem document of an error (RFC 9457). */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: BacklotError): FastifyReply {
  const language = languageOf(request);
  if (error.retryAfterS !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfterS)));
  else if (error.kind.status === 503) reply.header('retry-after', '2');
  // RFC 9110 §11.6.1: a 401 names the scheme to use.
  if (error.kind.status === 401) reply.header('www-authenticate', 'Bearer realm="backlot"');
  return reply
    .code(error.kind.status)
    .header('content-language', language)
    .header('cache-control', 'no-store')
    .type(problemType)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(toProblem(error, language, request.id));
}

/** A change named something that does not exist (or has just gone): `Key (project_id)=(…) is not present in table "project"`. */
function missingReference(cause: unknown): BacklotError {
  const detail = cause instanceof pg.DatabaseError ? (cause.detail ?? '') : '';
  const [, id, table] = /\)=\((.*)\) is not present in table "(\w+)"/.exec(detail) ?? [];
  if (table === undefined) return new BacklotError(httpErrors.still_in_use, { cause });
  return new BacklotError(kernelErrors.not_found, { params: { what: table, id: id ?? '' }, cause });
}

function partName(context: string | undefined): string {
  return context === 'querystring' ? 'query' : (context ?? 'request');
}
function internal(cause: unknown, request: FastifyRequest): BacklotError {
  return new BacklotError(kernelErrors.internal, { params: { requestId: request.id }, cause });
}
