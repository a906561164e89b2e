// Work that is done at a few places at a time.

/** @returns the results in the order of the work; rejects as soon as one piece does, when the others under way are over */
export async function atPlaces<W, P, R>(
  work: readonly W[],
  places: readonly P[],
  play: (piece: W, place: P) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...work.entries()];
  const failures: unknown[] = [];
  await Promise.all(
    places.map(async (place) => {
      for (let next = waiting.shift(); next !== undefined && failures.length === 0; next = waiting.shift()) {
        const [index, piece] = next;
        try {
          results[index] = await play(piece, place);
        } catch (error) {
          failures.push(error);
        }
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return results;
}
