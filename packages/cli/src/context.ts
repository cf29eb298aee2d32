import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { fill, type Language } from '@backlot/contract/phrase';
import { ApiClient } from '@backlot/sdk';
import { type CommandContext, UsageError } from './command.ts';
import { type Machine, thisMachine } from './config/data-dir.ts';
import { urlSchema } from './config/setting.ts';
import { SignIns } from './credentials/sign-ins.ts';
import { type Sink, TerminalOutput } from './output/terminal-output.ts';
import type { Product } from './product.ts';
import { loadReasons, type ReasonText } from './reasons.ts';

/** What the frame knows beyond what commands are given. */
export interface FrameOptions {
  readonly json: boolean;
  readonly language: Language;
  readonly url: string | undefined;
  readonly signal: AbortSignal;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly cwd: string;
  readonly env: Machine['env'];
  readonly workloads: Product['workloads'];
}

/** The context of one command. */
export function createContext(options: FrameOptions): CommandContext {
  const { json, language, signal, stdout, stderr, cwd, env } = options;
  let api: Promise<ApiClient> | undefined;
  let reasons: Promise<ReasonText> | undefined;
  return {
    out: new TerminalOutput({ json, stdout, stderr, env }),
    language,
    address: options.url,
    say: (phrase, params = {}) => fill(phrase, params, language),
    api: () => {
      api ??= signedInApi(options);
      return api;
    },
    reasons: () => {
      reasons ??= loadReasons(options.workloads, language);
      return reasons;
    },
    signal,
    cwd,
    env,
  };
}

/** Where commands go when nobody says: the control plane that `backlot up` starts on this machine. */
export const usualUrl = 'http://127.0.0.1:8080';

/**
 * The address and the token for it, in this order: `--url` and the environment (`BACKLOT_URL`, `BACKLOT_TOKEN`,
 * or the `BACKLOT_ADMIN_TOKEN` of an installation on this machine), then what `backlot login` has kept.
 */
export async function findCredentials(
  options: Pick<FrameOptions, 'url' | 'env'>,
): Promise<{ readonly url: string; readonly token: string | undefined }> {
  const { env } = options;
  const named = options.url ?? (env.BACKLOT_URL === '' ? undefined : env.BACKLOT_URL);
  const signIns = new SignIns(thisMachine(env));
  const kept = await signIns.find(named === undefined ? undefined : checkUrl(named));
  const url = named === undefined ? (kept?.url ?? localUrl(env)) : checkUrl(named);
  return { url, token: env.BACKLOT_TOKEN || env.BACKLOT_ADMIN_TOKEN || kept?.token };
}

async function signedInApi(options: FrameOptions): Promise<ApiClient> {
  const { url, token } = await findCredentials(options);
  if (token === undefined || token === '') {
    throw new BacklotError(cliErrors.not_signed_in, { params: { url } });
  }
  return new ApiClient({ baseUrl: url, token, language: options.language, retries: 3 });
}

function checkUrl(url: string): string {
  const parsed = urlSchema.safeParse(/^[a-z]+:\/\//i.test(url) ? url : `http://${url}`);
  if (parsed.success) return parsed.data;
  throw new UsageError(`--url: ${parsed.error.issues[0]?.message}`);
}

/** The same variables that `backlot up` was started with lead to it. */
function localUrl(env: Machine['env']): string {
  const { BACKLOT_PUBLIC_URL, BACKLOT_HOST, BACKLOT_PORT } = env;
  if (BACKLOT_PUBLIC_URL) return checkUrl(BACKLOT_PUBLIC_URL);
  if (!BACKLOT_HOST && !BACKLOT_PORT) return usualUrl;
  const host =
    !BACKLOT_HOST || BACKLOT_HOST === '0.0.0.0' || BACKLOT_HOST === '::' ? '127.0.0.1' : BACKLOT_HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${BACKLOT_PORT || 8080}`;
}
