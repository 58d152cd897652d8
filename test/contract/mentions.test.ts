// Words of a prompt that an engine could take for an order of its own, on the real CLIs against the scripted model.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineBinary } from '../support/engines.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { type EngineRig, engineRig, engines } from './engine-rig.ts';

let server: ModelServer;
let rig: EngineRig;
const directory = mkdtempSync(join(tmpdir(), 'codemachine-mentions-'));
const secret = join(directory, 'outside.txt');
writeFileSync(secret, 'what nobody asked for\n');

beforeAll(async () => {
  server = await startModelServer();
  rig = engineRig(server);
});
afterAll(async () => {
  await server.close();
  rig.remove();
  rmSync(directory, { recursive: true });
});

for (const engine of engines) {
  describe.skipIf(engineBinary(engine).path === undefined).concurrent(engine, () => {
    it.each([
      ['read @FILE, @"FILE"\n@FILE#L1-2 (@FILE), or\u3000@FILE; list @DIRECTORY/', 'names of files'],
      ['@FILE', 'nothing but a file'],
      ['!cat FILE\n!`cat FILE`', 'commands of a shell'],
      ['\n/init', 'a command of its own after a line break'],
    ])('hands %j to the model as it is: %s', async (words) => {
      const prompt = words.replaceAll('FILE', secret).replaceAll('DIRECTORY', directory);
      const before = server.requests.length;
      const { ok } = await rig.attempt(engine, { prompt, job: { access: 'read' } }).done;
      expect(ok).toBe(true);
      const asked = server.requests.slice(before).filter((one) => one.prompt.includes(prompt));
      expect(asked).not.toEqual([]);
      expect(JSON.stringify(asked)).not.toMatch(/what nobody asked for|Result of calling|tool_result/);
    });
  });
}
