/** Upper case letters of an address as a check of its digits (EIP-55). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Address } from './calls.ts';

/** The address with the letters in upper case that its checksum asks for. */
export function checksummed(address: Address): string {
  const digits = address.slice(2).toLowerCase();
  const hash = Buffer.from(keccak_256(Buffer.from(digits))).toString('hex');
  const letters = Array.from(digits, (digit, i) =>
    parseInt(hash[i]!, 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return `0x${letters.join('')}`;
}

/** What is allowed instead, for messages. */
export const wellTyped =
  'an address whose upper case letters fit its digits (EIP-55): a digit or letter is wrong. Copy it again';

/** Whether the letters contradict the digits: somebody mistyped. Letters of one case alone say nothing. */
export function isMistyped(address: string): boolean {
  const digits = address.slice(2);
  const checks = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  return checks && address !== checksummed(address);
}
