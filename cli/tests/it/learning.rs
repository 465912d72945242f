//! Learning from the command line: rewards in, traces probed, weights in the run folder.

use quarrion::counts::ArchiveWriter;

use crate::bench::Bench;
use crate::good_input::{RUN, files, good};

/// A projection learns; both engines and any threads write the same weights, which are not those
/// that another seed leaves.
#[test]
fn what_was_learned_is_in_the_run_folder() {
    let bench = Bench::new();
    let run = RUN.replace("--samples 30", "--samples 3");
    let learn = |rest: &str| {
        good(bench.run(&format!("{run} --learn lif1->lif2=pairwise-stdp {rest}")));
    };
    learn("--threads 1 --out one");
    learn("--threads 3 --out three");
    learn("--engine reference --out slow");
    learn("--seed 2 --out other");
    let learned = |folder: &str| {
        let files = files(&bench, folder);
        files.into_iter().find(|(name, _)| name == "learned.npz").expect("learned weights").1
    };
    assert_eq!(files(&bench, "one"), files(&bench, "three"));
    assert_eq!(files(&bench, "one"), files(&bench, "slow"));
    assert_ne!(learned("one"), learned("other"));
}

/// Steps of the inputs written here.
const STEPS: usize = 20;

/// Writes an input of one sample in which some neurons spike, with rewards where there are any.
fn write_input(bench: &Bench, name: &str, rewards: Option<&[i64]>) {
    let mut archive = ArchiveWriter::default();
    let spikes: Vec<u8> = (0..STEPS * 64).map(|at| u8::from(at % 5 < 2)).collect();
    archive.add_bytes("spikes", "|u1", &[1, STEPS, 64], &spikes).expect("written to memory");
    if let Some(rewards) = rewards {
        let values = rewards.iter().copied();
        archive.add_integers("reward", &[1, rewards.len()], values).expect("written to memory");
    }
    bench.write(name, &archive.finish().expect("written to memory"));
}

/// The rule adds the reward to every weight in every step: 2 in two steps are 4 in all.
#[test]
fn rewards_of_the_input_reach_the_rule() {
    let bench = Bench::new();
    bench.write("gift.rule", b"rule gift\nreward r: s8 from host\ndw = r\n");
    let mut rewards = [0; STEPS];
    write_input(&bench, "none.npz", Some(&rewards));
    (rewards[3], rewards[4]) = (2, 2);
    write_input(&bench, "two.npz", Some(&rewards));
    write_input(&bench, "without.npz", None);
    let words = |input: &str, out: &str, rest: &str| {
        format!("run digits.nir --chip loihi1 --input {input} --out {out} {rest}")
    };
    let taught = "--learn lif1->lif2=gift.rule";
    good(bench.run(&words("none.npz", "before", taught)));
    good(bench.run(&words("two.npz", "after", taught)));
    good(bench.run(&words("two.npz", "slow", &format!("{taught} --engine reference"))));
    assert_eq!(files(&bench, "after"), files(&bench, "slow"));
    let weights = |run: &str| bench.array(&format!("{run}/learned.npz"), "fc2.weight").1;
    let (before, after) = (weights("before"), weights("after"));
    assert_eq!(before.len(), 960);
    let gains: Vec<i64> = before.iter().zip(&after).map(|(a, b)| b - a).collect();
    assert!(gains.iter().filter(|&&gain| gain == 4).count() > 900, "{gains:?}");
    assert!(gains.iter().zip(&after).all(|(&gain, &weight)| gain == 4 || weight >= 252));

    // Rewards that nobody reads, and a rule that nobody rewards, are doubtful.
    let lonely = bench.run(&words("without.npz", "lonely", taught));
    assert_eq!(lonely.code, Some(0));
    assert!(lonely.stderr.contains("warning[QI019]: rule `gift` waits"), "{}", lonely.stderr);
    let unread = bench.run(&words("two.npz", "unread", ""));
    assert_eq!(unread.code, Some(0));
    assert!(unread.stderr.contains("no rule of the program reads any"), "{}", unread.stderr);
}

/// A trace that only grows counts the spikes of its neuron: of sources at the end of the step in
/// which they are served, of targets in the step of their update.
#[test]
fn probed_traces_count_spikes() {
    let bench = Bench::new();
    let rule =
        b"rule count\ntrace x1: u7, impulse 1\ntrace y2: u7, impulse 1\ndw = 2^-7*x1*y2 - 2^-7*x1*y2\n";
    bench.write("count.rule", rule);
    let run = RUN.replace("--samples 30", "--samples 2");
    let probes = "--learn lif1->lif2=count.rule --probe lif1.x1[10..40] --probe lif2.y2@5..";
    good(bench.run(&format!("{run} {probes} --spikes --out run")));
    good(bench.run(&format!("{run} {probes} --spikes --out slow --engine reference")));
    assert_eq!(files(&bench, "run"), files(&bench, "slow"));
    let spikes = std::fs::read_to_string(bench.path("run/spikes.csv")).expect("the spikes");
    let counted = |layer: &str,
                   samples: usize,
                   steps: std::ops::Range<usize>,
                   neurons: std::ops::Range<usize>| {
        let mut counts = Vec::new();
        for sample in 0..samples {
            for step in steps.clone() {
                for neuron in neurons.clone() {
                    let before = |line: &&str| {
                        let field = |at: usize| line.split(',').nth(at).unwrap_or_default();
                        let number = |at: usize| field(at).parse::<usize>().ok();
                        field(2) == layer
                            && number(0) == Some(sample)
                            && number(3) == Some(neuron)
                            && number(1).is_some_and(|at| at <= step)
                    };
                    counts.push(spikes.lines().filter(before).count() as i64);
                }
            }
        }
        counts
    };
    let probed = |name: &str| bench.array("run/probes.npz", name);
    let (shape, sources) = probed("lif1.x1[10..40]");
    assert_eq!(shape, [2, 22, 30]);
    assert_eq!(sources, counted("lif1", 2, 0..22, 10..40));
    let (shape, targets) = probed("lif2.y2[0..10]@5..22");
    assert_eq!(shape, [2, 17, 10]);
    assert_eq!(targets, counted("lif2", 2, 5..22, 0..10));
    assert!(sources.iter().max() > Some(&3) && targets.iter().max() > Some(&3));
}
