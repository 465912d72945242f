//! Predictions from output spike counts.

/// The class of each sample: the output with the most spikes, the lowest in a tie.
#[must_use]
pub fn predictions(counts: &[Vec<u32>]) -> Vec<u32> {
    let class = |sample: &Vec<u32>| {
        let most = sample.iter().max();
        let first = sample.iter().position(|count| Some(count) == most);
        first.unwrap_or_default() as u32
    };
    counts.iter().map(class).collect()
}

/// How many predictions are the labels.
#[must_use]
pub fn correct(predictions: &[u32], labels: &[u32]) -> u32 {
    predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_output() {
        let counts = [vec![1, 3, 3], vec![0, 0, 0], vec![0, 1, 2]];
        assert_eq!(predictions(&counts), [1, 0, 2]);
        assert_eq!(correct(&[1, 0, 2], &[1, 1, 2]), 2);
    }
}
