import { type Account, AccountCreated, Me, type RoleGrant } from '@backlot/contract';
import type { TestFront } from './test-front.ts';

/** Somebody who is signed in, with what their browser would send. */
export interface Person {
  readonly account: Account;
  readonly password: string;
  readonly me: Me;
  /** `name=value` of the session cookie. */
  readonly cookie: string;
  /** Headers of a page's own request, reading or changing. */
  readonly headers: Readonly<Record<string, string>>;
}

type Caller = Pick<TestFront, 'app' | 'adminToken'>;

let count = 0;

/** Makes an account with these grants and signs it in, all through the API. */
export async function signedInPerson(
  front: Caller,
  grants: readonly RoleGrant[],
  name?: string,
): Promise<Person> {
  count += 1;
  const password = `a long password ${count}`;
  const email = `${(name ?? 'person').toLowerCase()}-${count}@example.com`;
  const made = await front.app.inject({
    method: 'POST',
    url: '/api/v1/accounts',
    headers: { authorization: `Bearer ${front.adminToken}` },
    payload: { email, name: name ?? `Person ${count}`, password, grants },
  });
  if (made.statusCode !== 201) throw new Error(`The account was not made: ${made.body}`);
  const { account } = AccountCreated.parse(made.json());
  return { account, ...(await signIn(front, email, password)) };
}

/** Signs in by password. */
export async function signIn(
  front: Caller,
  email: string,
  password: string,
): Promise<Omit<Person, 'account'>> {
  const answer = await front.app.inject({
    method: 'POST',
    url: '/api/v1/login',
    payload: { email, password },
    // An address of its own for each, so that the limit per address is not what a test meets by accident.
    remoteAddress: `10.${(count >> 8) & 255}.${count & 255}.1`,
  });
  if (answer.statusCode !== 200) throw new Error(`Signing in failed: ${answer.body}`);
  const me = Me.parse(answer.json());
  const [session] = answer.cookies;
  const cookie = `${session?.name}=${session?.value}`;
  const headers = {
    cookie,
    host: '127.0.0.1:8080',
    origin: 'http://127.0.0.1:8080',
    'x-csrf-token': me.csrfToken ?? '',
  };
  return { password, me, cookie, headers };
}
