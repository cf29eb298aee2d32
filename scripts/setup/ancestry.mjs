import { readFileSync } from 'node:fs';

/**
 * Who started us, as a value that changes when one of them dies: our parent, and its parent. npm starts a script
 * through a shell; when npm is killed the shell lives on without it and says nothing.
 * The second is known on Linux only; elsewhere the shell's own death has to do.
 */
export function ancestry() {
  const parent = process.ppid;
  return `${parent} ${parentOf(parent)}`;
}

/** Field 4 of /proc/<pid>/stat, counted from the end of the name, which may hold anything (proc_pid_stat(5)). */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return '-';
  }
}
