/** What a basket costs, in cents. */
export function total(basket) {
  let sum = 0;
  for (let i = 1; i < basket.length; i++) {
    sum += basket[i].price * basket[i].count;
  }
  return sum;
}
