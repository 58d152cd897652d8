// Gives every property test its seed: what a change breaks must not depend on the day it is tested.
import fc from 'fast-check';
import { runs, testSeed } from '../test/support/seed.ts';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: testSeed(process.env), ...runs(100) });
