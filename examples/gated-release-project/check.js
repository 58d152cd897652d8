// What has to hold before a release.
import { readFileSync } from 'node:fs';

const changes = readFileSync('CHANGES.txt', 'utf8').trim().split('\n');
if (changes.some((line) => line.trim() === '')) throw new Error('CHANGES.txt has an empty line');
console.log(`ok: ${changes.length} changes`);
