import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog, mostAnswers, mostEvents, type Waiting } from './backlog.ts';
import { CommandTurn, mostAsked } from './command-turn.ts';

function backlog() {
  const told: (number | 'began')[] = [];
  const made = new Backlog({ began: () => told.push('began'), ended: (dropped) => told.push(dropped) });
  return { made, told };
}
const drain = (from: Backlog): unknown[] => {
  const all: unknown[] = [];
  for (let entry = from.next(); entry; entry = from.next()) all.push(entry.message);
  return all;
};

describe('what waits for a peer', () => {
  it('loses the oldest event that is not on its way, and says once that and once how many', () => {
    const { made, told } = backlog();
    made.addEvent(0);
    const flying = made.next();
    for (let event = 1; event <= mostEvents + 3; event += 1) made.addEvent(event);
    expect(flying?.message).toBe(0);
    expect(told).toEqual(['began']);
    expect(drain(made)).toEqual(Array.from({ length: mostEvents }, (_, index) => index + 4));
    expect(told).toEqual(['began', 3]);
    made.giveUp();
    expect(told).toHaveLength(2);
  });

  it('is counted as lost when nobody will tell it any more', () => {
    const { made, told } = backlog();
    made.addEvent(1);
    made.addAnswer('a');
    made.addEvent(2);
    made.giveUp();
    expect(told).toEqual([2]);
    expect(made.size).toBe(0);
  });

  it('never loses an answer, and says when there is no room for another', () => {
    const { made } = backlog();
    for (let answer = 0; answer < mostAnswers; answer += 1) {
      expect(made.answersFull).toBe(false);
      made.addAnswer(`a${answer}`);
    }
    expect(made.answersFull).toBe(true);
    for (let event = 0; event < 2 * mostEvents; event += 1) made.addEvent(event);
    expect(made.answers).toBe(mostAnswers);
    expect(made.size).toBe(mostAnswers + mostEvents);
    expect(drain(made).slice(0, mostAnswers)).toEqual(
      Array.from({ length: mostAnswers }, (_, index) => `a${index}`),
    );
  });

  it('comes out in the order in which it went in, whatever fails on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('event', 'answer', 'deliver', 'fail')), (steps) => {
        const { made } = backlog();
        const came: number[] = [];
        let last = 0;
        for (const step of steps) {
          if (step === 'event' || step === 'answer') last += 1;
          if (step === 'event') made.addEvent(last);
          if (step === 'answer') made.addAnswer(last);
          const entry: Waiting | undefined = step === 'deliver' || step === 'fail' ? made.next() : undefined;
          if (entry && step === 'fail') made.back(entry);
          if (entry && step === 'deliver') came.push(Number(entry.message));
        }
        came.push(...drain(made).map(Number));
        expect(came).toEqual(Array.from({ length: last }, (_, index) => index + 1));
      }),
    );
  });
});

describe('commands of one peer', () => {
  it('are done in order, and those beyond the limit are not, until there is room again', async () => {
    const failed: unknown[] = [];
    const done: number[] = [];
    const turn = new CommandTurn((error) => failed.push(error));
    const take = (number: number) =>
      turn.take(async () => {
        if (number === 1) throw new Error('one of them');
        done.push(number);
      });
    const taken = Array.from({ length: mostAsked + 5 }, (_, index) => take(index));
    expect(taken.filter(Boolean)).toHaveLength(mostAsked);
    await turn.idle();
    expect(done).toEqual(Array.from({ length: mostAsked }, (_, index) => index).filter((n) => n !== 1));
    expect(failed).toHaveLength(1);
    expect(take(1_000)).toBe(true);
    await turn.idle();
    expect(done.at(-1)).toBe(1_000);
  });
});
