// Grouping and filtering of the library: what is known first, in order, nothing lost.
import { describe, expect, it } from 'vitest';
import type { SessionSummary } from '../../worker/recordingsApi';
import { groupSessions, tagsOf, titleOf, withTags } from './grouping';

function session(id: string, subject = '', recordedAt?: string, tags: string[] = []) {
  return { id, name: id, subject, recordedAt, tags } as unknown as SessionSummary;
}

const ALL = [
  session('a', '', undefined, ['pilot']),
  session('b', 'rat 10', '2021-03-02T09:30:00', ['good', 'pilot']),
  session('c', 'rat 2', '2021-03-02'),
  session('d', 'rat 10', '2021-03-02T08:00:00', ['good']),
  session('e', 'rat 10', '2020-12-31'),
  session('f', 'rat 10'),
  session('g'),
];

describe('the library', () => {
  it('is grouped by subject and day, the unknown last', () => {
    const groups = groupSessions(ALL).map((group) => [
      titleOf(group),
      group.sessions.map(({ id }) => id).join(' '),
    ]);
    expect(groups).toEqual([
      ['rat 2, 2021-03-02', 'c'],
      ['rat 10, 2020-12-31', 'e'],
      ['rat 10, 2021-03-02', 'd b'],
      ['rat 10, no date', 'f'],
      ['No subject, no date', 'a g'],
    ]);
  });

  it('knows every tag once', () => {
    expect(tagsOf(ALL)).toEqual(['good', 'pilot']);
    expect(tagsOf([])).toEqual([]);
  });

  it.each<[string[], string]>([
    [[], 'a b c d e f g'],
    [['pilot'], 'a b'],
    [['good', 'pilot'], 'b'],
    [['gone'], 'a b c d e f g'],
    [['gone', 'good'], 'b d'],
  ])('shows those with the tags %j', (wanted, expected) => {
    const shown = withTags(ALL, wanted).map(({ id }) => id);
    expect(shown.join(' ')).toBe(expected);
  });
});
