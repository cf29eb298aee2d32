import type { PageMessage } from '../data-channel/messages.ts';

/** Positions are parts of the picture's width and height, 0..1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What one player does. */
export interface Hand {
  readonly pointer: Point | undefined;
  /** Mouse buttons that are held. */
  readonly buttons: ReadonlySet<number>;
  readonly touches: ReadonlyMap<number, Point>;
}

const noHand: Hand = { pointer: undefined, buttons: new Set(), touches: new Map() };
const point = (x: number, y: number): Point => ({ x: x / 65_536, y: y / 65_536 });
/** Letters of typed text that are kept. */
const mostTyped = 40;
const mostMarks = 60;

/** Everything that the picture shows of what people did, and nothing else: a reset is a new one. */
export class Scene {
  readonly #hands = new Map<string, Hand>();
  /** Where somebody has clicked, oldest first. */
  readonly marks: Point[] = [];
  typed = '';
  heldKeys: ReadonlySet<number> = new Set();
  wheel = 0;
  /** The last thing that arrived, in a few words. */
  last = '';
  /** Messages of all kinds. */
  inputs = 0;

  get hands(): readonly Hand[] {
    return [...this.#hands.values()];
  }

  handOf(player: string): Hand {
    return this.#hands.get(player) ?? noHand;
  }

  playerLeft(player: string): void {
    this.#hands.delete(player);
    this.heldKeys = new Set();
  }

  /** Takes in what a page has sent. Messages that are no input change nothing but the count. */
  take(player: string, { type, values, touches = [] }: PageMessage): void {
    this.inputs += 1;
    const hand = this.handOf(player);
    const [a = 0, b = 0, c = 0] = values.map(Number);
    switch (type) {
      case 'MouseMove':
        this.#set(player, { ...hand, pointer: point(a, b) }, type);
        return;
      case 'MouseDown':
        this.#mark(point(b, c));
        this.#set(
          player,
          { ...hand, pointer: point(b, c), buttons: new Set([...hand.buttons, a]) },
          `${type} ${a}`,
        );
        return;
      case 'MouseUp':
        this.#set(
          player,
          {
            ...hand,
            pointer: point(b, c),
            buttons: new Set([...hand.buttons].filter((button) => button !== a)),
          },
          `${type} ${a}`,
        );
        return;
      case 'MouseLeave':
        this.#set(player, { ...hand, pointer: undefined, buttons: new Set() }, type);
        return;
      case 'MouseWheel':
        this.wheel += a;
        this.#set(player, { ...hand, pointer: point(b, c) }, `${type} ${a}`);
        return;
      case 'TouchStart':
      case 'TouchMove':
        if (type === 'TouchStart') for (const touch of touches) this.#mark(point(touch.x, touch.y));
        this.#set(
          player,
          {
            ...hand,
            touches: new Map([...hand.touches, ...touches.map((t) => [t.index, point(t.x, t.y)] as const)]),
          },
          `${type} ${touches.length}`,
        );
        return;
      case 'TouchEnd': {
        const ended = new Set(touches.map(({ index }) => index));
        const left = [...hand.touches].filter(([index]) => !ended.has(index));
        this.#set(player, { ...hand, touches: new Map(left) }, type);
        return;
      }
      case 'KeyDown':
        this.heldKeys = new Set([...this.heldKeys, a]);
        // 8 is the backspace key; letters come as KeyPress.
        if (a === 8) this.typed = this.typed.slice(0, -1);
        this.last = `${type} ${a}`;
        return;
      case 'KeyUp':
        this.heldKeys = new Set([...this.heldKeys].filter((key) => key !== a));
        this.last = `${type} ${a}`;
        return;
      case 'KeyPress':
        if (a >= 32) this.typed = `${this.typed}${String.fromCharCode(a)}`.slice(-mostTyped);
        this.last = `${type} ${a}`;
        return;
      case 'UIInteraction':
      case 'Command':
      case 'TextboxEntry':
        this.last = `${type} ${String(values[0]).slice(0, 30)}`;
        return;
      default:
        if (type.startsWith('Gamepad')) this.last = `${type} ${values.join(' ')}`;
    }
  }

  #set(player: string, hand: Hand, last: string): void {
    this.#hands.set(player, hand);
    this.last = last;
  }

  #mark(at: Point): void {
    this.marks.push(at);
    if (this.marks.length > mostMarks) this.marks.shift();
  }
}
