//! Regions as the loop over windows sees them.

use super::region::Shared;

/// Some routers and ports that run alone through a window of ticks.
pub(super) trait Domain: Send {
    /// What one of them sends to another.
    type Mail: Copy + Send;

    /// The next tick with anything to do.
    fn next(&self) -> Option<u64>;

    /// Works on every tick before `end`.
    fn run_until(&mut self, end: u64, shared: &Shared<'_>);

    /// What others are to get.
    fn outbox(&mut self) -> &mut Vec<Self::Mail>;

    /// The number of the region that mail is for.
    fn region(mail: &Self::Mail) -> u32;

    /// Takes what another one has sent.
    fn take_in(&mut self, mail: &Self::Mail, shared: &Shared<'_>);
}

/// Runs all regions on this thread; whether the horizon came first.
pub(super) fn run_alone<D: Domain>(
    regions: &mut [D],
    shared: &Shared<'_>,
    (window, horizon): (u64, u64),
) -> bool {
    let mut sent: Vec<D::Mail> = Vec::new();
    loop {
        let next = regions.iter().filter_map(D::next).min();
        let Some(next) = next else { return false };
        if next > horizon {
            return true;
        }
        let end = if regions.len() == 1 { u64::MAX } else { next.saturating_add(window) };
        for region in regions.iter_mut() {
            region.run_until(end.min(horizon + 1), shared);
        }
        for from in 0..regions.len() {
            std::mem::swap(&mut sent, regions[from].outbox());
            for mail in sent.drain(..) {
                regions[D::region(&mail) as usize].take_in(&mail, shared);
            }
            std::mem::swap(&mut sent, regions[from].outbox());
        }
    }
}
