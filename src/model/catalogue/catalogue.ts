/** Brings together the words of every diagnostic code. */
import { ENGINE_CODES } from './engine.ts';
import { EXPRESSION_CODES } from './expression.ts';
import { IGNORE_CODES } from './ignore.ts';
import { ORDER_CODES } from './order.ts';
import { REDUCE_CODES } from './reduce.ts';
import { SESSION_CODES } from './session.ts';
import { SHAPE_CODES } from './shape.ts';
import { WORLD_CODES } from './world.ts';
import { YAML_CODES } from './yaml.ts';

/** Code → severity and words. */
export const CATALOGUE = {
  ...YAML_CODES,
  ...SHAPE_CODES,
  ...SESSION_CODES,
  ...REDUCE_CODES,
  ...EXPRESSION_CODES,
  ...ORDER_CODES,
  ...ENGINE_CODES,
  ...WORLD_CODES,
  ...IGNORE_CODES,
};
