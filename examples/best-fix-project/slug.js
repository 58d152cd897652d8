/** What a title is called in an address. */
export function slug(title) {
  return title.toLowerCase().replace(' ', '-');
}
