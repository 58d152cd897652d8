/** Parts of an amount in cents, one for each person, that together are the amount. */
export function share(cents, persons) {
  const part = Math.floor(cents / persons);
  return Array.from({ length: persons }, () => part);
}
