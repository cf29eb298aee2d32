/** Which channels something may have changed: named themselves, or by the job that watches them. */
export interface Touched {
  readonly channels: ReadonlySet<string>;
  readonly jobs: ReadonlySet<string>;
}

/** An event of the log, as far as this matters. */
interface Told {
  readonly kind: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the keeper writes itself: it has looked just then. */
const own = 'recordings.channel.state';
/** Words that the kernel's events of work begin with. Progress comes often, and no state follows from it. */
const works = ['job', 'task', 'allocation'];
const idle = 'task.progress';

/**
 * What events say about channels. Jobs of everybody are among them: which of those watch a channel only the database knows.
 * Facts of recorders are not: they count when they are taken in. Pure.
 */
export function touchedBy(events: readonly Told[]): Touched {
  const channels = new Set<string>();
  const jobs = new Set<string>();
  for (const { kind, subject, body } of events) {
    if (subject.kind === 'channel' && kind !== own) channels.add(subject.id);
    if (!works.includes(subject.kind) || !kind.startsWith(`${subject.kind}.`) || kind === idle) continue;
    const job = subject.kind === 'job' ? subject.id : body.jobId;
    if (typeof job === 'string') jobs.add(job);
  }
  return { channels, jobs };
}
