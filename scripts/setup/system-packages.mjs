import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say } from './phrases.mjs';
import { run } from './run.mjs';
import { notice } from './steps.mjs';

/**
 * Programs of the system that the product or its tests use. Without one, everything else still works: a node
 * only offers what it has proved that it can do.
 * @typedef {{ apt: string, brew?: string, command?: string, file?: string, for: [en: string, zh: string] }} SystemPackage
 */

/** @type {readonly SystemPackage[]} */
export const packagesToRun = [
  { apt: 'blender', brew: '--cask blender', command: 'blender', for: ['rendering', '渲染'] },
  { apt: 'python3-numpy', for: ['glTF, FBX and STL in Blender', 'Blender 导入 glTF、FBX 和 STL'] },
  { apt: 'ffmpeg', brew: 'ffmpeg', command: 'ffmpeg', for: ['films', '合成视频'] },
  { apt: 'bubblewrap', command: 'bwrap', for: ['the sandbox', '沙箱'] },
];

/** @type {readonly SystemPackage[]} */
export const packagesToTest = [
  ...packagesToRun,
  { apt: 'chromium', command: 'chromium', for: ['browser tests', '浏览器测试'] },
  {
    apt: 'nats-server',
    command: 'nats-server',
    for: ['tests with several control processes', '多控制进程测试'],
  },
  // Both are some megabytes of Python; without them only their own tests are skipped.
  { apt: 'streamlink', command: 'streamlink', for: ['tests of live pages', '直播页面解析测试'] },
  { apt: 'yt-dlp', command: 'yt-dlp', for: ['tests of live pages', '直播页面解析测试'] },
  { apt: 'rclone', brew: 'rclone', command: 'rclone', for: ['tests of uploads', '上传测试'] },
  { apt: 'coturn', command: 'turnserver', for: ['tests of relayed media', '媒体中继测试'] },
  { apt: 'fonts-noto-cjk', for: ['Chinese text in pictures of pages', '页面截图中的中文'] },
  {
    apt: 'assimp-testmodels',
    file: '/usr/share/assimp/models',
    for: ['tests with real models', '真实模型测试'],
  },
];

/**
 * Installs what is missing where we may (root on Debian or Ubuntu), else says what to type. Never fails: the
 * product goes on without.
 *
 * @param {readonly SystemPackage[]} wanted
 * @param {(line: string) => void} report
 * @returns {Promise<true | undefined>} undefined when nothing was missing or nothing could be done.
 */
export async function installSystemPackages(wanted, report) {
  const debian = isDebianLike();
  const missing = await findMissing(wanted, debian);
  if (missing.length === 0) return undefined;
  const isRoot = process.getuid?.() === 0;
  if (!debian || !isRoot) {
    explain(missing, howTo(missing, debian));
    return undefined;
  }
  const left = await aptInstall(missing, report);
  if (left.length === 0) return true;
  explain(left, `apt-get install ${left.map((entry) => entry.apt).join(' ')}`);
  return undefined;
}

/** @param {readonly SystemPackage[]} missing */
function explain(missing, command) {
  const list = (index) => missing.map((entry) => `${entry.apt} (${entry.for[index]})`).join(', ');
  notice(
    say(
      `Not installed: ${list(0)}. Backlot goes on without them. To have them, run:\n${command}`,
      `未安装：${list(1)}。Backlot 将在缺少它们的情况下继续。如需安装，请运行：\n${command}`,
    ),
  );
}

function howTo(missing, debian) {
  if (debian) return `sudo apt-get install -y ${missing.map((entry) => entry.apt).join(' ')}`;
  if (process.platform === 'darwin') {
    const brew = missing.flatMap((entry) => entry.brew ?? []);
    return brew.map((name) => `brew install ${name}`).join(' && ') || 'brew --version';
  }
  if (process.platform === 'win32') return 'winget install BlenderFoundation.Blender Gyan.FFmpeg';
  return say(
    `(with your system's package manager) ${missing.map((entry) => entry.apt).join(' ')}`,
    `（使用系统的软件包管理器）${missing.map((entry) => entry.apt).join(' ')}`,
  );
}

async function findMissing(wanted, debian) {
  const installed = debian ? await installedByDpkg(wanted.map((entry) => entry.apt)) : new Set();
  return wanted.filter((entry) => {
    // A program that came in another way (a newer Blender in /opt) is as good as the package.
    if (entry.command && onPath(entry.command)) return false;
    if (entry.file && existsSync(entry.file)) return false;
    if (debian) return !installed.has(entry.apt);
    return entry.command !== undefined;
  });
}

async function installedByDpkg(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is dpkg-query's own notation for fields
  const format = '${Package} ${db:Status-Status}\\n';
  const { tail } = await run('dpkg-query', ['--show', `--showformat=${format}`, ...names], {
    limitMs: 20_000,
  });
  return new Set(
    tail.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
}

/** Tries with the package lists that are there, and fetches new ones only when that did not do. */
async function aptInstall(missing, report) {
  const install = (entries) =>
    run(
      'apt-get',
      [
        'install',
        '--yes',
        '--no-install-recommends',
        '-o',
        'DPkg::Lock::Timeout=120',
        '-o',
        'Dpkg::Use-Pty=0',
        ...entries.map((entry) => entry.apt),
      ],
      { report, limitMs: 20 * 60_000, env: quietApt },
    );
  if (!hasPackageLists() || (await install(missing)).code !== 0) {
    await run('apt-get', ['update', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::http::Timeout=20'], {
      report,
      limitMs: 3 * 60_000,
      env: quietApt,
    });
    await install(missing);
    // One name that this release does not know must not keep the others away.
    for (const entry of await findMissing(missing, true)) await install([entry]);
  }
  return findMissing(missing, true);
}

const quietApt = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };

function hasPackageLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
}

function isDebianLike() {
  if (process.platform !== 'linux' || !onPath('apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

export function onPath(command) {
  const extensions = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => extensions.some((extension) => existsSync(join(folder, command + extension))));
}
