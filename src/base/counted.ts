// Counts in sentences.

/** `1 pause`, `2 pauses`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
