/** What a basket costs, in cents. */
export function total(basket) {
  let sum = 0;
  for (const { price, count } of basket) {
    sum += price * count;
  }
  return sum;
}
