import { BacklotError } from '@backlot/contract/errors/catalogue';
import type { Language, Phrase } from '@backlot/contract/phrase';
import { fill } from '@backlot/contract/phrase';
import { ApiError, UnexpectedAnswerError, UnreachableError } from '@backlot/sdk';
import { UsageError } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { PartRefusedError } from './up/part.ts';

/** What a failed command tells a person, a program, and the shell. */
export interface FailureReport {
  readonly exitCode: ExitCode;
  /** Stable, for `--json`. */
  readonly code: string;
  readonly message: string;
  /** Said after the message, when it helps: where each fault of an input is, or the id to look for in the log. */
  readonly details: readonly string[];
  /** Only for what should not have happened. */
  readonly stack?: string;
}

/** Turns whatever a command threw into sentences and an exit code. */
export function reportFailure(error: unknown, language: Language): FailureReport {
  if (error instanceof BacklotError) {
    return {
      exitCode: exitCodeOf(error.kind.status),
      code: error.code,
      message: error.sentence(language),
      details: error.issues.map((issue) => `${issue.pointer}: ${issue.message}`),
    };
  }
  if (error instanceof ApiError) {
    const { issues = [], requestId } = error.problem;
    return {
      exitCode: exitCodeOf(error.status),
      code: error.code,
      message: error.message,
      details: [
        ...issues.map((issue) => `${issue.pointer}: ${issue.message}`),
        ...(requestId !== undefined && error.status >= 500
          ? [fill(phrases.request, { requestId }, language)]
          : []),
      ],
    };
  }
  if (error instanceof UnreachableError) {
    return {
      exitCode: exitCodes.unreachable,
      code: 'unreachable',
      message: fill(phrases.unreachable, { what: error.message }, language),
      details: [],
    };
  }
  if (error instanceof UnexpectedAnswerError) {
    return {
      exitCode: exitCodes.unreachable,
      code: 'unexpected_answer',
      message: fill(phrases.unexpectedAnswer, { what: error.message }, language),
      details: [],
    };
  }
  if (error instanceof PartRefusedError) {
    const { code, message } = error;
    return { exitCode: knownCode(error.exitCode), code, message, details: [] };
  }
  if (error instanceof UsageError) {
    return { exitCode: exitCodes.usage, code: 'usage', message: error.message, details: [] };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return {
      exitCode: exitCodes.interrupted,
      code: 'interrupted',
      message: phrases.interrupted[language],
      details: [],
    };
  }
  if (isFileError(error)) {
    return { exitCode: exitCodes.failed, code: 'file', message: fileSentence(error, language), details: [] };
  }
  return {
    exitCode: exitCodes.internal,
    code: 'internal',
    message: fill(
      phrases.internal,
      { what: error instanceof Error ? error.message : String(error) },
      language,
    ),
    details: [],
    ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
  };
}

/** What a part ended with is ours to end with, as long as it is one of the codes that we promise. */
function knownCode(code: number): ExitCode {
  return Object.values(exitCodes).find((known) => known === code) ?? exitCodes.failed;
}

function exitCodeOf(status: number): ExitCode {
  if (status === 400 || status === 422) return exitCodes.usage;
  if (status === 401 || status === 403) return exitCodes.denied;
  if (status === 404 || status === 410) return exitCodes.notFound;
  if (status === 409 || status === 412) return exitCodes.conflict;
  if (status === 429 || status === 502 || status === 503 || status === 504) return exitCodes.unreachable;
  return exitCodes.failed;
}

interface FileError extends Error {
  readonly code: string;
  readonly path: string;
}

function isFileError(error: unknown): error is FileError {
  return error instanceof Error && 'code' in error && 'path' in error && typeof error.path === 'string';
}

function fileSentence(error: FileError, language: Language): string {
  const known = filePhrases[error.code];
  return known ? fill(known, { path: error.path }, language) : error.message;
}

const filePhrases: Readonly<Record<string, Phrase>> = {
  ENOENT: { en: 'There is no file {path}.', 'zh-CN': '文件 {path} 不存在。' },
  EACCES: { en: 'You may not read or write {path}.', 'zh-CN': '没有读写 {path} 的权限。' },
  EPERM: { en: 'You may not read or write {path}.', 'zh-CN': '没有读写 {path} 的权限。' },
  EISDIR: { en: '{path} is a folder; a file is needed.', 'zh-CN': '{path} 是目录，需要的是文件。' },
  ENOTDIR: { en: '{path} is not a folder.', 'zh-CN': '{path} 不是目录。' },
  ENOSPC: { en: 'The disk is full: {path} could not be written.', 'zh-CN': '磁盘已满，无法写入 {path}。' },
  EROFS: { en: '{path} is on a read-only disk.', 'zh-CN': '{path} 所在磁盘为只读。' },
};

const phrases = {
  unreachable: {
    en: '{what} Is Backlot running there? Start it with `backlot up`, or name another address with --url.',
    'zh-CN': '{what} Backlot 是否在该地址运行？请用 `backlot up` 启动，或用 --url 指定其他地址。',
  },
  unexpectedAnswer: {
    en: '{what} Most likely another program, or another release of Backlot, listens there.',
    'zh-CN': '{what} 该地址上可能是其他程序，或其他版本的 Backlot。',
  },
  request: {
    en: 'The log has the details under request {requestId}.',
    'zh-CN': '详情见日志中的请求 {requestId}。',
  },
  interrupted: { en: 'Stopped.', 'zh-CN': '已停止。' },
  internal: {
    en: 'Something went wrong that should not have: {what}. Please report it with the lines below.',
    'zh-CN': '发生了不应出现的错误：{what}。请附上以下内容报告此问题。',
  },
} as const satisfies Record<string, Phrase>;
