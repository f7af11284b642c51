// How messages of the studio's form are taken apart.
import { expect, it } from 'vitest';
import { faultOf, splitMessage } from './fault';

it.each([
  {
    message: '[npz] expected a zip archive in "a: b.npz", got text: copy the file again',
    why: 'Expected a zip archive in "a: b.npz", got text.',
    todo: 'Copy the file again.',
  },
  {
    message: 'something broke',
    why: 'Something broke.',
    todo: 'Copy the details and report it.',
  },
  {
    message: '[gpu] the device was lost (unknown): no message.',
    why: 'The device was lost (unknown).',
    todo: 'No message.',
  },
])('splits $message', ({ message, why, todo }) => {
  expect(splitMessage(message)).toEqual({ why, todo });
});

it('keeps the whole message and the action in the details', () => {
  const fault = faultOf('The file could not be read.', new Error('[x] expected a, got b: do c'));
  expect(fault.details).toContain('The file could not be read.\n[x] expected a, got b: do c\n');
  expect(faultOf('It failed.', 'no reason').why).toBe('No reason.');
});
