import { type Kysely, sql } from 'kysely';

/**
 * The kernel's tables. The invariants of ARCHITECTURE.md stand here as constraints, so that no scheduler, however
 * wrong, can break them: one open allocation per task, never more used than there is, every output committed once,
 * an audit that can only grow.
 */
export const name = '0001-kernel';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // --- people and projects -------------------------------------------------------------------------------------
  `CREATE TABLE project (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    weight real NOT NULL DEFAULT 1 CHECK (weight > 0),
    quota jsonb NOT NULL DEFAULT '{}',
    retention_days integer CHECK (retention_days > 0),
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    name text NOT NULL,
    password_hash text,
    language text NOT NULL DEFAULT 'en',
    disabled_at timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  // A grant without a project holds everywhere. NULLS NOT DISTINCT needs PostgreSQL 15, the oldest we support.
  `CREATE TABLE role_grant (
    account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    project_id uuid REFERENCES project ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer','submitter','operator','admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (account_id, project_id)
  )`,
  `CREATE TABLE login_session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    csrf_token text NOT NULL,
    user_agent text,
    address text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
  )`,
  `CREATE TABLE api_token (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    project_id uuid REFERENCES project ON DELETE CASCADE,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  // One-time links: the first administrator's set-up, and a person's first password.
  `CREATE TABLE one_time_link (
    token_hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('setup','password')),
    account_id uuid REFERENCES account ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL,
    actor_id text,
    actor_name text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text,
    project_id uuid,
    before jsonb,
    after jsonb,
    request_id text,
    address text
  )`,
  `CREATE INDEX audit_subject ON audit (subject_kind, subject_id, seq DESC)`,
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,

  // --- events --------------------------------------------------------------------------------------------------
  // txid lets a reader skip rows of transactions that are still open: a sequence number is taken before the commit,
  // so a reader that only remembers the highest one it saw would lose those that commit late.
  `CREATE TABLE event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL DEFAULT now(),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    project_id uuid,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    body jsonb NOT NULL DEFAULT '{}'
  )`,
  `CREATE INDEX event_subject ON event (subject_kind, subject_id, seq)`,
  `CREATE INDEX event_project ON event (project_id, seq)`,
  `CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project ON DELETE CASCADE,
    url text NOT NULL,
    secret text NOT NULL,
    kinds text[] NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE webhook_delivery (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    event_seq bigint NOT NULL,
    event_kind text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','delivered','failed')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    status integer,
    error text,
    duration_ms integer,
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (webhook_id, event_seq)
  )`,
  `CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at) WHERE state = 'pending'`,
  // Who has read the event log how far: webhooks, reactions of workloads.
  `CREATE TABLE event_cursor (name text PRIMARY KEY, seq bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`,

  // --- keeping the house ---------------------------------------------------------------------------------------
  `CREATE TABLE idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
  )`,
  `CREATE TABLE leader (name text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)`,
  `CREATE TABLE setting (key text PRIMARY KEY, value jsonb NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE SEQUENCE fence_seq`,

  // --- nodes ---------------------------------------------------------------------------------------------------
  `CREATE TABLE pool (
    name text PRIMARY KEY,
    selector jsonb NOT NULL DEFAULT '{}',
    policy jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `INSERT INTO pool (name) VALUES ('default')`,
  `CREATE TABLE join_token (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    pool text NOT NULL REFERENCES pool,
    labels jsonb NOT NULL DEFAULT '{}',
    uses_left integer NOT NULL CHECK (uses_left >= 0),
    expires_at timestamptz NOT NULL,
    created_by text,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE node (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    public_key text NOT NULL,
    state text NOT NULL DEFAULT 'joining' CHECK (state IN ('joining','ready','unreachable','lost','removed')),
    schedulable text NOT NULL DEFAULT 'yes' CHECK (schedulable IN ('yes','cordoned','draining')),
    epoch integer NOT NULL DEFAULT 1,
    boot_id uuid,
    replica text,
    pool text NOT NULL REFERENCES pool,
    labels jsonb NOT NULL DEFAULT '{}',
    inventory jsonb,
    inventory_hash text,
    agent_version text,
    quarantine_until timestamptz,
    unreachable_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE UNIQUE INDEX node_name ON node (name) WHERE state <> 'removed'`,
  // Written every few seconds without waiting for the disk; apart from node, so that node's rows stay still.
  `CREATE TABLE node_lease (
    node_id uuid PRIMARY KEY REFERENCES node ON DELETE CASCADE,
    lease_until timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    load jsonb
  ) WITH (fillfactor = 70)`,
  `CREATE TABLE node_sample (
    node_id uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    at timestamptz NOT NULL,
    load jsonb NOT NULL,
    PRIMARY KEY (node_id, at)
  )`,
  // What open allocations hold. The CHECKs are the last word on over-commit.
  `CREATE TABLE node_usage (
    node_id uuid PRIMARY KEY REFERENCES node ON DELETE CASCADE,
    cpu_total double precision NOT NULL, cpu_used double precision NOT NULL DEFAULT 0,
    memory_total bigint NOT NULL, memory_used bigint NOT NULL DEFAULT 0,
    disk_total bigint NOT NULL, disk_used bigint NOT NULL DEFAULT 0,
    packets_total bigint NOT NULL DEFAULT 0, packets_used bigint NOT NULL DEFAULT 0,
    CONSTRAINT cpu_not_overcommitted CHECK (cpu_used <= cpu_total + 0.000001 AND cpu_used >= -0.000001),
    CONSTRAINT memory_not_overcommitted CHECK (memory_used BETWEEN 0 AND memory_total),
    CONSTRAINT disk_not_overcommitted CHECK (disk_used BETWEEN 0 AND disk_total),
    CONSTRAINT packets_not_overcommitted CHECK (packets_used BETWEEN 0 AND packets_total)
  ) WITH (fillfactor = 70)`,
  `CREATE TABLE gpu_usage (
    node_id uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    index integer NOT NULL,
    name text NOT NULL,
    vram_total bigint NOT NULL, vram_used bigint NOT NULL DEFAULT 0,
    encoder_sessions_total integer NOT NULL, encoder_sessions_used integer NOT NULL DEFAULT 0,
    PRIMARY KEY (node_id, index),
    CONSTRAINT vram_not_overcommitted CHECK (vram_used BETWEEN 0 AND vram_total),
    CONSTRAINT encoders_not_overcommitted CHECK (encoder_sessions_used BETWEEN 0 AND encoder_sessions_total)
  ) WITH (fillfactor = 70)`,

  // --- jobs, tasks, allocations --------------------------------------------------------------------------------
  `CREATE TABLE job (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project,
    kind text NOT NULL,
    name text NOT NULL,
    intent text NOT NULL DEFAULT 'run' CHECK (intent IN ('run','pause','cancel')),
    priority integer NOT NULL DEFAULT 0,
    parameters jsonb NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL DEFAULT '{}',
    counts jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'waiting',
    weight_total double precision NOT NULL DEFAULT 0,
    weight_done double precision NOT NULL DEFAULT 0,
    failure jsonb,
    actor_id text,
    actor_name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX job_list ON job (project_id, id DESC)`,
  `CREATE INDEX job_open ON job (id) WHERE ended_at IS NULL`,
  // Hot: only tasks of jobs that have not ended. The rows of an ended job move to task_history together.
  `CREATE TABLE task (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES job ON DELETE CASCADE,
    project_id uuid NOT NULL REFERENCES project,
    key text NOT NULL,
    kind text NOT NULL,
    class text NOT NULL CHECK (class IN ('interactive','live','batch')),
    state text NOT NULL CHECK (state IN ('blocked','queued','placed','running','frozen','retry_wait','held','succeeded','failed','canceled')),
    pool text NOT NULL DEFAULT 'default',
    priority integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    weight double precision NOT NULL DEFAULT 1,
    spec jsonb NOT NULL,
    open_needs integer NOT NULL DEFAULT 0 CHECK (open_needs >= 0),
    not_before timestamptz,
    paused boolean NOT NULL DEFAULT false,
    wait jsonb,
    failure jsonb,
    result jsonb,
    progress jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    ready_at timestamptz,
    ended_at timestamptz,
    UNIQUE (job_id, key)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX task_ready ON task (pool, class, priority DESC, id) WHERE state = 'queued' AND NOT paused`,
  `CREATE INDEX task_waiting ON task (not_before) WHERE state = 'retry_wait'`,
  `CREATE INDEX task_of_job ON task (job_id, state)`,
  `CREATE TABLE task_need (
    task_id uuid NOT NULL REFERENCES task ON DELETE CASCADE,
    needs_task_id uuid NOT NULL REFERENCES task ON DELETE CASCADE,
    PRIMARY KEY (task_id, needs_task_id)
  )`,
  `CREATE INDEX task_need_reverse ON task_need (needs_task_id)`,
  // Nodes that a task, or every task of a job with the same signature, keeps away from for a while.
  `CREATE TABLE avoidance (
    id uuid PRIMARY KEY,
    task_id uuid REFERENCES task ON DELETE CASCADE,
    job_id uuid REFERENCES job ON DELETE CASCADE,
    node_id uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    signature text NOT NULL,
    until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (task_id IS NOT NULL OR job_id IS NOT NULL)
  )`,
  `CREATE INDEX avoidance_task ON avoidance (task_id)`,
  `CREATE INDEX avoidance_job ON avoidance (job_id)`,
  `CREATE TABLE allocation (
    id uuid PRIMARY KEY,
    task_id uuid NOT NULL REFERENCES task ON DELETE CASCADE,
    job_id uuid,
    project_id uuid NOT NULL,
    node_id uuid NOT NULL REFERENCES node,
    node_epoch integer NOT NULL,
    fence bigint NOT NULL UNIQUE DEFAULT nextval('fence_seq'),
    state text NOT NULL DEFAULT 'offered' CHECK (state IN ('offered','accepted','preparing','running','frozen','stopping','unknown','ended')),
    -- The state to return to when its node is heard of again.
    known_state text,
    seq integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL,
    class text NOT NULL,
    resources jsonb NOT NULL,
    outcome text CHECK (outcome IN ('ok','failed','canceled','preempted','lost','rejected','expired')),
    failure jsonb,
    reason jsonb,
    usage jsonb,
    -- Why it was asked to stop; becomes the outcome when it ends.
    stop_why text,
    offer_until timestamptz NOT NULL,
    offered_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    stop_at timestamptz,
    ended_at timestamptz,
    CHECK ((state = 'ended') = (outcome IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
  ) WITH (fillfactor = 70)`,
  `CREATE UNIQUE INDEX allocation_one_open ON allocation (task_id) WHERE state <> 'ended'`,
  `CREATE INDEX allocation_open_on_node ON allocation (node_id) WHERE state <> 'ended'`,
  `CREATE INDEX allocation_of_task ON allocation (task_id)`,
  // Finished work, out of the way of the queue. Same columns, no foreign keys to hot rows.
  `CREATE TABLE task_history (LIKE task INCLUDING DEFAULTS)`,
  `ALTER TABLE task_history ADD PRIMARY KEY (id)`,
  `CREATE INDEX task_history_job ON task_history (job_id)`,
  `CREATE TABLE allocation_history (LIKE allocation INCLUDING DEFAULTS)`,
  `ALTER TABLE allocation_history ADD PRIMARY KEY (id)`,
  `CREATE INDEX allocation_history_task ON allocation_history (task_id)`,
  `CREATE INDEX allocation_history_node ON allocation_history (node_id, ended_at)`,
  `CREATE TABLE task_need_history (task_id uuid NOT NULL, needs_task_id uuid NOT NULL, PRIMARY KEY (task_id, needs_task_id))`,

  // --- bytes ---------------------------------------------------------------------------------------------------
  `CREATE TABLE blob (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    size bigint NOT NULL CHECK (size >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Set when nothing refers to it any more; deleted only after a grace.
    unreferenced_at timestamptz
  )`,
  `CREATE TABLE artifact (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project,
    job_id uuid,
    task_id uuid,
    allocation_id uuid,
    name text NOT NULL,
    kind text NOT NULL,
    digest text NOT NULL REFERENCES blob,
    size bigint NOT NULL,
    media_type text NOT NULL,
    meta jsonb NOT NULL DEFAULT '{}',
    retention_until timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  // Every output of a task is committed once, whatever is reported how often.
  `CREATE UNIQUE INDEX artifact_once ON artifact (task_id, name) WHERE task_id IS NOT NULL`,
  `CREATE INDEX artifact_list ON artifact (project_id, id DESC)`,
  `CREATE INDEX artifact_job ON artifact (job_id, name)`,
  `CREATE INDEX artifact_digest ON artifact (digest)`,
  // Bytes that arrived under an allocation and are not yet an artifact: the report that commits them may still come.
  `CREATE TABLE staged_output (
    allocation_id uuid NOT NULL,
    name text NOT NULL,
    digest text NOT NULL REFERENCES blob,
    size bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (allocation_id, name)
  )`,
  `CREATE TABLE upload (
    id text PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project ON DELETE CASCADE,
    actor_id text,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    claimed_digest text,
    received bigint NOT NULL DEFAULT 0,
    artifact_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
  )`,
  // Our own ledger of multipart uploads to the blob store, so that one goes on after a crash.
  `CREATE TABLE blob_multipart (
    id uuid PRIMARY KEY,
    store_key text NOT NULL,
    store_upload_id text NOT NULL,
    part_size bigint NOT NULL,
    digest text,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE blob_part (
    multipart_id uuid NOT NULL REFERENCES blob_multipart ON DELETE CASCADE,
    number integer NOT NULL,
    size bigint NOT NULL,
    etag text NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (multipart_id, number)
  )`,
  // Logs are blobs; this says where which bytes of a stream are.
  `CREATE TABLE log_chunk (
    allocation_id uuid NOT NULL,
    stream text NOT NULL CHECK (stream IN ('stdout','stderr')),
    position bigint NOT NULL,
    length integer NOT NULL,
    digest text NOT NULL REFERENCES blob,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (allocation_id, stream, position)
  )`,
];
