import type { Socket } from 'node:net';
import type { Reason } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { sourceReason } from '../../../contract/source-phrases.ts';
import type { SourceEnd, SourceSink } from '../../source-port.ts';
import type { Publisher, PushDesk } from '../push-desk.ts';
import { type AmfValue, readAmf } from './amf0.ts';
import { bodyOf, ChunkReader, type RtmpMessage } from './chunk-reader.ts';
import { Handshake } from './handshake.ts';
import {
  acknowledgement,
  command,
  connected,
  makeTag,
  messageTypes,
  pong,
  publishing,
  scriptOf,
  status,
  tagOf,
  tagsOfAggregate,
} from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

/** From the first byte until it publishes. Whoever takes longer does not mean to. Milliseconds. */
const setupMs = 10_000;
/** Without a byte. The recorder gives up sooner; this frees what nobody records. Milliseconds. */
const silenceMs = 30_000;
/** A publisher with an unknown key waits so long for its channel, which may be starting anew. Milliseconds. */
const patienceMs = 3_000;
/** Media that nobody has taken yet: some seconds between "it is live" and the recorder's hand. */
const maxQueued = 32 * 1024 * 1024;
/** Answers that the publisher does not read. */
const maxUnread = 256 * 1024;
/** File header with sound and picture, and the size of no tag. */
const flvHeader = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);

export interface PublisherParts {
  readonly socket: Socket;
  readonly desk: PushDesk;
  readonly clock: Clock;
  readonly log: (message: string, details?: Record<string, unknown>) => void;
  /** For people; without the key. */
  readonly address: string;
  /** It has shown a key that is awaited. */
  readonly onPublishing: () => void;
}

/** One client of the ingest: shakes hands, shows its key, then sends media, which become FLV tags. */
export class PublisherConnection implements Publisher {
  readonly address: string;
  readonly #parts: PublisherParts;
  readonly #reader: ChunkReader;
  #handshake: Handshake | undefined = new Handshake();
  #received = 0;
  #acknowledged = 0;
  #window = 2_500_000;
  #heardAt: number;
  #cancelTimer: () => void;
  #state: 'setup' | 'asking' | 'publishing' | 'over' = 'setup';
  #leave: () => void = () => {};
  #queue: Buffer[] = [];
  #queued = 0;
  #sink: SourceSink | undefined;
  /** Tags of the read in work: they go on together, as one write of the recorder. */
  #gathered: Buffer[] = [];
  #admitted: ((publisher: Publisher) => () => void) | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.address = parts.address;
    this.#heardAt = parts.clock.monotonic();
    this.#reader = new ChunkReader((message) => this.#message(message));
    this.#cancelTimer = parts.clock.after(setupMs, () => this.#fail(sourceReason('publisher_slow')));
    const { socket } = parts;
    socket.on('data', (chunk) => this.#data(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#over({ why: 'closed', reason: sourceReason('publisher_lost') }));
  }

  start(sink: SourceSink): void {
    if (this.#state !== 'publishing') {
      sink.end({ why: 'closed', reason: sourceReason('publisher_gone') });
      return;
    }
    this.#sink = sink;
    sink.data(Buffer.from(flvHeader));
    for (const tag of this.#queue) sink.data(tag);
    this.#queue = [];
    this.#queued = 0;
  }

  close(): void {
    this.#over({ why: 'closed', reason: sourceReason('given_up') });
    this.#parts.socket.destroy();
  }
  silentMs(): number {
    return this.#parts.clock.monotonic() - this.#heardAt;
  }

  #data(chunk: Buffer): void {
    this.#heardAt = this.#parts.clock.monotonic();
    this.#guard(() => this.#take(chunk));
  }

  #guard(act: () => void): void {
    try {
      act();
      this.#deliver();
    } catch (error) {
      // Whatever a publisher sends ends its own connection at most.
      this.#misbehaves(error instanceof ProtocolError ? error.message : 'Its bytes could not be understood.');
    }
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#handshake) {
      const { reply, rest } = this.#handshake.push(chunk);
      if (reply) this.#send(reply);
      if (!rest) return;
      this.#handshake = undefined;
      bytes = rest;
    }
    this.#received = (this.#received + bytes.length) % 2 ** 32;
    this.#reader.push(bytes);
    const since = (this.#received - this.#acknowledged + 2 ** 32) % 2 ** 32;
    if (since >= this.#window / 2 && this.#state !== 'over') {
      this.#acknowledged = this.#received;
      this.#send(acknowledgement(this.#received));
    }
  }

  #message(message: RtmpMessage): void {
    if (this.#state === 'over') return;
    switch (message.type) {
      case messageTypes.audio:
      case messageTypes.video:
        // An empty message keeps the connection alive and is no tag.
        if (message.framed.length > 15) this.#media(tagOf(message));
        return;
      case messageTypes.aggregate:
        for (const tag of tagsOfAggregate(message)) this.#media(tag);
        return;
      case messageTypes.dataAmf0:
      case messageTypes.dataAmf3: {
        const body = bodyOf(message);
        // AMF3 messages hold AMF0 behind a zero byte, as all clients send them.
        const script = scriptOf(message.type === messageTypes.dataAmf3 ? body.subarray(1) : body);
        if (script) this.#media(makeTag(18, message.timestamp, script));
        return;
      }
      case messageTypes.commandAmf0:
        this.#command(message.streamId, readAmf(bodyOf(message)));
        return;
      case messageTypes.commandAmf3:
        this.#command(message.streamId, readAmf(bodyOf(message).subarray(1)));
        return;
      default:
        this.#protocol(message.type, bodyOf(message));
    }
  }

  #protocol(type: number, body: Buffer): void {
    const value = body.length >= 4 ? body.readUInt32BE(0) : undefined;
    if (value === undefined) return;
    if (type === messageTypes.setChunkSize) this.#reader.setChunkSize(value & 0x7fffffff);
    else if (type === messageTypes.abort) this.#reader.abort(value);
    else if (type === messageTypes.windowSize) this.#window = Math.max(65_536, Math.min(value, 2 ** 30));
    // User control 6 is a ping; the others are of players.
    else if (type === messageTypes.userControl && body.readUInt16BE(0) === 6 && body.length >= 6)
      this.#send(pong(body.readUInt32BE(2)));
  }

  #command(streamId: number, [name, transaction, , first]: readonly AmfValue[]): void {
    const number = typeof transaction === 'number' ? transaction : 0;
    switch (name) {
      case 'connect':
        this.#send(connected(number));
        return;
      case 'createStream':
        this.#send(command(0, '_result', number, null, 1));
        return;
      case 'releaseStream':
      case '_checkbw':
      case 'FCPublish':
        this.#send(command(0, '_result', number, null, undefined));
        if (name === 'FCPublish')
          this.#send(
            command(0, 'onFCPublish', 0, null, { code: 'NetStream.Publish.Start', description: '' }),
          );
        return;
      case 'publish':
        this.#publish(streamId, typeof first === 'string' ? first : '');
        return;
      case 'FCUnpublish':
      case 'deleteStream':
      case 'closeStream':
        if (this.#state === 'publishing')
          this.#finish({ why: 'finished', reason: sourceReason('publisher_ended') });
        return;
      case 'play':
        this.#send(
          status(streamId, 'error', 'NetStream.Play.StreamNotFound', 'Streams are only taken in here.'),
        );
        this.#misbehaves('It wanted to play a stream; here they are only taken in.');
    }
  }

  #publish(streamId: number, name: string): void {
    if (this.#state !== 'setup') throw new ProtocolError('It published twice.');
    this.#state = 'asking';
    // What comes before the answer waits.
    this.#parts.socket.pause();
    this.#reader.hold();
    // Some encoders put parameters behind the key.
    const key = name.replace(/\?.*$/s, '');
    void this.#parts.desk.admit(key, patienceMs).then((answer) => {
      if (this.#state !== 'asking') return;
      if (typeof answer === 'string') {
        this.#send(status(streamId, 'error', 'NetStream.Publish.BadName', refusals[answer]));
        this.#fail(sourceReason(answer === 'busy' ? 'publisher_taken' : 'publisher_unknown'));
        return;
      }
      this.#state = 'publishing';
      this.#admitted = answer;
      this.#parts.onPublishing();
      this.#reader.allowMedia();
      this.#cancelTimer();
      this.#watchSilence();
      this.#send(publishing(streamId));
      this.#guard(() => this.#reader.release());
      this.#parts.socket.resume();
    });
  }

  #media(tag: Buffer): void {
    if (this.#state !== 'publishing') throw new ProtocolError('It sent media before it was allowed to.');
    // Live is who sends something, not who only asked.
    const admitted = this.#admitted;
    if (admitted && tag[0] !== 18) {
      this.#admitted = undefined;
      this.#leave = admitted(this);
    }
    if (this.#sink) {
      this.#gathered.push(tag);
      return;
    }
    this.#queue.push(tag);
    this.#queued += tag.length;
    if (this.#queued > maxQueued) this.#misbehaves('Nobody records this channel.');
  }

  #deliver(): void {
    if (this.#gathered.length === 0) return;
    const tags = this.#gathered;
    this.#gathered = [];
    this.#sink?.data(Buffer.concat(tags));
  }

  #watchSilence(): void {
    const { clock } = this.#parts;
    this.#cancelTimer = clock.after(silenceMs, () => {
      if (this.silentMs() >= silenceMs) this.#fail(sourceReason('publisher_silent'));
      else this.#watchSilence();
    });
  }

  #send(bytes: Buffer): void {
    const { socket } = this.#parts;
    if (!socket.writable) return;
    socket.write(bytes);
    if (socket.writableLength > maxUnread) this.#misbehaves('It does not read our answers.');
  }

  /** Of what it does wrong, in words of the protocol. */
  #misbehaves(detail: string): void {
    this.#fail(sourceReason('publisher_away', { detail }));
  }

  #fail(reason: Reason): void {
    this.#parts.log('a publisher was sent away', { address: this.address, reason: reason.message });
    this.#finish({ why: 'failed', reason });
  }

  /** Tells the recorder, then lets the connection go once what we said is sent. */
  #finish(end: SourceEnd): void {
    this.#over(end);
    this.#parts.socket.end();
    // A client that never closes its side would keep the socket.
    this.#parts.clock.after(1_000, () => this.#parts.socket.destroy());
    this.#parts.socket.resume();
  }

  #over(end: SourceEnd): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#cancelTimer();
    this.#leave();
    this.#queue = [];
    // What came whole before it went wrong is kept.
    this.#deliver();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end(end);
  }
}

const refusals = {
  unknown: 'This stream key belongs to no channel of this node.',
  busy: 'Somebody publishes with this stream key already.',
} as const;
