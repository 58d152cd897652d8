/** Finds where two steps meet: the innermost list in which both stand, or a loop that has them in its body. */
import type { LoopStep, Step } from '../model/workflow.ts';

/** A list of steps. */
export interface List {
  readonly steps: readonly Step[];
  /** Of a body: its loop, and where that stands; the position is undefined where all of that list has ended. */
  readonly within?: { readonly loop: LoopStep; readonly list: List; readonly position: number | undefined };
}

/** Where a step stands. */
export interface StepPlace {
  readonly step: Step;
  readonly list: List;
  readonly position: number;
}

/** The place of every step of a list, those in loops included, by id. */
export function placesIn(list: List): ReadonlyMap<string, StepPlace> {
  const places = new Map<string, StepPlace>();
  const add = (inner: List): void => {
    for (const [position, step] of inner.steps.entries()) {
      places.set(step.id, { step, list: inner, position });
      if (step.kind === 'loop') add({ steps: step.steps, within: { loop: step, list: inner, position } });
    }
  };
  add(list);
  return places;
}

/** Where the one who reads and the step that is read stand in one list; `nested` where the step is in a loop of that list. */
export interface Meeting {
  readonly list: List;
  /** Undefined where all of the list has ended. */
  readonly later: number | undefined;
  readonly earlier: number;
  readonly nested: boolean;
}

/** `inside`: the step that is read is a loop that the reader stands in. */
export function meetingOf(
  reader: { readonly list: List; readonly position?: number },
  read: StepPlace,
): Meeting | 'inside' {
  const ways = new Map<readonly Step[], number>();
  for (
    let place: { list: List; position: number | undefined } | undefined = read;
    place;
    place = place.list.within
  )
    if (place.position !== undefined) ways.set(place.list.steps, place.position);
  let place: { list: List; position: number | undefined } | undefined = {
    list: reader.list,
    position: reader.position,
  };
  for (; place !== undefined; place = place.list.within) {
    const earlier = ways.get(place.list.steps);
    if (earlier === undefined) continue;
    if (earlier === place.position) return 'inside';
    return { list: place.list, later: place.position, earlier, nested: place.list.steps !== read.list.steps };
  }
  throw new Error(`\`${read.step.id}\` stands in no list of the workflow`);
}
