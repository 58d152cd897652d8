/** Looks whether the machine has what the steps of a workflow need beside their engines. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { missingServer } from '../../engines/mcp-check.ts';
import { shellCommand } from '../../engines/shell-command.ts';
import type { PromptStep, Step } from '../../model/workflow.ts';
import { size } from '../../report/words.ts';
import { openPlaceWorkspace } from '../git.ts';
import { lookIntoState } from '../open.ts';
import type { Place } from '../place.ts';
import { isRecorded } from '../runs/fit.ts';
import type { Finding } from './doctor-git.ts';

/** Bytes with which recordings and logs of a run get by, and those below which it will not. */
const ROOM = { enough: 1024 ** 3, least: 100 * 1024 ** 2 };

/** The shells of `run` steps; what a script calls itself nobody can tell before it does. */
export function lookAtShells(steps: readonly Step[], env: NodeJS.ProcessEnv): readonly Finding[] {
  const named = new Set(steps.flatMap((step) => (step.kind === 'run' ? [step.shell] : [])));
  return [...named].flatMap((shell): Finding[] => {
    const found = shellCommand(shell, '', env['PATH'] ?? '', os.tmpdir());
    if (found.ok) {
      found.value.dispose();
      return [];
    }
    const { message, help } = found.error;
    return [{ what: 'shell', state: 'bad', found: message, help }];
  });
}

/** The servers of tools that are programs. */
export function lookAtServers(
  agents: readonly PromptStep[],
  { root }: Place,
  env: NodeJS.ProcessEnv,
): readonly Finding[] {
  const troubles = agents.flatMap(({ mcp }) => missingServer(mcp, env['PATH'] ?? '', root) ?? []);
  const said = new Map(troubles.map((one) => [one.message, one]));
  return [...said.values()].map(({ message, help }) => ({
    ...{ what: 'mcp', state: 'bad' as const, found: message },
    ...(help === undefined ? {} : { help }),
  }));
}

/** What is said of a working tree in which agents write: whether it can be recorded, what is in it already, who works there. */
export async function lookAtTree(
  place: Place,
  steps: readonly Step[],
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  if (!steps.some((step) => isRecorded(step) || step.isolated !== undefined)) return [];
  const what = 'tree';
  const known = await lookIntoState(place);
  const others = known?.ok === true ? known.value.listRuns().filter(({ owner }) => owner !== undefined) : [];
  if (known?.ok === true) known.value.close();
  // Git's directory of ours is made where there is none yet: elsewhere, so that a look leaves nothing behind.
  const scratch = known === undefined ? mkdtempSync(path.join(os.tmpdir(), 'codemachine-look-')) : undefined;
  try {
    const opened = await openPlaceWorkspace({ ...place, stateDir: scratch ?? place.stateDir }, env);
    if (!opened.ok) return [trouble(what, opened.error)];
    const facts = await opened.value?.facts();
    if (facts?.ok === false) return [trouble(what, facts.error)];
    const fit = await opened.value?.check();
    if (fit?.ok === false) return [trouble(what, fit.error)];
    const here = others.find(({ workspace }) => workspace === place.root);
    const at = facts?.value.branch ?? facts?.value.sha?.slice(0, 12) ?? 'no commit yet';
    const dirty =
      facts?.value.dirty === true ? ', uncommitted changes, which are recorded and stay' : ', clean';
    return [
      { what, state: 'ok', found: `${at}${facts === undefined ? '' : dirty}` },
      ...(here === undefined
        ? []
        : [
            {
              ...{ what, state: 'missing' as const, found: `run ${here.id} works in it` },
              help: `wait for it, or end it with \`codemachine cancel ${here.id}\``,
            },
          ]),
    ];
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

function trouble(
  what: string,
  { message, help }: { readonly message: string; readonly help?: string },
): Finding {
  return { what, state: 'bad', found: message, ...(help === undefined ? {} : { help }) };
}

/** The room where runs are kept. */
export function lookAtDisk({ stateDir, root }: Place): Finding {
  const what = 'disk';
  for (const directory of [stateDir, root]) {
    try {
      const { bavail, bsize } = statfsSync(directory);
      const free = bavail * bsize;
      const found = `${size(free)} free`;
      if (free >= ROOM.enough) return { what, state: 'ok', found };
      const help = '`codemachine gc` clears old runs';
      return { what, state: free < ROOM.least ? 'bad' : 'missing', found, help };
    } catch {
      // It is not there yet: what is above it is.
    }
  }
  return { what, state: 'ok', found: 'not known' };
}
