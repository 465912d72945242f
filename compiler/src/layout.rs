//! The mapping as a value: which neurons lie on which core, partition and placement together.
//!
//! The partition and place passes make one; a caller may give another instead, and the passes
//! behind them do not see the difference.

use quarrion_isa::id::{CoreId, PopulationId};
use quarrion_isa::program::Occurrence;
use serde::{Deserialize, Serialize};

/// Which neurons lie on which core.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The used cores, by ascending id.
    pub cores: Vec<CoreMapping>,
    /// Populations whose input is summed in parts.
    #[serde(default)]
    pub sums: Sums,
}

/// Populations whose input is summed in parts on several cores, and in how many.
///
/// The sums are populations of their own: they stand behind those of the network, those of one
/// population together, in the order of their populations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums(Vec<(PopulationId, u32)>);

/// Parts in which the input of a neuron may be summed, at most.
pub(crate) const MOST_SUMS: u32 = 4096;

/// The name of a population of partial sums.
///
/// # Shape
/// `part` counts from 0, the name from 1: `lif1.sum1of3`.
#[must_use]
pub fn sum_name(whole: &str, part: u32, parts: u32) -> String {
    format!("{whole}.sum{}of{parts}", part + 1)
}

/// The population and the number of parts that the name of partial sums speaks of.
pub(crate) fn parse_sum_name(name: &str) -> Option<(&str, u32)> {
    let (whole, sum) = name.rsplit_once(".sum")?;
    let (part, parts) = sum.split_once("of")?;
    let (part, parts): (u32, u32) = (part.parse().ok()?, parts.parse().ok()?);
    ((1..=parts).contains(&part) && parts <= MOST_SUMS).then_some((whole, parts))
}

impl Sums {
    /// The same with a population in `parts` parts.
    pub(crate) fn with(&self, whole: PopulationId, parts: u32) -> Self {
        let mut all: Vec<_> = self.0.iter().copied().filter(|&(known, _)| known != whole).collect();
        all.push((whole, parts));
        all.sort_unstable();
        Self(all)
    }

    /// In how many parts the input of a population is summed; `None` where in one.
    #[must_use]
    pub fn parts_of(&self, whole: PopulationId) -> Option<u32> {
        self.0.iter().find(|(known, _)| *known == whole).map(|&(_, parts)| parts)
    }

    /// The population that one of them sums for, and whether it is one of them, behind
    /// `populations` of the network; the population itself else.
    pub(crate) fn whole_of(&self, id: PopulationId, populations: usize) -> (PopulationId, bool) {
        let mut first = populations;
        for &(whole, parts) in &self.0 {
            if (first..first + parts as usize).contains(&id.index()) {
                return (whole, true);
            }
            first += parts as usize;
        }
        (id, false)
    }

    /// The id of a part, behind `populations` of the network.
    pub(crate) fn id_of(&self, whole: PopulationId, part: u32, populations: usize) -> PopulationId {
        let before = self.0.iter().take_while(|(known, _)| *known != whole);
        let before: usize = before.map(|&(_, parts)| parts as usize).sum();
        PopulationId::from_index(populations + before + part as usize)
    }
}

impl IntoIterator for Sums {
    type Item = (PopulationId, u32);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What one core holds, in order of compartment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreMapping {
    /// The core.
    pub core: CoreId,
    /// Its slices of populations.
    pub slices: Vec<Slice>,
}

/// Neurons of one population in consecutive compartments; where a neuron has several, those of all
/// neurons stand part by part, one part behind the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// The population, as the program numbers them.
    pub population: PopulationId,
    /// Whether these compartments are read, or compute once more what others do.
    pub occurrence: Occurrence,
    /// Runs of neurons, ascending and apart.
    pub runs: Vec<Run>,
}

/// Consecutive neurons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Run {
    /// First neuron.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl Slice {
    /// Neurons in the compartments that they are read from.
    #[must_use]
    pub fn new(population: PopulationId, runs: Vec<Run>) -> Self {
        Self { population, occurrence: Occurrence::First, runs }
    }

    /// Makes the compartments copies of others.
    pub(crate) fn make_copy(&mut self) {
        self.occurrence = Occurrence::Copy;
    }

    /// The neurons of a box inside a population of shape `extents`, row-major.
    #[must_use]
    pub fn of_box(
        population: PopulationId,
        extents: [u32; 3],
        start: [u32; 3],
        size: [u32; 3],
    ) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for channel in start[0]..start[0] + size[0] {
            for row in start[1]..start[1] + size[1] {
                let first = (channel * extents[1] + row) * extents[2] + start[2];
                match runs.last_mut() {
                    Some(last) if last.first + last.count == first => last.count += size[2],
                    _ => runs.push(Run { first, count: size[2] }),
                }
            }
        }
        Self::new(population, runs)
    }

    /// The box that the slice fills inside a population of shape `extents`: (start, size).
    #[must_use]
    pub fn as_box(&self, extents: [u32; 3]) -> Option<([u32; 3], [u32; 3])> {
        let first = self.runs.first()?.first;
        let last = self.runs.last().map(|run| run.first + run.count - 1)?;
        let place = |neuron: u32| {
            let (rows, columns) = (extents[1], extents[2]);
            [neuron / (rows * columns), neuron / columns % rows, neuron % columns]
        };
        let (start, end) = (place(first), place(last));
        let mut size = [0; 3];
        for axis in 0..3 {
            size[axis] = (end[axis] + 1).checked_sub(start[axis])?;
        }
        (Self::of_box(self.population, extents, start, size) == *self).then_some((start, size))
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// The neurons, ascending; the n-th lies in the slice's n-th compartment.
    pub fn neurons(&self) -> impl Iterator<Item = u32> + '_ {
        self.runs.iter().flat_map(|run| run.first..run.first + run.count)
    }
}

/// Ascending neurons as runs.
pub(crate) fn runs_of(neurons: impl Iterator<Item = u32>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for neuron in neurons {
        match runs.last_mut() {
            Some(last) if last.first + last.count == neuron => last.count += 1,
            _ => runs.push(Run { first: neuron, count: 1 }),
        }
    }
    runs
}

/// Ways of a neuron that each of its compartments sends over, the last of them fewer: consecutive
/// ones by core, the first compartment's first, then those of its copies in their order.
pub(crate) fn share(ways: usize, seats: usize) -> usize {
    ways.div_ceil(seats.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::Slice;
    use quarrion_isa::id::PopulationId;

    #[test]
    fn boxes_survive_the_way_through_runs() {
        let extents = [3, 4, 5];
        let boxes = [([0, 0, 0], [3, 4, 5]), ([1, 0, 0], [2, 4, 5]), ([1, 1, 2], [2, 2, 3])];
        for (start, size) in boxes {
            let slice = Slice::of_box(PopulationId(0), extents, start, size);
            assert_eq!(slice.size(), size.iter().product::<u32>());
            assert_eq!(slice.as_box(extents), Some((start, size)));
        }
        let mut ragged = Slice::of_box(PopulationId(0), extents, [0, 0, 0], [1, 2, 5]);
        ragged.runs[0].count -= 1;
        assert_eq!(ragged.as_box(extents), None);
    }
}
