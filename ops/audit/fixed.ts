/** Exact decimals as whole numbers of 10^-18: sums and comparisons without a library in between. */
export type Fixed = bigint;

const PLACES = 18;
const ONE: Fixed = 10n ** BigInt(PLACES);
const SHAPE = /^(-?)(\d{1,40})(?:\.(\d+))?$/;

/** Reads plain digits. Throws on anything else, and on digits below 10^-18. */
export function fixed(text: string): Fixed {
  const parts = SHAPE.exec(text);
  if (parts === null) throw new TypeError(`a decimal must be plain digits, was ${text}`);
  const [, sign, whole = '0', fraction = ''] = parts;
  const kept = fraction.length <= PLACES ? fraction : fraction.replace(/0+$/, '');
  if (kept.length > PLACES) throw new TypeError(`a decimal must have 18 places, was ${text}`);
  const value = BigInt(whole + kept.padEnd(PLACES, '0'));
  return sign === '-' ? -value : value;
}

export function isFixed(value: unknown): value is string {
  return typeof value === 'string' && SHAPE.test(value);
}

/** Exact product; throws where the venue's steps leave more than 18 places. */
export function times(a: Fixed, b: Fixed): Fixed {
  const product = a * b;
  if (product % ONE !== 0n) throw new RangeError('a product must have at most 18 places');
  return product / ONE;
}

/** Value of a quantity at a price, cut to 18 places: for comparing with limits. */
export function worth(quantity: Fixed, price: Fixed): Fixed {
  return (quantity * price) / ONE;
}

export function basisPoints(value: Fixed, points: bigint): Fixed {
  return (value * points) / 10_000n;
}

/** Plain digits, no zeros at the end. */
export function plain(value: Fixed): string {
  const digits = (value < 0n ? -value : value).toString().padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = digits.slice(-PLACES).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
