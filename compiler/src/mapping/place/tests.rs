//! Incremental evaluation against counting from scratch, after random exchanges.

use super::links::Loads;
use super::{Exchange, Traffic, curve};
use crate::mapping::grid::Grid;
use crate::mapping::random::Stream;
use crate::mapping::scores::Placement;

/// Flows among `parts` parts, and from the host, on two chips side by side.
fn random_traffic(random: &mut Stream, parts: u32) -> Traffic {
    let mut flows = Vec::new();
    for from in 0..parts {
        for to in 0..parts {
            if from != to && random.below(3) == 0 {
                flows.push((from, to, 1 + random.below(1000) as u64));
            }
        }
    }
    let host = (0..parts).map(|_| random.below(500) as u64).collect();
    Traffic::from_flows(parts as usize, &flows).with_host(0, host)
}

/// Every exchange of parts, or of a part and an empty slot, changes the hops as judged.
#[test]
fn hops_after_exchanges_are_those_counted_anew() {
    let grid = Grid::mesh(6, 3).chips(3, 3, 7);
    let mut changed = 0;
    for case in 0..20 {
        let mut random = Stream::new(case, 0);
        let traffic = random_traffic(&mut random, 13);
        let slots = curve::hilbert_slots(&grid);
        let order: Vec<u32> = (0..13).collect();
        let mut exchange = Exchange::new(&traffic, &grid, &slots, &order);
        for _ in 0..200 {
            changed += usize::from(exchange.exchange_at_random(&mut random) != 0);
            let fresh = Exchange::from_placement(&traffic, &grid, &slots, &exchange.placement());
            assert_eq!(fresh.map(|fresh| fresh.cost()), Some(exchange.cost()));
        }
    }
    assert!(changed > 2000, "{changed}");
}

/// Loads of links, hops and what is above the bar are, exchange after exchange, those of a fresh
/// count.
#[test]
fn link_loads_after_exchanges_are_those_counted_anew() {
    let grid = Grid::mesh(5, 4);
    let mut above = 0;
    for case in 0..20 {
        let mut random = Stream::new(case, 1);
        let traffic = random_traffic(&mut random, 12);
        let placement = Placement { tile: (0..12).collect() };
        let mut loads = Loads::new(&traffic, &grid, &placement);
        let bar = loads.busiest().1 / 2;
        loads.set_bar(bar);
        for _ in 0..100 {
            loads.exchange(random.below(12), random.below(12));
            loads.exchange(random.below(12), 12 + random.below(8));
            let mut fresh = Loads::new(&traffic, &grid, &loads.placement());
            fresh.set_bar(bar);
            assert_eq!(loads.figures(), fresh.figures());
            assert_eq!(loads.busiest(), fresh.busiest());
            above += usize::from(fresh.figures().2 > 0);
        }
    }
    assert!(above > 1000, "{above}");
}
