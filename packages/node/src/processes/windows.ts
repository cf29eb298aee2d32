import { execFile } from 'node:child_process';
import type { ProcessEntry, ProcessIdentity } from './identity.ts';
import type { ProcessTable, TreeSignal } from './process-table.ts';

const query =
  'Get-CimInstance Win32_Process{filter} | Select-Object ProcessId,ParentProcessId,Name,WorkingSetSize,KernelModeTime,' +
  'UserModeTime,@{n="Start";e={$_.CreationDate.ToFileTimeUtc()}} | ConvertTo-Json -Compress';

interface CimProcess {
  readonly ProcessId: number;
  readonly ParentProcessId: number;
  readonly Name: string;
  readonly WorkingSetSize: number;
  /** Units of 100 ns. */
  readonly KernelModeTime: number;
  readonly UserModeTime: number;
  /** FILETIME; null for the system's own pseudo processes. */
  readonly Start: number | null;
}

/** Reads PowerShell's JSON: an array, one object when there is one, nothing when there is none. */
export function parseCimProcesses(json: string): ProcessEntry[] {
  if (json.trim() === '') return [];
  const parsed = JSON.parse(json) as CimProcess | CimProcess[];
  return (Array.isArray(parsed) ? parsed : [parsed]).map((entry) => ({
    pid: entry.ProcessId,
    start: String(entry.Start ?? 0),
    // Windows never re-parents: a parent's pid may belong to a younger stranger by now, see `trueParents`.
    parent: entry.ParentProcessId,
    group: 0,
    session: 0,
    state: 'running' as const,
    command: entry.Name,
    cpuMs: Math.round((entry.KernelModeTime + entry.UserModeTime) / 10_000),
    memory: entry.WorkingSetSize,
  }));
}

/** Cuts links to parents that are younger than their child: those are other processes that got the pid later. */
export function trueParents(entries: readonly ProcessEntry[]): ProcessEntry[] {
  const starts = new Map(entries.map((entry) => [entry.pid, BigInt(entry.start)]));
  return entries.map((entry) => {
    const parent = starts.get(entry.parent);
    return parent !== undefined && parent > BigInt(entry.start) ? { ...entry, parent: 0 } : entry;
  });
}

/**
 * The process table of Windows, read by PowerShell's CIM cmdlets (WMIC is gone since Windows 11 24H2).
 *
 * There is no signal but the end, and other processes' environments can't be read without debug rights, so strays are
 * found by parentage alone. What makes up for it: a child that Node starts *not detached* is put into a job object that
 * the kernel closes, with the child, when the runner dies for whatever reason (libuv, `uv__init_global_job_handle`).
 * Grandchildren leave that job silently; those are ended by `taskkill /T`, which walks parentage as well.
 */
export class WindowsProcessTable implements ProcessTable {
  readonly readsEnvironments = false;
  readonly stopsProcesses = false;

  async find(pid: number): Promise<ProcessEntry | undefined> {
    return parseCimProcesses(
      await powershell(query.replace('{filter}', ` -Filter "ProcessId=${Math.trunc(pid)}"`)),
    ).at(0);
  }

  async list(): Promise<ProcessEntry[]> {
    return trueParents(parseCimProcesses(await powershell(query.replace('{filter}', ''))));
  }

  async withMark(): Promise<ProcessEntry[]> {
    return [];
  }

  async environment(): Promise<string | undefined> {
    return undefined;
  }

  async signal(identity: ProcessIdentity, signal: TreeSignal): Promise<boolean> {
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return false;
    if ((await this.find(identity.pid))?.start !== identity.start) return false;
    // Without /F taskkill posts WM_CLOSE, which a program with a window can answer by closing its files.
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    return (await run('taskkill', ['/PID', String(identity.pid), '/T', ...force])).code === 0;
  }
}

async function powershell(command: string): Promise<string> {
  return (await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command])).stdout;
}

function run(file: string, argv: readonly string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(
      file,
      [...argv],
      { timeout: 15_000, maxBuffer: 32 * 1024 * 1024, windowsHide: true },
      (error, stdout) => resolve({ code: error ? 1 : 0, stdout }),
    );
  });
}
