/** What a basket costs, in cents. */
export function total(basket) {
  let sum = 0;
  for (const { price, count } of basket) {
    sum += price * count;
  }
  return sum;
}

/** What is printed for the customer. */
export function print(basket) {
  return `total: ${total(basket)}`;
}
