import { stripVTControlCharacters } from 'node:util';
import { say } from './phrases.mjs';

/** Ends a script with a sentence instead of a stack trace. */
export class Stop extends Error {}

const live = process.stderr.isTTY === true && process.env.CI === undefined;
const dim = (text) => (live ? `\u001b[2m${text}\u001b[22m` : text);

/**
 * Does one step of a set-up and shows it: what goes on while it goes on (the last line that the work reports,
 * on a terminal), and how long it took. A step that finds nothing to do returns `undefined` and stays silent.
 *
 * @template T
 * @param {string} title
 * @param {(report: (line: string) => void) => Promise<T | undefined>} work
 * @returns {Promise<T | undefined>}
 */
export async function step(title, work) {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  let shown = false;
  let lastLine = '';
  const paint = () => {
    const width = Math.max(20, (process.stderr.columns ?? 80) - 2);
    const line = `  … ${title} ${seconds()} s ${lastLine}`.slice(0, width);
    process.stderr.write(`\r\u001b[2K${dim(line)}`);
  };
  const begin = () => {
    if (!shown && !live) process.stderr.write(`  … ${title}\n`);
    shown = true;
  };
  // What is done in a moment was most likely a check that found nothing to do: no need to announce it.
  const patience = setTimeout(begin, 400);
  const ticker = setInterval(() => shown && live && paint(), 200);
  try {
    const result = await work((line) => {
      begin();
      lastLine = stripControl(line);
    });
    finish();
    if (shown || result !== undefined) process.stderr.write(`  ✓ ${title} ${dim(`(${seconds()} s)`)}\n`);
    return result;
  } catch (error) {
    finish();
    process.stderr.write(`  ✗ ${title} ${dim(`(${seconds()} s)`)}\n`);
    throw error;
  }

  function finish() {
    clearTimeout(patience);
    clearInterval(ticker);
    if (live && shown) process.stderr.write('\r\u001b[2K');
  }
}

/** Something that the reader should know, and that does not stop us. */
export function notice(text) {
  process.stderr.write(`  ! ${text.replaceAll('\n', '\n    ')}\n`);
}

/**
 * Runs a script to its end: a `Stop` is printed as a sentence, anything else with its stack, both end it with 1.
 * @param {() => Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof Stop ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`\n${say('It stopped', '已停止')}: ${text}\n`);
    process.exitCode = 1;
  }
}

/** One printable line, without colours and cursor movements of other programs. */
function stripControl(line) {
  return stripVTControlCharacters(line)
    .replace(/\p{Cc}/gu, ' ')
    .trim();
}
