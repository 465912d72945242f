//! Scores of the mapper on the benchmark networks, beside the best that other mappers reach.
//!
//! `mapping-scores [--effort N] [--threads N] [NET.npz …]`; without networks, the six reference
//! networks are drawn. One mapping per network, one setting for all.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use quarrion_compiler::mapping::{
    Budget, INPUT_AXONS, Limits, MEMORY, Mapping, MappingError, NEURONS, OUTPUT_EDGES, WEIGHT_ONE,
};
use quarrion_tests::benchmark_nets::{
    Anchor, BenchmarkNet, NAMES, anchor_limits, best_anchor, load_anchors, load_npz, load_optima,
    map_benchmark, packed_limits, reference_net, solve_optima,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("mapping-scores: {message}");
            ExitCode::from(2)
        }
    }
}

/// What the command line says.
struct Options {
    effort: u64,
    threads: usize,
    nets: Vec<String>,
}

fn options() -> Result<Options, String> {
    let mut options = Options { effort: 500, threads: 1, nets: Vec::new() };
    let mut args = std::env::args().skip(1);
    let number = |text: Option<String>, flag: &str| {
        let text = text.ok_or_else(|| format!("{flag} needs a number"))?;
        text.parse::<u64>().map_err(|e| format!("{flag} {text}: {e}"))
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--effort" => options.effort = number(args.next(), "--effort")?,
            "--threads" => options.threads = number(args.next(), "--threads")? as usize,
            _ if arg.starts_with('-') => return Err(format!("unknown flag {arg}")),
            _ => options.nets.push(arg),
        }
    }
    Ok(options)
}

fn run() -> Result<(), String> {
    let options = options()?;
    let anchors = load_anchors()?;
    let nets: Vec<BenchmarkNet> = if options.nets.is_empty() {
        NAMES.iter().filter_map(|name| reference_net(name)).collect()
    } else {
        options.nets.iter().map(|path| load_npz(Path::new(path))).collect::<Result<_, _>>()?
    };
    let budget = Budget {
        cores: usize::MAX,
        effort: options.effort * 1_000_000,
        seed: 1,
        threads: options.threads,
    };
    print_first_head();
    let (mut connectivity, mut hops) = (Vec::new(), Vec::new());
    let mut mapped = 0;
    for net in &nets {
        match score(net, &anchor_limits(), &budget) {
            Err(e) => println!("{:13} not mapped: {e}", net.name),
            Ok(scored) => {
                mapped += 1;
                print_first(&scored, &anchors, &mut connectivity, &mut hops);
            }
        }
    }
    println!();
    println!("Packed words and all four limits (4,096 output edges per core)");
    println!(
        "{:13} {:>15} {:>10} {:>10} {:>6} {:>36} {:>7}",
        "network",
        "cores (bound)",
        "packets",
        "hops",
        "legal",
        "worst neurons/words/axons/edges",
        "CPU s"
    );
    for net in &nets {
        match score(net, &packed_limits(), &budget) {
            Err(e) => println!("{:13} not mapped: {e}", net.name),
            Ok(scored) => print_second(&scored),
        }
    }
    println!();
    let proved = solve_optima(&load_optima()?, &Budget { cores: 4, ..budget });
    let proved = proved.map_err(|e| e.to_string())?;
    for case in proved.iter().filter(|case| case.found != case.optimum) {
        println!("{}: {} where {} is proved", case.case, case.found, case.optimum);
    }
    let reached = proved.iter().filter(|case| case.found == case.optimum).count();
    println!(
        "mapping: {mapped} networks, connectivity {} of best anchor at worst, hops {} at worst, \
         optima {reached} of {}",
        worst(&connectivity),
        worst(&hops),
        proved.len()
    );
    if mapped < nets.len() {
        return Err(format!("{} of {} networks do not fit", nets.len() - mapped, nets.len()));
    }
    Ok(())
}

fn print_first_head() {
    println!("Three limits, two bytes a synapse, as the anchors: ours / best anchor (ratio)");
    println!(
        "{:13} {:>15} {:>27} {:>29} {:>8} {:>8} {:>9} {:>24} {:>7}",
        "network",
        "cores (bound)",
        "packets per step",
        "hops per step",
        "bound",
        "XY tree",
        "max link",
        "worst neurons/memory/axons",
        "CPU s"
    );
}

/// A network with its mapping and what it took.
struct Scored {
    name: String,
    bound: usize,
    mapping: Mapping,
    cpu_s: f64,
}

fn score(net: &BenchmarkNet, limits: &Limits, budget: &Budget) -> Result<Scored, MappingError> {
    let clock = Clock::start();
    let (bound, mapping) = map_benchmark(net, limits, budget)?;
    Ok(Scored { name: net.name.clone(), bound, mapping, cpu_s: clock.seconds() })
}

fn print_first(
    scored: &Scored,
    anchors: &[Anchor],
    connectivity: &mut Vec<f64>,
    hops: &mut Vec<f64>,
) {
    let partition = &scored.mapping.partition_scores;
    let placement = &scored.mapping.placement_scores;
    let rate = partition.km1_rate();
    let unicast = per_step(placement.hops_unicast);
    let best = best_anchor(anchors, &scored.name);
    let versus = |ours: f64, theirs: Option<f64>, ratios: &mut Vec<f64>| match theirs {
        None => format!("{ours:.1} / -"),
        Some(theirs) => {
            ratios.push(ours / theirs);
            format!("{ours:.1} / {theirs:.1} ({:.3})", ours / theirs)
        }
    };
    let packets = versus(rate, best.map(|b| b.km1_rate), connectivity);
    let links = versus(unicast, best.map(|b| b.hops), hops);
    let cores = best.map_or("-".into(), |b| b.cores.to_string());
    println!(
        "{:13} {:>15} {packets:>27} {links:>29} {:>8.1} {:>8.0} {:>9.1} {:>24} {:>7.1}{}",
        scored.name,
        format!("{} / {cores} ({})", partition.cores, scored.bound),
        per_step(partition.km1_weight_bound),
        per_step(placement.hops_xytree),
        per_step(placement.max_link),
        format!(
            "{}/{}/{}",
            partition.worst[NEURONS], partition.worst[MEMORY], partition.worst[INPUT_AXONS]
        ),
        scored.cpu_s,
        if partition.legal { "" } else { " ILLEGAL" }
    );
}

fn print_second(scored: &Scored) {
    let partition = &scored.mapping.partition_scores;
    let worst = partition.worst;
    println!(
        "{:13} {:>15} {:>10.1} {:>10.1} {:>6} {:>36} {:>7.1}",
        scored.name,
        format!("{} ({})", partition.cores, scored.bound),
        partition.km1_rate(),
        per_step(scored.mapping.placement_scores.hops_unicast),
        if partition.legal { "yes" } else { "NO" },
        format!(
            "{}/{}/{}/{}",
            worst[NEURONS], worst[MEMORY], worst[INPUT_AXONS], worst[OUTPUT_EDGES]
        ),
        scored.cpu_s
    );
}

fn per_step(weight: u64) -> f64 {
    weight as f64 / WEIGHT_ONE as f64
}

fn worst(ratios: &[f64]) -> String {
    ratios.iter().copied().max_by(f64::total_cmp).map_or("-".into(), |r| format!("{r:.3}"))
}

/// CPU time of this process where the machine tells it, else the time that passes.
struct Clock {
    cpu_s: Option<f64>,
    wall: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { cpu_s: cpu_seconds(), wall: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        match (self.cpu_s, cpu_seconds()) {
            (Some(before), Some(after)) => after - before,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// User and kernel time of this process: fields 14 and 15 of `/proc/self/stat`, in 1 / 100 s.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
