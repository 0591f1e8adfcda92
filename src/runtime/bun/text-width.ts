/** How many columns a terminal gives a text; styles take none. */
export const displayWidth = (text: string): number => Bun.stringWidth(text);
