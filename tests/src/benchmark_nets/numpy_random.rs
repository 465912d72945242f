//! The random numbers of numpy's `Generator(PCG64(seed))`, as far as the networks need them.
//!
//! The anchors were scored on networks that numpy drew; drawing the same numbers makes the same
//! networks without Python.
//!
//! # Source
//! O'Neill: PCG (2014); Marsaglia, Tsang: The ziggurat method (2000) and A simple method for
//! generating gamma variables (2000); Ahrens, Dieter (1974) for shapes below one; Hoermann: The
//! transformed rejection method for Poisson variables (1993); Lemire: Fast random integer
//! generation in an interval (2019). Order of draws as in numpy 2.

/// A stream of draws.
pub struct Generator {
    state: u128,
    increment: u128,
    half: Option<u32>,
    normal: Ziggurat,
    exponential: Ziggurat,
}

/// Tables of one ziggurat: scaled widths, acceptance bounds, heights.
struct Ziggurat {
    width: Vec<f64>,
    bound: Vec<u64>,
    height: Vec<f64>,
}

impl Ziggurat {
    fn new(
        edge: f64,
        area: f64,
        mantissa: f64,
        density: fn(f64) -> f64,
        inverse: fn(f64) -> f64,
    ) -> Self {
        let (mut width, mut bound, mut height) = (vec![0.0; 256], vec![0; 256], vec![0.0; 256]);
        let mut previous = edge;
        width[255] = edge / mantissa;
        height[255] = density(edge);
        bound[0] = (edge * height[255] / area * mantissa) as u64;
        width[0] = area / height[255] / mantissa;
        height[0] = 1.0;
        for i in (1..255).rev() {
            let x = inverse(area / previous + height[i + 1]);
            bound[i + 1] = (x / previous * mantissa) as u64;
            width[i] = x / mantissa;
            height[i] = density(x);
            previous = x;
        }
        bound[1] = 0;
        Self { width, bound, height }
    }
}

/// Where the normal ziggurat's tail begins.
const NORMAL_EDGE: f64 = 3.654_152_885_361_009;
/// Where the exponential ziggurat's tail begins.
const EXPONENTIAL_EDGE: f64 = 7.697_117_470_131_05;

impl Generator {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let words = seed_words(seed);
        let wide = |a: u64, b: u64| u128::from(a) << 64 | u128::from(b);
        let mut generator = Self {
            state: 0,
            increment: wide(words[2], words[3]) << 1 | 1,
            half: None,
            normal: Ziggurat::new(
                NORMAL_EDGE,
                0.004_928_673_233_974_658,
                (1_u64 << 52) as f64,
                |x| (-0.5 * x * x).exp(),
                |y| (-2.0 * y.ln()).sqrt(),
            ),
            exponential: Ziggurat::new(
                EXPONENTIAL_EDGE,
                0.003_949_659_822_581_556,
                (1_u64 << 53) as f64,
                |x| (-x).exp(),
                |y| -y.ln(),
            ),
        };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(words[0], words[1]));
        generator.step();
        generator
    }

    fn step(&mut self) {
        const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    fn word(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn half_word(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.word();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// Uniform in 0..1.
    pub fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An integer below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        let mut product = u64::from(self.half_word()) * u64::from(bound);
        if (product as u32) < bound {
            let threshold = (u32::MAX - (bound - 1)) % bound;
            while (product as u32) < threshold {
                product = u64::from(self.half_word()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// The numbers below `length` in random order.
    pub fn permutation(&mut self, length: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..length).collect();
        for i in (1..length).rev() {
            let mask = u32::MAX >> i.leading_zeros();
            let j = loop {
                let j = self.half_word() & mask;
                if j <= i {
                    break j;
                }
            };
            order.swap(i as usize, j as usize);
        }
        order
    }

    /// Normal with mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        loop {
            let word = self.word();
            let strip = (word & 0xff) as usize;
            let negative = word >> 8 & 1 == 1;
            let size = word >> 9 & 0x000f_ffff_ffff_ffff;
            let x = size as f64 * self.normal.width[strip];
            let x = if negative { -x } else { x };
            if size < self.normal.bound[strip] {
                return x;
            }
            if strip == 0 {
                loop {
                    let far = -(-self.uniform()).ln_1p() / NORMAL_EDGE;
                    let high = -(-self.uniform()).ln_1p();
                    if high + high > far * far {
                        let x = NORMAL_EDGE + far;
                        return if size >> 8 & 1 == 1 { -x } else { x };
                    }
                }
            }
            let (above, here) = (self.normal.height[strip - 1], self.normal.height[strip]);
            if (above - here) * self.uniform() + here < (-0.5 * x * x).exp() {
                return x;
            }
        }
    }

    fn exponential(&mut self) -> f64 {
        loop {
            let word = self.word() >> 3;
            let strip = (word & 0xff) as usize;
            let size = word >> 8;
            let x = size as f64 * self.exponential.width[strip];
            if size < self.exponential.bound[strip] {
                return x;
            }
            if strip == 0 {
                return EXPONENTIAL_EDGE - (-self.uniform()).ln_1p();
            }
            let (above, here) =
                (self.exponential.height[strip - 1], self.exponential.height[strip]);
            if (above - here) * self.uniform() + here < (-x).exp() {
                return x;
            }
        }
    }

    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            loop {
                let u = self.uniform();
                let v = self.exponential();
                if u <= 1.0 - shape {
                    let x = u.powf(1.0 / shape);
                    if x <= v {
                        return x;
                    }
                } else {
                    let y = -((1.0 - u) / shape).ln();
                    let x = (1.0 - shape + shape * y).powf(1.0 / shape);
                    if x <= v + y {
                        return x;
                    }
                }
            }
        }
        let b = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * b).sqrt();
        loop {
            let (x, v) = loop {
                let x = self.normal();
                let v = 1.0 + c * x;
                if v > 0.0 {
                    break (x, v);
                }
            };
            let v = v * v * v;
            let u = self.uniform();
            let quick = u < 1.0 - 0.0331 * (x * x) * (x * x);
            if quick || u.ln() < 0.5 * x * x + b * (1.0 - v + v.ln()) {
                return b * v;
            }
        }
    }

    /// Beta; one of the shapes is above 1.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.gamma(a);
        let y = self.gamma(b);
        x / (x + y)
    }

    /// Poisson.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean >= 10.0 {
            return self.poisson_by_rejection(mean);
        }
        let floor = (-mean).exp();
        let mut count = 0;
        let mut product = 1.0;
        loop {
            product *= self.uniform();
            if product <= floor {
                return count;
            }
            count += 1;
        }
    }

    fn poisson_by_rejection(&mut self, mean: f64) -> u32 {
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let alpha = 1.1239 + 1.1328 / (b - 3.4);
        let quick = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= quick {
                return k as u32;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let left = v.ln() + alpha.ln() - (a / (us * us) + b).ln();
            if left <= -mean + k * mean.ln() - ln_factorial(k as u32) {
                return k as u32;
            }
        }
    }
}

/// The logarithm of `n`!.
fn ln_factorial(n: u32) -> f64 {
    (2..=n).map(|i| f64::from(i).ln()).sum()
}

/// The four words that numpy's `SeedSequence(seed)` gives a PCG64.
fn seed_words(seed: u32) -> [u64; 4] {
    const SHIFT: u32 = 16;
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> SHIFT
    };
    let mut pool = [hash(seed), hash(0), hash(0), hash(0)];
    for from in 0..4 {
        for to in 0..4 {
            if from != to {
                let left = 0xca01_f9dd_u32.wrapping_mul(pool[to]);
                let mixed = left.wrapping_sub(0x4973_f715_u32.wrapping_mul(hash(pool[from])));
                pool[to] = mixed ^ mixed >> SHIFT;
            }
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    let mut words = [0_u64; 4];
    for i in 0..8 {
        let value = pool[i % 4] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        words[i / 2] |= u64::from(value ^ value >> SHIFT) << (32 * (i % 2));
    }
    words
}
