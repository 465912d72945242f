//! Which runs of row-major neurons are boxes.

use quarrion_isa::synapse::Region;

/// The box of channels, rows and columns that a run of neurons is, if it is one.
///
/// # Shape
/// `shape`: channels, rows, columns; neurons count row-major.
#[must_use]
pub fn region_of(shape: [u32; 3], first: u32, count: u32, base: u32) -> Option<Region> {
    let [_, rows, columns] = shape;
    let plane = rows * columns;
    let (channel, row, column) = (first / plane, first / columns % rows, first % columns);
    let size = if (row, column) == (0, 0) && count.is_multiple_of(plane) {
        [count / plane, rows, columns]
    } else if column == 0 && count.is_multiple_of(columns) && row + count / columns <= rows {
        [1, count / columns, columns]
    } else if column + count <= columns {
        [1, 1, count]
    } else {
        return None;
    };
    Some(Region { start: [channel, row, column], size, base })
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn a_region_names_exactly_the_neurons_of_its_run() {
        let shape = [3, 2, 4];
        let mut boxes = 0;
        for first in 0..24 {
            for count in 1..=24 - first {
                let Some(region) = region_of(shape, first, count, 100) else { continue };
                boxes += 1;
                for neuron in 0..24 {
                    let at = [neuron / 8, neuron / 4 % 2, neuron % 4];
                    let inside = (first..first + count).contains(&neuron);
                    let expected = inside.then(|| 100 + neuron - first);
                    assert_eq!(region.compartment(at), expected, "{first} {count} {neuron}");
                }
            }
        }
        assert!(boxes > 60, "{boxes} boxes");
    }
}
