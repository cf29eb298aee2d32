/**
 * The data channel between a page and a streamer: binary messages, little-endian, the first byte says which one. Ids and
 * fields are those of Epic's pages for UE 5.5 to 5.8; a streamer may redefine them by `Protocol` messages, ours tells
 * them as they are.
 */
export type Field = 'uint8' | 'uint16' | 'int16' | 'float' | 'double' | 'string';

export interface MessageShape {
  readonly id: number;
  readonly structure: readonly Field[];
}

/** What a page may send. */
export const toStreamer = {
  IFrameRequest: { id: 0, structure: [] },
  RequestQualityControl: { id: 1, structure: [] },
  FpsRequest: { id: 2, structure: [] },
  AverageBitrateRequest: { id: 3, structure: [] },
  StartStreaming: { id: 4, structure: [] },
  StopStreaming: { id: 5, structure: [] },
  LatencyTest: { id: 6, structure: ['string'] },
  RequestInitialSettings: { id: 7, structure: [] },
  TestEcho: { id: 8, structure: [] },
  DataChannelLatencyTest: { id: 9, structure: ['string'] },
  UIInteraction: { id: 50, structure: ['string'] },
  Command: { id: 51, structure: ['string'] },
  TextboxEntry: { id: 52, structure: ['string'] },
  /** Key code, whether it repeats. */
  KeyDown: { id: 60, structure: ['uint8', 'uint8'] },
  KeyUp: { id: 61, structure: ['uint8'] },
  KeyPress: { id: 62, structure: ['uint16'] },
  MouseEnter: { id: 70, structure: [] },
  MouseLeave: { id: 71, structure: [] },
  /** Button, x, y; positions are parts of 65,536 of the picture. */
  MouseDown: { id: 72, structure: ['uint8', 'uint16', 'uint16'] },
  MouseUp: { id: 73, structure: ['uint8', 'uint16', 'uint16'] },
  /** x, y, and how far it moved. */
  MouseMove: { id: 74, structure: ['uint16', 'uint16', 'int16', 'int16'] },
  /** Delta, x, y. */
  MouseWheel: { id: 75, structure: ['int16', 'uint16', 'uint16'] },
  MouseDouble: { id: 76, structure: ['uint8', 'uint16', 'uint16'] },
  /** How many touches; then for each x, y, number, force, whether it is inside. Only the first is described. */
  TouchStart: { id: 80, structure: ['uint8', 'uint16', 'uint16', 'uint8', 'uint8', 'uint8'] },
  TouchEnd: { id: 81, structure: ['uint8', 'uint16', 'uint16', 'uint8', 'uint8', 'uint8'] },
  TouchMove: { id: 82, structure: ['uint8', 'uint16', 'uint16', 'uint8', 'uint8', 'uint8'] },
  GamepadButtonPressed: { id: 90, structure: ['uint8', 'uint8', 'uint8'] },
  GamepadButtonReleased: { id: 91, structure: ['uint8', 'uint8', 'uint8'] },
  GamepadAnalog: { id: 92, structure: ['uint8', 'uint8', 'double'] },
  GamepadConnected: { id: 93, structure: [] },
  GamepadDisconnected: { id: 94, structure: ['uint8'] },
} as const satisfies Readonly<Record<string, MessageShape>>;
export type ToStreamer = keyof typeof toStreamer;

/** What a streamer may send: an id, and then one text or one byte. */
export const fromStreamer = {
  QualityControlOwnership: 0,
  Response: 1,
  Command: 2,
  VideoEncoderAvgQP: 5,
  LatencyTest: 6,
  InitialSettings: 7,
  TestEcho: 11,
  InputControlOwnership: 12,
  GamepadResponse: 13,
  DataChannelLatencyTest: 14,
  Protocol: 255,
} as const;
export type FromStreamer = keyof typeof fromStreamer;

/** `Direction` in a `Protocol` message. */
export const direction = { toStreamer: 0, fromStreamer: 1 } as const;

/** The two `Protocol` messages with which a streamer begins; Epic's page asks for the settings when they have come. */
export function protocolTexts(): string[] {
  return [
    JSON.stringify({ Direction: direction.toStreamer, ...toStreamer }),
    JSON.stringify({
      Direction: direction.fromStreamer,
      ...Object.fromEntries(Object.entries(fromStreamer).map(([name, id]) => [name, { id, structure: [] }])),
    }),
  ];
}
