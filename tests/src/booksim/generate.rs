//! The reference's traces, generated from their names.

use super::folder::Line;

/// splitmix64, the generator of the reference's traces.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn hot(k: u32) -> [u32; 4] {
    let (low, high) = (k / 4, k - 1 - k / 4);
    [low * k + low, low * k + high, high * k + low, high * k + high]
}

/// The trace of this name, or `None` if the name is not one of the reference's.
#[must_use]
pub fn trace(name: &str) -> Option<Vec<Line>> {
    let parts: Vec<&str> = name.split('_').collect();
    let number = |part: &str, prefix: &str| part.strip_prefix(prefix)?.parse::<u32>().ok();
    let k = number(parts.get(1)?, "k")?;
    match parts.as_slice() {
        ["burst", _, kind, packets, flits, gap] => Some(burst(
            k,
            kind,
            number(packets, "N")?,
            number(flits, "L")?,
            u64::from(number(gap, "g")?),
        )),
        ["open", _, kind, share, flits] => {
            let share = share.strip_prefix('p')?.parse().ok()?;
            Some(open(k, kind, share, number(flits, "L")?))
        }
        ["zero", _, flits] => Some(zero(k, number(flits, "L")?)),
        _ => None,
    }
}

fn burst(k: u32, kind: &str, packets: u32, flits: u32, gap: u64) -> Vec<Line> {
    let nodes = k * k;
    let mut random = SplitMix(u64::from(1000 + k));
    let mut fan = Vec::new();
    if kind == "fan8" {
        fan = (0..nodes * 8).map(|_| random.below(nodes)).collect();
    }
    let mut lines = Vec::new();
    for source in 0..nodes {
        if kind == "layers" && source / k >= k / 2 {
            continue;
        }
        for packet in 0..packets {
            let r = &mut random;
            let destination = match kind {
                "transpose" => (source % k) * k + source / k,
                "hot4mix" if r.below(100) < 20 => hot(k)[r.below(4) as usize],
                "local" => local(r, k, source),
                "layers" => {
                    let row = k / 2 + r.below(k - k / 2);
                    row * k + r.below(k)
                }
                "gather" => (k / 2) * k + k / 2,
                "fan8" => fan[(source * 8 + packet % 8) as usize],
                _ => r.below(nodes),
            };
            lines.push(Line { time: u64::from(packet) * gap, source, destination, flits });
        }
    }
    lines.sort_by_key(|line| (line.time, line.source));
    lines
}

/// A geometric distance in each direction, y drawn first.
fn local(random: &mut SplitMix, k: u32, source: u32) -> u32 {
    let mut step = || {
        let mut distance = 0i64;
        while random.below(2) == 0 && distance < i64::from(k) {
            distance += 1;
        }
        if random.below(2) != 0 { distance } else { -distance }
    };
    let mut clamp = |at: u32| (i64::from(at) + step()).clamp(0, i64::from(k) - 1) as u32;
    let y = clamp(source / k);
    y * k + clamp(source % k)
}

fn open(k: u32, kind: &str, share: f64, flits: u32) -> Vec<Line> {
    let nodes = k * k;
    let mut random = SplitMix(u64::from(if kind == "uniform" { 7 + k } else { 9 + k }));
    let mut lines = Vec::new();
    for time in 0..2000 {
        for source in 0..nodes {
            if random.fraction() >= share {
                continue;
            }
            let destination = match kind {
                "hot10" if random.below(100) < 10 => hot(k)[random.below(4) as usize],
                _ => random.below(nodes),
            };
            lines.push(Line { time, source, destination, flits });
        }
    }
    lines
}

fn zero(k: u32, flits: u32) -> Vec<Line> {
    let source = if flits == 1 { 0 } else { k * k / 2 + 1 };
    let line = |i: u32| Line { time: u64::from(i) * 300, source, destination: i, flits };
    (0..k * k).map(line).collect()
}
