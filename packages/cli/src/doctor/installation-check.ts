import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Phrase } from '@backlot/contract/phrase';
import { processStartTime } from '@backlot/control/db/embedded/process-table';
import { formatDuration } from '../output/amounts.ts';
import { readRunFile } from '../up/run-file.ts';
import type { Check, CheckContext, Finding } from './check.ts';

/** Above this, tokens and certificates of one machine look expired to the other. */
const tolerableSkewMs = 5000;

/** Whether Backlot runs here, answers, and agrees about the time; if it does not run, whether its port is free. */
export const installationCheck: Check = {
  name: 'installation',
  async run(context) {
    const run = readRunFile(join(context.settings.dataDir, 'run', 'up.json'));
    const runs = run !== undefined && processStartTime(run.pid) === run.startedAt;
    if (runs && run.url !== null) return askControl(context, run.url, run.pid);
    return [await checkPort(context)];
  },
};

async function askControl(
  { say, signal }: CheckContext,
  url: string,
  pid: number,
): Promise<readonly Finding[]> {
  try {
    const asked = Date.now();
    const response = await fetch(`${url}/readyz`, { signal });
    const skewMs = Math.abs(Date.parse(response.headers.get('date') ?? '') - asked);
    await response.body?.cancel();
    const status = response.ok ? 'ok' : 'problem';
    const running: Finding = {
      check: 'running',
      status,
      text: say(response.ok ? phrases.running : phrases.notReady, { url, pid }),
      ...(response.ok ? {} : { advice: say(phrases.look) }),
    };
    // `Date` is given in whole seconds.
    if (!(skewMs > tolerableSkewMs + 1000)) return [running];
    const clock = say(phrases.skew, { skew: formatDuration(skewMs) });
    return [running, { check: 'clock', status: 'warning', text: clock, advice: say(phrases.ntp) }];
  } catch {
    return [
      {
        check: 'running',
        status: 'problem',
        text: say(phrases.silent, { url, pid }),
        advice: say(phrases.look),
      },
    ];
  }
}

function checkPort({ settings, say }: CheckContext): Promise<Finding> {
  const { host, port } = settings;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve({
        check: 'port',
        status: 'problem',
        text: say(phrases.taken, { host, port, reason: error.code ?? error.message }),
        advice: say(phrases.otherPort),
      });
    });
    server.listen(port, host, () => {
      server.close(() => resolve({ check: 'port', status: 'ok', text: say(phrases.free, { host, port }) }));
    });
  });
}

const phrases = {
  running: { en: 'Backlot runs at {url} (process {pid})', 'zh-CN': 'Backlot 正在 {url} 运行（进程 {pid}）' },
  notReady: {
    en: 'Backlot runs at {url} (process {pid}) and says that it is not ready.',
    'zh-CN': 'Backlot 在 {url} 运行（进程 {pid}），但尚未就绪。',
  },
  silent: {
    en: 'Backlot (process {pid}) should be at {url}, and does not answer.',
    'zh-CN': 'Backlot（进程 {pid}）应在 {url} 运行，但没有响应。',
  },
  look: {
    en: 'Look at logs/control.log in the data folder.',
    'zh-CN': '请查看数据目录中的 logs/control.log。',
  },
  skew: { en: 'The clocks are {skew} apart.', 'zh-CN': '时钟相差 {skew}。' },
  ntp: { en: 'Let both machines follow an NTP server.', 'zh-CN': '请让两台机器与 NTP 服务器同步。' },
  free: { en: 'Port {port} on {host} is free', 'zh-CN': '{host} 的端口 {port} 可用' },
  taken: {
    en: 'Port {port} on {host} can’t be used ({reason}).',
    'zh-CN': '{host} 的端口 {port} 不可用（{reason}）。',
  },
  otherPort: {
    en: 'Stop what uses it, or choose another with BACKLOT_PORT.',
    'zh-CN': '请停止占用它的程序，或用 BACKLOT_PORT 指定其他端口。',
  },
} as const satisfies Record<string, Phrase>;
