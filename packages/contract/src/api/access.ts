import { z } from 'zod';
import { Id } from '../id.ts';
import { Language } from '../phrase.ts';
import { Role } from '../roles.ts';
import { Name, PageQuery, Slug, Timestamp } from './common.ts';

export const Email = z
  .email()
  .max(254)
  .transform((value) => value.toLowerCase());
/** Long rather than complicated (NIST SP 800-63B §5.1.1.2). */
export const Password = z.string().min(10, 'A password has at least 10 characters.').max(200);

export const GrantView = z.object({
  projectId: Id.nullable(),
  projectName: z.string().nullable(),
  role: Role,
});
/** The id of `Me` for the administration token of the installation, which belongs to no account. */
export const noAccount = '00000000-0000-0000-0000-000000000000';
export const Me = z.object({
  kind: z.enum(['account', 'token']),
  id: Id,
  name: z.string(),
  email: z.string().nullable(),
  language: Language,
  grants: z.array(GrantView),
  scopes: z.array(z.string()),
  /** All permissions, per project id, `*` for everywhere; for pages to show only what will work. */
  permissions: z.record(z.string(), z.array(z.string())),
  /** Sent back as `X-CSRF-Token` with every change made by cookie. */
  csrfToken: z.string().optional(),
});
export type Me = z.infer<typeof Me>;

export const LoginBody = z.object({ email: Email, password: z.string().max(200) });
/** The one-time set-up: makes the first administrator. */
export const SetupBody = z.object({
  token: z.string().max(200),
  email: Email,
  name: Name,
  password: Password,
  language: Language.default('en'),
});
export const SetupState = z.object({ needed: z.boolean() });
/** What a one-time link is for, so that its page can ask for the right things. The token travels in the body. */
export const LinkCheck = z.object({ token: z.string().max(200) });
export const LinkState = z.object({
  purpose: z.enum(['setup', 'password']),
  /** Whose password it sets. */
  email: z.string().nullable(),
  name: z.string().nullable(),
});
/** Chooses a password by a one-time link; all older sessions of the account end. */
export const PasswordSet = z.object({ token: z.string().max(200), password: Password });

export const Account = z.object({
  id: Id,
  email: z.string(),
  name: z.string(),
  language: Language,
  disabled: z.boolean(),
  grants: z.array(GrantView),
  createdAt: Timestamp,
  lastSeenAt: Timestamp.nullable(),
});
export type Account = z.infer<typeof Account>;
export const AccountCreate = z.object({
  email: Email,
  name: Name,
  /** Without a password the answer carries a one-time link by which the person chooses one. */
  password: Password.optional(),
  language: Language.default('en'),
  grants: z.array(z.object({ projectId: Id.nullable(), role: Role })).default([]),
});
export const AccountCreated = z.object({ account: Account, setupLink: z.string().optional() });
export const AccountPatch = z.object({
  name: Name.optional(),
  language: Language.optional(),
  disabled: z.boolean().optional(),
  grants: z.array(z.object({ projectId: Id.nullable(), role: Role })).optional(),
});
export const MePatch = z.object({ name: Name.optional(), language: Language.optional() });
export const PasswordChange = z.object({ current: z.string().max(200), next: Password });

/** One browser in which the account is signed in. */
export const LoginSession = z.object({
  id: Id,
  /** The one that asks. */
  current: z.boolean(),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: Timestamp,
  lastUsedAt: Timestamp,
  expiresAt: Timestamp,
});
export type LoginSession = z.infer<typeof LoginSession>;

export const ApiToken = z.object({
  id: Id,
  name: z.string(),
  projectId: Id.nullable(),
  accountId: Id,
  scopes: z.array(z.string()),
  expiresAt: Timestamp.nullable(),
  lastUsedAt: Timestamp.nullable(),
  createdAt: Timestamp,
  revokedAt: Timestamp.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;
export const ApiTokenCreate = z.object({
  name: Name,
  /** Confines the token to one project; null follows the account everywhere. */
  projectId: Id.nullable().default(null),
  scopes: z.array(z.string().max(100)).min(1).max(100).default(['*']),
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
});
/** The secret is told once and stored only as a hash. */
export const ApiTokenCreated = z.object({ token: ApiToken, secret: z.string() });

export const Quota = z.object({
  /** Cores that running batch tasks of the project may hold together. */
  cpu: z.number().positive().optional(),
  /** Bytes of artifacts. */
  storage: z.number().int().positive().optional(),
  /** Open jobs. */
  jobs: z.number().int().positive().optional(),
});
export type Quota = z.infer<typeof Quota>;
export const Project = z.object({
  id: Id,
  slug: z.string(),
  name: z.string(),
  /** Share in the fleet against other projects, 1 by default. */
  weight: z.number().positive(),
  quota: Quota,
  retentionDays: z.number().int().positive().nullable(),
  createdAt: Timestamp,
});
export type Project = z.infer<typeof Project>;
export const ProjectCreate = z.object({
  slug: Slug,
  name: Name,
  weight: z.number().positive().max(100).default(1),
  quota: Quota.default({}),
  retentionDays: z.number().int().positive().nullable().default(null),
});
export const ProjectPatch = z.object({
  name: Name.optional(),
  weight: z.number().positive().max(100).optional(),
  quota: Quota.optional(),
  retentionDays: z.number().int().positive().nullable().optional(),
});
export const Member = z.object({ accountId: Id, email: z.string(), name: z.string(), role: Role });
export type Member = z.infer<typeof Member>;
export const MemberPut = z.object({ role: Role });
/** By address, because whoever manages a project need not see the list of all accounts. */
export const MemberAdd = z.object({ email: Email, role: Role });

export const AuditEntry = z.object({
  seq: z.number().int(),
  at: Timestamp,
  actor: z.object({
    kind: z.enum(['account', 'token', 'node', 'allocation', 'system', 'anonymous']),
    id: z.string().nullable(),
    name: z.string(),
  }),
  action: z.string(),
  subject: z.object({ kind: z.string(), id: z.string().nullable() }),
  projectId: Id.nullable(),
  before: z.unknown().nullable(),
  after: z.unknown().nullable(),
  requestId: z.string().nullable(),
  address: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
export const AuditQuery = PageQuery.extend({
  actor: z.string().max(100).optional(),
  action: z.string().max(100).optional(),
  subjectKind: z.string().max(60).optional(),
  subjectId: z.string().max(100).optional(),
  projectId: Id.optional(),
  from: Timestamp.optional(),
  to: Timestamp.optional(),
  text: z.string().max(200).optional(),
});
