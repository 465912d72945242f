//! Deadlocks: rings of channels that wait for each other.

/// Follows `waits_for` from the `stuck` ones of `lanes` lanes until it closes a ring.
pub(super) fn find_ring(
    lanes: u32,
    stuck: impl Fn(u32) -> bool,
    waits_for: impl Fn(u32) -> Option<u32>,
) -> Vec<u32> {
    let mut seen = vec![0u32; lanes as usize];
    for (start, round) in (0..lanes).zip(1..) {
        if !stuck(start) || seen[start as usize] != 0 {
            continue;
        }
        let mut path = Vec::new();
        let mut lane = start;
        loop {
            if seen[lane as usize] == round {
                let from = path.iter().position(|at| *at == lane).unwrap_or(0);
                return path.split_off(from);
            }
            if seen[lane as usize] != 0 {
                break;
            }
            seen[lane as usize] = round;
            path.push(lane);
            match waits_for(lane) {
                Some(next) => lane = next,
                None => break,
            }
        }
    }
    Vec::new()
}
