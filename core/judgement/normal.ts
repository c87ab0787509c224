/** Euler's constant, of the expected maximum of many. */
export const EULER_GAMMA = 0.577_215_664_901_532_9;

/** Probability that a standard normal number is at most `x`; in double precision. Hart (1968),
 * algorithm 5666, as West gives it ("Better approximations to cumulative normal functions",
 * Wilmott, 2005). */
export function normalBelow(x: number): number {
  const distance = Math.abs(x);
  const tail = distance > 37 ? 0 : upperTail(distance);
  return x > 0 ? 1 - tail : tail;
}

const SPLIT = 7.071_067_811_865_47;

const NUMERATOR = [
  0.035_262_496_599_891_1, 0.700_383_064_443_688, 6.373_962_203_531_65, 33.912_866_078_383,
  112.079_291_497_871, 221.213_596_169_931, 220.206_867_912_376,
] as const;

const DENOMINATOR = [
  0.088_388_347_648_318_4, 1.755_667_163_182_64, 16.064_177_579_207, 86.780_732_202_946_1,
  296.564_248_779_674, 637.333_633_378_831, 793.826_512_519_948, 440.413_735_824_752,
] as const;

function upperTail(x: number): number {
  const density = Math.exp((-x * x) / 2);
  if (x < SPLIT) return (density * polynomial(NUMERATOR, x)) / polynomial(DENOMINATOR, x);
  let fraction = x + 0.65;
  for (let step = 4; step >= 1; step -= 1) fraction = x + step / fraction;
  return density / fraction / Math.sqrt(2 * Math.PI);
}

/** The number that a standard normal one is below with this probability, which must lie in (0, 1).
 * For a probability close to 1 ask for the other tail and turn the sign: 1 − p loses digits.
 *
 * Acklam's rational approximation (2003), 1e-9 right, then one step of Halley's method. */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`probability must be between 0 and 1, was ${probability}`);
  }
  if (probability > 0.5) return -normalQuantile(1 - probability);
  const rough = probability < 0.024_25 ? lowTail(probability) : middle(probability);
  const error = normalBelow(rough) - probability;
  const step = error * Math.sqrt(2 * Math.PI) * Math.exp((rough * rough) / 2);
  return rough - step / (1 + (rough * step) / 2);
}

const MIDDLE_TOP = [
  -39.696_830_286_653_76, 220.946_098_424_520_5, -275.928_510_446_968_7, 138.357_751_867_269,
  -30.664_798_066_147_16, 2.506_628_277_459_239,
] as const;

const MIDDLE_BELOW = [
  -54.476_098_798_224_06, 161.585_836_858_040_9, -155.698_979_859_886_6, 66.801_311_887_719_72,
  -13.280_681_552_885_72, 1,
] as const;

const TAIL_TOP = [
  -0.007_784_894_002_430_293, -0.322_396_458_041_136_5, -2.400_758_277_161_838,
  -2.549_732_539_343_734, 4.374_664_141_464_968, 2.938_163_982_698_783,
] as const;

const TAIL_BELOW = [
  0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416,
  1,
] as const;

function middle(probability: number): number {
  const offset = probability - 0.5;
  const square = offset * offset;
  return (offset * polynomial(MIDDLE_TOP, square)) / polynomial(MIDDLE_BELOW, square);
}

function lowTail(probability: number): number {
  const root = Math.sqrt(-2 * Math.log(probability));
  return polynomial(TAIL_TOP, root) / polynomial(TAIL_BELOW, root);
}

/** Horner's rule, highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
