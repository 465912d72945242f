//! Rewards: what the host writes as the third factor of learning rules, step by step.

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::stimulus::Reward;

use super::archive::Archive;
use super::{InputRules, SAMPLES_MAX};

const ARRAY: &str = "reward";
/// Most values of all rewards together.
const VALUES_MAX: u64 = SAMPLES_MAX << 8;

/// Reads `reward` of shape (samples, steps): the value that holds in each step. The host writes
/// where it changes; before the first write it is 0.
///
/// # Shape
/// One list a sample; none at all where the archive has no rewards.
pub(super) fn read_rewards(
    archive: &mut Archive<'_>,
    samples: usize,
    steps: u32,
    rules: &InputRules<'_>,
) -> Result<Vec<Vec<Reward>>, Diagnostic> {
    if !archive.has(ARRAY) {
        return Ok(Vec::new());
    }
    let (header, numbers) = archive.numbers(ARRAY, VALUES_MAX)?;
    let place = format!("shape {:?}", header.shape);
    // With `--samples` the first of more samples were read.
    let fits = |there: u64| match rules.samples {
        Some(_) => there >= samples as u64,
        None => there == samples as u64,
    };
    let right =
        matches!(header.shape[..], [there, length] if fits(there) && length == u64::from(steps));
    if !right || header.fortran {
        let message = format!(
            "`reward` has the shape (samples, steps), here ({samples}, {steps}), in C order"
        );
        return Err(Diagnostic::error("QI018", message)
            .at(rules.source, ARRAY, place)
            .help("give the value of every step; np.ascontiguousarray(reward) stores C order"));
    }
    let mut rewards = Vec::with_capacity(samples);
    for (sample, row) in numbers.chunks_exact(steps.max(1) as usize).take(samples).enumerate() {
        let mut writes: Vec<Reward> = Vec::new();
        for (step, number) in (0..).zip(row) {
            let value = number.whole().and_then(|whole| i32::try_from(whole).ok());
            let value = value.ok_or_else(|| {
                let message = format!("a reward is an integer of 32 bits, not {number}");
                Diagnostic::error("QI018", message)
                    .at(rules.source, ARRAY, format!("sample {sample}, step {step}"))
                    .help("scale and round it; rules narrow it to the bits that they declare")
            })?;
            if writes.last().map_or(0, |last| last.value) != value {
                writes.push(Reward { step, value });
            }
        }
        rewards.push(writes);
    }
    Ok(rewards)
}
