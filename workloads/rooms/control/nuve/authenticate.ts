import { timingSafeEqual } from 'node:crypto';
import { BacklotError, kernelErrors } from '@backlot/contract';
import { type Actor, type Kernel, systemActor } from '@backlot/control/workload';
import type { FastifyRequest } from 'fastify';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import type { MAuthFault } from '../../contract/refusals.ts';
import { checkMAuth, type MAuth, readMAuth } from './mauth.ts';
import type { NuveService, NuveStore } from './nuve-store.ts';

/** The one service that may make and delete services. */
export interface SuperService {
  readonly id: string;
  /** Null: there is none; services are then an administrator's, by API token. */
  readonly key: string | null;
}

/** @param env `BACKLOT_NUVE_SUPERSERVICE_ID` (`superservice`) and `BACKLOT_NUVE_SUPERSERVICE_KEY` */
export function readSuperService(env: Readonly<Record<string, string | undefined>>): SuperService {
  return {
    id: env.BACKLOT_NUVE_SUPERSERVICE_ID?.trim() || 'superservice',
    key: env.BACKLOT_NUVE_SUPERSERVICE_KEY?.trim() || null,
  };
}

export interface Signed {
  readonly service: NuveService;
  readonly username: string | undefined;
  readonly role: string | undefined;
}

/** Who has signed a request to Nuve. */
export class NuveAuthenticator {
  readonly #kernel: Kernel;
  readonly #store: NuveStore;
  readonly #superService: SuperService;

  constructor(kernel: Kernel, store: NuveStore, superService: SuperService) {
    this.#kernel = kernel;
    this.#store = store;
    this.#superService = superService;
  }

  /** @throws nuve_unauthorized */
  async service(request: FastifyRequest): Promise<Signed> {
    const mauth = this.#read(request);
    const service = isUuid(mauth.serviceId) ? await this.#store.service(mauth.serviceId) : undefined;
    if (!service) throw refused('no_service');
    await this.#verify(mauth, service);
    return { service, username: mauth.username, role: mauth.role };
  }

  /**
   * The superservice, or an administrator of this installation; as whom it is written down.
   * @throws nuve_unauthorized, forbidden
   */
  async superService(request: FastifyRequest): Promise<Actor> {
    const { actor } = request;
    if (actor.kind === 'account' || actor.kind === 'token') {
      if (this.#kernel.access.may(actor, 'rooms.console', null)) return actor;
      throw new BacklotError(kernelErrors.forbidden, { params: { permission: 'rooms.console' } });
    }
    const mauth = this.#read(request);
    const { id, key } = this.#superService;
    if (key === null || !equal(mauth.serviceId, id)) throw refused('not_super');
    await this.#verify(mauth, { id, key });
    return { ...systemActor, name: `nuve ${id}` };
  }

  #read(request: FastifyRequest): MAuth {
    const mauth = readMAuth(request.headers.authorization);
    if (!mauth) throw refused('malformed');
    return mauth;
  }

  /**
   * The nonce comes last: whoever can't sign can't use up others' nonces either. It is kept under the id as we have it:
   * the signature does not cover the one in the header, which could be spelled in other letters.
   */
  async #verify(mauth: MAuth, { id, key }: { readonly id: string; readonly key: string }): Promise<void> {
    const fault = checkMAuth(mauth, key, this.#kernel.clock.now());
    if (fault !== undefined) throw refused(fault);
    if (!(await this.#store.takeNonce(id, `${mauth.timestamp}:${mauth.nonce}`))) {
      throw refused('used');
    }
  }
}

function refused(reason: MAuthFault): BacklotError {
  return new BacklotError(roomHttpErrors.nuve_unauthorized, { params: { reason } });
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
