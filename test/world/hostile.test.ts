/** Holds that hostile files are refused by the built program under Node 24, whose stack and parser differ from Node 20's. */
import { expect, test } from 'vitest';
import { nodeBinary } from '../support/nodes.ts';
import { REFUSED } from '../workflow/hostile-files.ts';
import { makePlace } from './cli.ts';

test('each hostile file is refused by its own process under Node 24', { timeout: 300_000 }, async () => {
  const node = nodeBinary('24');
  const place = makePlace();
  let slowest = { what: 'none', seconds: 0 };
  for (const [what, [text, code]] of Object.entries(REFUSED)) {
    place.write('hostile.yml', text);
    const began = performance.now();
    const ended = await place.start(node, ['validate', 'hostile.yml']).ended;
    const seconds = (performance.now() - began) / 1000;
    if (seconds > slowest.seconds) slowest = { what, seconds };
    expect({ what, code: ended.code }).toEqual({ what, code: 2 });
    expect(ended.output).toContain(code);
  }
  process.stdout.write(`the slowest, ${slowest.what}, was refused after ${slowest.seconds.toFixed(2)} s\n`);
});
