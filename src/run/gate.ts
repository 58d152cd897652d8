/** Holds a gate: asks, waits, and takes the first decision about what is still as it was shown. */
import type { GateDecision, GateQuestion } from '../model/event.ts';
import type { BroughtDecision } from '../model/ports.ts';
import { endBy, fail, REJECT } from './gate-end.ts';
import type { GateOf } from './gate-question.ts';
import { askedNow, holds, isStillShown, withChangesNow } from './gate-question.ts';

/** What the one who runs the list wants to know of a gate. */
export interface GateWatch {
  /** Keeps the run from parking while something is under way. */
  busy(work: Promise<void>): void;
  /** The step has its end. */
  over(): void;
}

/** A gate at which a decision is waited for. */
interface OpenGate {
  readonly of: GateOf;
  readonly watch: GateWatch;
  isOpen: boolean;
  /** Ends the question that is put at the terminal. */
  question: AbortController;
  /** There while it is about to be asked anew. */
  reopening: Promise<void> | undefined;
  timers: (() => void)[];
  /** The phase's way to stop it. */
  closeStop: () => void;
}

/** Goes on with a gate until it has its end, or only a decision is missing. What is decided already is not asked again. */
export async function holdGate(of: GateOf, watch: GateWatch): Promise<void> {
  const { run, key } = of;
  const { status, gate } = run.ledger.step(key);
  const decided = gate?.decided;
  if (status === 'asking' && gate?.question !== undefined) {
    const stands =
      decided === undefined || decided.unasked === undefined
        ? await isStillShown(of, gate.question)
        : undefined;
    if (of.phase.halted() !== undefined) return;
    const opened = open(of, watch);
    if (stands !== undefined && !(stands.ok && stands.value)) return reopen(opened);
    if (decided !== undefined) return end(opened, () => endBy(of, decided));
    return wait(opened);
  }
  // The run had ended, and is gone on with: what was decided stays decided.
  if (decided !== undefined) {
    begin(of);
    endBy(of, decided);
    return watch.over();
  }
  const looked = await withChangesNow(of);
  if (looked === undefined) return;
  if (!looked.ok) {
    begin(of);
    fail(of, looked.error);
    return watch.over();
  }
  if (passesUnasked(looked.value)) return watch.over();
  const asked = await askedNow(of);
  if (asked.ok && asked.value === undefined) return;
  begin(of);
  if (!asked.ok || asked.value === undefined) {
    if (!asked.ok) fail(of, asked.error);
    return watch.over();
  }
  void run.ledger.say({ ...asked.value, type: 'gate-opened', step: key });
  wait(open(of, watch));
}

function begin({ run, key }: GateOf): void {
  const attempt = run.ledger.step(key).attempt + 1;
  void run.ledger.say({ type: 'step-started', step: key, attempt, kind: 'gate', workspace: 'shared' });
}

/** Whether the gate has its end by its own conditions. */
function passesUnasked(of: GateOf): boolean {
  const { run, key, step } = of;
  const required = step.require === undefined ? undefined : holds(of, 'require', step.require);
  if (required?.ok === false || required?.value === false) {
    const message = `\`require: ${step.require?.text.trim() ?? ''}\` does not hold`;
    begin(of);
    fail(of, required.ok ? { reason: 'require', message } : required.error);
    return true;
  }
  if (step.message === undefined) {
    begin(of);
    void run.ledger.say({ type: 'step-succeeded', step: key, attempt: run.ledger.step(key).attempt });
    return true;
  }
  const passes = step.approveIf === undefined ? undefined : holds(of, 'approve-if', step.approveIf);
  if (passes === undefined || (passes.ok && !passes.value)) return false;
  begin(of);
  if (!passes.ok) fail(of, passes.error);
  else decideUnasked(of, { decision: passing(step.options), by: '`approve-if`', unasked: 'approve-if' });
  return true;
}

/** What a gate comes to that passes by its own condition: `approve`, or the first option that lets it succeed. */
function passing(options: readonly string[]): string {
  const good = options.filter((option) => option !== REJECT);
  return good.find((option) => option === 'approve') ?? good[0] ?? REJECT;
}

function decideUnasked(of: GateOf, decision: GateDecision): void {
  void of.run.ledger.say({ ...decision, type: 'gate-decided', step: of.key });
  endBy(of, decision);
}

function open(of: GateOf, watch: GateWatch): OpenGate {
  const own = of.phase.openStop();
  const gate: OpenGate = {
    ...{ of, watch, isOpen: true, question: new AbortController(), reopening: undefined, timers: [] },
    closeStop: () => own.close(),
  };
  of.run.gates.add(of.key, {
    decide: (brought) => decide(gate, brought),
    withdraw: () => gate.question.abort(),
    close: () => close(gate),
  });
  own.stop.soft.addEventListener('abort', () => close(gate), { once: true });
  return gate;
}

function close(gate: OpenGate): void {
  gate.isOpen = false;
  gate.of.run.gates.remove(gate.of.key);
  gate.closeStop();
  stopWaiting(gate);
}

function stopWaiting(gate: OpenGate): void {
  for (const takeBack of gate.timers) takeBack();
  gate.timers = [];
  gate.question.abort();
}

function end(gate: OpenGate, say: () => void): void {
  close(gate);
  say();
  gate.watch.over();
}

/** Waits for a decision, for the end of its time, and for the time to remind. */
function wait(gate: OpenGate): void {
  const { run, key } = gate.of;
  const { clock, askGate } = run.input.ports;
  const asked = run.ledger.step(key).gate?.question;
  if (asked === undefined || !gate.isOpen) return;
  gate.question = new AbortController();
  // What is due already is done before the run can park again.
  const at = (time: number, then: () => void): void => {
    if (time <= clock.now()) then();
    else gate.timers.push(clock.after(time - clock.now(), then));
  };
  const expires = asked['expires-at'];
  if (expires !== undefined) at(Date.parse(expires), () => endInTime(gate, asked));
  if (!gate.isOpen) return;
  remind(gate, asked, at);
  if (askGate !== undefined && !gate.of.phase.isResting()) gate.watch.busy(askHere(gate));
}

function endInTime(gate: OpenGate, asked: GateQuestion): void {
  const decision = asked['on-timeout'] ?? 'fail';
  end(gate, () => decideUnasked(gate.of, { decision, by: 'the end of its time', unasked: 'timeout' }));
}

function remind(gate: OpenGate, asked: GateQuestion, at: (time: number, then: () => void) => void): void {
  const every = asked['remind-ms'];
  const known = gate.of.run.ledger.step(gate.of.key).gate;
  if (every === undefined || known?.question === undefined) return;
  at(Date.parse(known.remindedAt ?? known.question.at) + every, () => {
    const { run, key } = gate.of;
    void run.ledger.say({ type: 'gate-reminded', step: key, message: asked.message });
    remind(gate, asked, at);
  });
}

/** Takes a decision, unless what was shown is something else by now: then it is asked anew. Resolves when that is committed. */
function decide(gate: OpenGate, brought: BroughtDecision): Promise<void> {
  const deciding = take(gate, brought);
  gate.watch.busy(deciding);
  return deciding;
}

async function take(gate: OpenGate, { step: _, digest, ...decision }: BroughtDecision): Promise<void> {
  const { of } = gate;
  const asks = (): boolean => gate.isOpen && of.run.ledger.step(of.key).gate?.question?.digest === digest;
  const question = of.run.ledger.step(of.key).gate?.question;
  if (!asks() || question === undefined || !question.options.includes(decision.decision)) return;
  const stands = await isStillShown(of, question);
  // Somebody was faster, or the run was stopped.
  if (!asks()) return;
  if (!stands.ok || !stands.value) return reopen(gate);
  let said: Promise<unknown> | undefined;
  end(gate, () => {
    said = of.run.ledger.say({ ...decision, type: 'gate-decided', step: of.key });
    endBy(of, decision);
  });
  await said;
}

/** Shows what there is now, to be decided about. */
function reopen(gate: OpenGate): Promise<void> {
  gate.reopening ??= askAnew(gate).finally(() => {
    gate.reopening = undefined;
  });
  return gate.reopening;
}

async function askAnew(gate: OpenGate): Promise<void> {
  const { of } = gate;
  stopWaiting(gate);
  const asked = await askedNow(of);
  if (!gate.isOpen || (asked.ok && asked.value === undefined)) return;
  if (!asked.ok || asked.value === undefined)
    return end(gate, () => {
      if (!asked.ok) fail(of, asked.error);
    });
  const said = of.run.ledger.say({ ...asked.value, type: 'gate-opened', step: of.key });
  wait(gate);
  await said;
}

/** Asks where somebody sits. Who goes away instead of answering leaves it to others. */
async function askHere(gate: OpenGate): Promise<void> {
  const { run, key } = gate.of;
  const question = run.ledger.step(key).gate?.question;
  if (question === undefined) return;
  const answer = await run.input.ports.askGate?.({ step: key, question }, gate.question.signal);
  if (answer === undefined) return;
  await take(gate, { ...answer, step: key, digest: question.digest });
}
