//! Packets that branch, and packets that are dropped.

use quarrion_emulator::mesh::{
    Branch, Destination, Detail, Ending, Fabric, Fidelity, LinkCount, Member, MulticastEntry,
    MulticastTable, Outcome, Packet, Pattern, PortId, Routing, Switching, Traffic, Tree, direction,
    prove_deadlock_free,
};
use quarrion_tests::booksim::settings::CYCLE_PS;

use super::fixtures::{BOTH, cut_through, groups, near, ring, run, run_all, seeded, spec};

/// Fifteen members each, one tree a source: the same cores get the same packets as with copies
/// per core, over no more links, and every sum agrees.
#[test]
fn a_tree_reaches_every_member_over_fewer_links_than_copies() {
    for channels in [1, 4] {
        let mut spec = cut_through(6, 6);
        spec.timing.virtual_channels = channels;
        let fabric = spec.build().unwrap();
        let mut trees = Vec::new();
        let (mut copies, mut packets) = (Vec::new(), Vec::new());
        for source in 0..36u32 {
            let draw = |n: u32| quarrion_isa::random::philox([5, 5], [source, n, 0, 0])[0] % 36;
            let mut members: Vec<u32> = (0..15).map(draw).collect();
            members.sort_unstable();
            members.dedup();
            let member = |port: &u32| Member { port: PortId(*port), service_ps: 700 };
            let list: Vec<Member> = members.iter().map(member).collect();
            let tree = Tree::along_routes(&fabric, PortId(source), &list, 0).unwrap();
            assert_eq!(tree.leaves(), members.len());
            for round in 0..3u64 {
                let packet = |destination: Destination| Packet {
                    source: PortId(source),
                    destination,
                    plane: 0,
                    flits: 2,
                    inject_ps: round * 10 * CYCLE_PS,
                    service_ps: 700,
                };
                packets.push(packet(Destination::Tree(source)));
                copies.extend(members.iter().map(|to| packet(Destination::Port(PortId(*to)))));
            }
            trees.push(tree);
        }
        prove_deadlock_free(&fabric, &trees).unwrap();
        let delivered = copies.len() as u64;
        let copies =
            run(Fidelity::Queue, &fabric, &Traffic { packets: copies, ..Traffic::default() });
        let traffic = Traffic { packets, trees, ..Traffic::default() };
        let mut model = Fidelity::Queue.model(&fabric).unwrap();
        let tree = model.run(&traffic, Detail::Packets).unwrap();
        assert_eq!(tree.ending, Ending::Complete);
        assert_eq!(tree.conservation.violation(), None);
        assert_eq!(tree.conservation.delivered, delivered);
        assert!(tree.conservation.replicated > 400);
        assert!(tree.completion_ps < copies.completion_ps);
        for (tree, copies) in tree.links.iter().zip(&copies.links) {
            assert!(tree.packets <= copies.packets);
        }
        let flit_by_flit = run_all(Fidelity::Cycle, &fabric, &traffic);
        for (queue, cycle) in tree.links.iter().zip(&flit_by_flit.links) {
            assert_eq!((queue.packets, queue.flits), (cycle.packets, cycle.flits));
        }
        let share = if channels == 1 { 0.02 } else { 0.10 };
        let (a, b) = (tree.completion_ps, flit_by_flit.completion_ps);
        println!("{channels} channels, {a} ps by packet, {b} ps by flit");
        assert!(near(a, b, share), "{channels} channels: {a} ps by packet, {b} ps by flit");
        let ejected = |outcome: &Outcome| -> Vec<u64> {
            let links = fabric.ports.iter().map(|port| port.eject[0] as usize);
            links.map(|link| outcome.links[link].packets).collect()
        };
        assert_eq!(ejected(&tree), ejected(&copies), "every core gets what it got before");
    }
}

#[test]
fn trees_need_cut_through() {
    let member = Member { port: PortId(5), service_ps: 0 };
    for fidelity in BOTH {
        let fabric = spec(4, 4).build().unwrap();
        let tree = Tree::along_routes(&fabric, PortId(0), &[member], 0).unwrap();
        let packet = Packet {
            source: PortId(0),
            destination: Destination::Tree(0),
            plane: 0,
            flits: 1,
            inject_ps: 0,
            service_ps: 0,
        };
        let traffic = Traffic { packets: vec![packet], trees: vec![tree], ..Traffic::default() };
        let refusal = fidelity.model(&fabric).unwrap().run(&traffic, Detail::Packets).unwrap_err();
        assert_eq!(refusal.code, "QE107");
    }
}

/// A key that one line sends east and north; routers without a line pass it straight on.
#[test]
fn tables_and_default_routes_make_trees() {
    let fabric = cut_through(4, 4).build().unwrap();
    let line = |ports: Vec<u32>, cores: Vec<u32>| MulticastEntry {
        key: 0x40,
        mask: 0xF0,
        ports,
        cores: cores.into_iter().map(|c| Member { port: PortId(c), service_ps: 0 }).collect(),
    };
    let mut table = MulticastTable { entries: vec![Vec::new(); 16] };
    table.entries[0] = vec![line(vec![direction::EAST, direction::NORTH], vec![0])];
    table.entries[3] = vec![line(vec![], vec![3])];
    table.entries[12] = vec![line(vec![], vec![12])];
    let tree = Tree::by_table(&fabric, &table, PortId(0), 0x47, 0).unwrap();
    assert_eq!(tree.leaves(), 3);
    assert_eq!(tree.nodes.len(), 7, "two hops of default routing each way");
    let onward = tree.nodes[0].branches.iter().filter(|b| matches!(b, Branch::Onward { .. }));
    assert_eq!(onward.count(), 2);
    table.entries[3].clear();
    let refusal = Tree::by_table(&fabric, &table, PortId(0), 0x47, 0).unwrap_err();
    assert_eq!(refusal.code, "QE107", "straight on leads off the mesh");
}

/// Nobody takes packets for long: with a timeout they are dropped and counted, and nothing hangs,
/// not even on a ring of channels.
#[test]
fn blocked_packets_are_dropped_after_the_timeout() {
    let mut fabric = ring();
    fabric.timing.switching = Switching::VirtualCutThrough;
    fabric.drop_after_ps = Some(60 * CYCLE_PS);
    let packets = (0..400u32).map(|n| Packet {
        source: PortId(n % 4),
        destination: Destination::Port(PortId([2, 0, 3, 1][(n % 4) as usize])),
        plane: 0,
        flits: 4,
        inject_ps: u64::from(n / 4 * 30 + n % 4 * 7) * CYCLE_PS,
        service_ps: 30 * CYCLE_PS,
    });
    let traffic = Traffic { packets: packets.collect(), ..Traffic::default() };
    let outcome = Fidelity::Queue.model(&fabric).unwrap().run(&traffic, Detail::Packets).unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(outcome.conservation.violation(), None);
    let sums = outcome.conservation;
    assert!(sums.dropped > 20 && sums.delivered > 20, "{sums:?}");
    let missing = outcome.packets.iter().filter(|times| times.eject_ps == u64::MAX).count();
    assert_eq!(missing as u64, sums.lost);
    assert!(both_drop(&fabric, &traffic) > 20);
    fabric.drop_after_ps = Some(1_000_000 * CYCLE_PS);
    fabric.routing = Routing::XFirst;
    let patient = run(Fidelity::Queue, &fabric, &traffic);
    assert_eq!(patient.conservation.dropped, 0);
}

/// Runs both models to their ends, which must agree where packets are of one flit and have one
/// channel; says how many copies each drops.
fn both_drop(fabric: &Fabric, traffic: &Traffic) -> u64 {
    let queue = run_all(Fidelity::Queue, fabric, traffic);
    let cycle = run_all(Fidelity::Cycle, fabric, traffic);
    let short = traffic.packets.iter().all(|packet| packet.flits == 1);
    if short && fabric.timing.virtual_channels == 1 {
        assert_eq!(queue.conservation, cycle.conservation);
        assert!(queue.packets == cycle.packets, "the same packets come at the same times");
        assert!(queue.leaves == cycle.leaves);
        for (own, exact) in queue.links.iter().zip(&cycle.links) {
            // A flit that goes in the tick in which room comes back may count beside the one
            // before.
            assert!(own.ahead_peak.abs_diff(exact.ahead_peak) < 2);
            assert_eq!(LinkCount { ahead_peak: 0, ..*own }, LinkCount { ahead_peak: 0, ..*exact });
        }
    }
    let reached = |outcome: &Outcome| outcome.conservation.delivered + outcome.conservation.lost;
    assert_eq!(reached(&queue), reached(&cycle), "every core gets its packet or never will");
    let [a, b] = [&queue, &cycle].map(|outcome| outcome.conservation.dropped);
    assert!(near(a, b, 0.15) || a.abs_diff(b) < 8, "{a} dropped by packet, {b} by flit");
    a.min(b)
}

/// Crowds of packets before slow cores, short and long, single and in trees, patient and not: what
/// goes in or is copied comes out or is dropped, and both models drop alike.
#[test]
fn both_models_drop_alike() {
    let mut dropping = 0;
    for (case, seed) in (0..48u32).zip(11..) {
        let (flits, patience) = (1 + case % 2 * 2, [3, 17, 60, 400][case as usize / 2 % 4]);
        let mut spec = cut_through(4, 4);
        spec.timing.virtual_channels = [1, 1, 2][case as usize / 8 % 3];
        spec.drop_after_ps = Some(patience * CYCLE_PS);
        let fabric = spec.build().unwrap();
        let mut traffic = match case / 24 {
            0 => seeded(&fabric, Pattern::Uniform, 12, flits, 25 * CYCLE_PS, seed),
            _ => groups(&fabric, 16, 6),
        };
        if case >= 24 {
            // Each group four times, one after the other.
            let first = std::mem::take(&mut traffic.packets);
            traffic.packets = (0..64).map(|n| Packet { flits, ..first[n % 16] }).collect();
            for tree in &mut traffic.trees {
                let leaves = tree.nodes.iter_mut().flat_map(|node| &mut node.branches);
                for branch in leaves {
                    if let Branch::Leaf(member) = branch {
                        member.service_ps = 9 * CYCLE_PS;
                    }
                }
            }
        }
        dropping += u32::from(both_drop(&fabric, &traffic) > 5);
    }
    assert!(dropping > 24, "{dropping} cases drop");
}
