import type { Reason } from '@backlot/contract';
import type { LedgerFact } from '../ledger/rows.ts';
import { mostSaid, said } from './said.ts';
import type { Gap } from './segment-meta.ts';

/** The facts of a channel, as events carry them. Keys name them within an allocation, so that telling twice is once. */
export class ChannelFacts {
  readonly #channelId: string;
  readonly #flowVersion: string | undefined;

  constructor(channelId: string, flowVersion: string | undefined) {
    this.#channelId = channelId;
    this.#flowVersion = flowVersion;
  }

  broadcastStarted(broadcast: string, wall: number, title: string | undefined): LedgerFact {
    const body = { broadcast, startedWall: Math.round(wall), ...titleOf(title) };
    return this.#fact(`broadcast-started-${broadcast}`, 'broadcast.started', wall, body);
  }

  broadcastEnded(
    wall: number,
    body: {
      broadcast: string;
      why: string;
      startedWall: number;
      endedWall: number;
      lossMs: number;
      takes: number;
      segments: number;
      bytes: number;
      title?: string;
    },
  ): LedgerFact {
    const fact = this.#fact(`broadcast-ended-${body.broadcast}`, 'broadcast.ended', wall, {
      ...body,
      why: said(body.why, mostSaid.why),
      ...titleOf(body.title),
    });
    return this.#flowVersion === undefined ? fact : { ...fact, flow: { version: this.#flowVersion } };
  }

  takeStarted(broadcast: string, take: string, number: number, wall: number, address: string): LedgerFact {
    return this.#fact(`take-started-${take}`, 'take.started', wall, {
      broadcast,
      take,
      number,
      address: said(address, mostSaid.address),
    });
  }

  takeEnded(broadcast: string, take: string, number: number, wall: number, why: string): LedgerFact {
    return this.#fact(`take-ended-${take}`, 'take.ended', wall, {
      broadcast,
      take,
      number,
      why: said(why, mostSaid.takeEnd),
    });
  }

  gap(broadcast: string, gap: Gap, wall: number): LedgerFact {
    const { why, what, ...when } = gap;
    return this.#fact(`gap-${broadcast}-${gap.fromWall}-${why}`, 'gap', wall, {
      broadcast,
      ...when,
      why: said(why, mostSaid.why),
      ...(what === undefined ? {} : { what: said(what, mostSaid.what) }),
    });
  }

  stall(broadcast: string, take: string, kind: string, wall: number): LedgerFact {
    return this.#fact(`stall-${take}-${kind}`, 'stall', wall, {
      broadcast,
      take,
      stall: said(kind, mostSaid.stall),
    });
  }

  title(title: string, wall: number, broadcast: string | undefined): LedgerFact {
    const body = { title: said(title, mostSaid.title), ...(broadcast === undefined ? {} : { broadcast }) };
    return this.#fact(`title-${Math.round(wall)}`, 'title', wall, body);
  }

  source(state: string, reason: Reason | undefined, wall: number): LedgerFact {
    return this.#fact(`source-${Math.round(wall)}-${state}`, 'source', wall, {
      state: said(state, mostSaid.state),
      ...(reason === undefined ? {} : { reason: said(reason.message, mostSaid.reason), words: reason }),
    });
  }

  /** At most one in ten minutes, whatever happens. */
  diskFull(wall: number, reason: string): LedgerFact {
    const key = `disk-${Math.floor(wall / 600_000)}`;
    return this.#fact(key, 'disk', wall, { reason: said(reason, mostSaid.disk) });
  }

  #fact(key: string, kind: string, wall: number, body: Record<string, unknown>): LedgerFact {
    return {
      key,
      kind: `recordings.${kind}`,
      at: new Date(wall).toISOString(),
      body: { channelId: this.#channelId, ...body },
    };
  }
}

function titleOf(title: string | undefined): { title?: string } {
  return title === undefined ? {} : { title: said(title, mostSaid.title) };
}
