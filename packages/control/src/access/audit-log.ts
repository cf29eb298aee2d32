import type { Tx } from '../db/schema.ts';
import { currentRequest } from '../http/request-context.ts';
import type { AuditLog, AuditRecord } from '../kernel.ts';

/** Keys whose values never reach the audit, wherever they stand. */
const secretKey = /pass(word|phrase)?|secret|token|authorization|cookie|^(current|next)$/i;
/** A longer text is cut: the audit says what changed, it is no archive of contents. */
const longestText = 2_000;
const mostItems = 200;
const deepest = 8;

/** What may be kept of a value: without secrets, and bounded in size. */
export function auditable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    return value.length > longestText ? `${value.slice(0, longestText)}…` : value;
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '…';
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => auditable(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostItems)
      .map(([key, inner]) => [
        key,
        secretKey.test(key) && typeof inner === 'string' ? '[redacted]' : auditable(inner, depth + 1),
      ]),
  );
}

/** The append-only record of who changed what. The table refuses UPDATE, DELETE and TRUNCATE by triggers. */
export const auditLog: AuditLog = {
  async record(tx: Tx, record: AuditRecord): Promise<void> {
    const request = currentRequest();
    const { actor, subject, before, after } = record;
    await tx
      .insertInto('audit')
      .values({
        actor_kind: actor.kind,
        actor_id: actor.id,
        actor_name: actor.name,
        action: record.action,
        subject_kind: subject.kind,
        subject_id: subject.id,
        project_id: record.projectId ?? null,
        before: before === undefined ? null : JSON.stringify(auditable(before)),
        after: after === undefined ? null : JSON.stringify(auditable(after)),
        request_id: record.requestId ?? request?.requestId ?? null,
        address: record.address ?? request?.address ?? null,
      })
      .execute();
    if (request) request.audited += 1;
  },
};
