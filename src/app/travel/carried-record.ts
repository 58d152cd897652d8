/** Fits what a run was started with to another machine. */
import path from 'node:path';
import type { Config, Notification } from '../../model/config.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import type { CarriedRun } from '../../state/travel-rows.ts';
import { opens } from '../engines/engine-keys.ts';

const HIDDEN = '***';

/** Without the keys that a configuration gave engines: runs of older versions have them in the database, and in a file they would travel. */
export function withoutKeys(run: CarriedRun): CarriedRun {
  return { ...run, record: inConfigs(run.record, (_engine, name, value) => (opens(name) ? HIDDEN : value)) };
}

/**
 * With the keys that the configuration of this machine has for the same engines, and with the directories of recordings where this
 * checkout has them. What it has no key for finds one in the environment, or says that it is not signed in.
 */
export function atHome(run: CarriedRun, root: string, config: Config): CarriedRun {
  const filled = inConfigs(run.record, (engine, name, value) =>
    value === HIDDEN ? config.engines[engine]?.env?.[name] : value,
  );
  const options = objectIn(filled, 'options');
  const moved = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      (key === 'record' || key === 'replay') && typeof value === 'string'
        ? moveTo(run.workspace, root, value)
        : value,
    ]),
  );
  return { ...run, workspace: root, record: { ...filled, options: moved as JsonObject } };
}

function moveTo(old: string, root: string, place: string): string {
  const relative = path.relative(old, place);
  return relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)
    ? place
    : path.join(root, relative);
}

/** As it is stored: with the names of the keys that it gives engines, without their values, and without the commands that are the user's. */
export function configAtRest(config: Config): JsonObject {
  const record = { config: withNotify(config, ofRepository(config)) as unknown as JsonObject };
  return objectIn(
    inConfig(record, (_engine, name, value) => (opens(name) ? HIDDEN : value)),
    'config',
  );
}

/**
 * As it is used: with the values that the configuration of today has for those names, and the commands that are the user's today. What
 * it has no value for finds one in the environment.
 */
export function configInUse(stored: Config, today: Config): Config {
  const record = { config: stored as unknown as JsonObject };
  const filled = inConfig(record, (engine, name, value) =>
    value === HIDDEN ? today.engines[engine]?.env?.[name] : value,
  );
  const config = objectIn(filled, 'config') as unknown as Config;
  const ofUser = (today.notify ?? []).filter((one) => !one.ofRepository);
  return withNotify(config, [...ofRepository(stored), ...ofUser]);
}

function ofRepository({ notify = [] }: Config): readonly Notification[] {
  return notify.filter((one) => one.ofRepository);
}

function withNotify({ notify: _, ...config }: Config, notify: readonly Notification[]): Config {
  return notify.length === 0 ? config : { ...config, notify };
}

type Each = (engine: string, name: string, value: Json) => Json | undefined;

/** In the configuration that the run began with, and in those that it was updated to. */
function inConfigs(record: JsonObject, each: Each): JsonObject {
  const updates = objectIn(record, 'updates');
  const updated = Object.entries(updates).map(([attempt, one]) => [
    attempt,
    inConfig(one as JsonObject, each),
  ]);
  const first = inConfig(record, each);
  return updated.length === 0 ? first : { ...first, updates: Object.fromEntries(updated) as JsonObject };
}

function inConfig(record: JsonObject, each: Each): JsonObject {
  const config = objectIn(record, 'config');
  const engines = Object.entries(objectIn(config, 'engines')).map(([engine, settings]) => {
    const env = objectIn(settings as JsonObject, 'env');
    const kept = Object.entries(env).flatMap(([name, value]) => {
      const instead = each(engine, name, value);
      return instead === undefined ? [] : [[name, instead]];
    });
    const there = Object.keys(env).length > 0;
    return [engine, there ? { ...(settings as JsonObject), env: Object.fromEntries(kept) } : settings];
  });
  if (engines.length === 0) return record;
  return { ...record, config: { ...config, engines: Object.fromEntries(engines) as JsonObject } };
}

function objectIn(value: JsonObject | undefined, key: string): JsonObject {
  const found = value?.[key];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : {};
}
