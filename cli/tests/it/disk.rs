//! Full disks, closed pipes and Ctrl-C: the message, the exit code, nothing half written.
#![cfg(unix)]

use std::io::Read;
use std::process::Stdio;

use crate::bench::Bench;

const RUN: &str = "$Q run digits.nir --chip loihi1 --input test.npz --samples 20";

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let bench = Bench::new();
    let before = bench.names();
    // 512 bytes a file: the manifest already is longer.
    for (result, code) in [("--out run", "QR002"), ("--counts counts.npz", "QU002")] {
        let ended = bench.shell(&format!("ulimit -f 1; {RUN} {result}"));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(code), "{}", ended.stderr);
        assert!(ended.stderr.contains("file too large"), "{}", ended.stderr);
        assert_eq!((ended.stdout.as_str(), bench.names()), ("", before.clone()));
    }
    for result in ["--counts /dev/full", "> /dev/full"] {
        let ended = bench.shell(&format!("{RUN} {result}"));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("QU002"), "{}", ended.stderr);
        assert!(ended.stderr.contains("no space left on device"), "{}", ended.stderr);
    }
    // An old result stays whole where the new one cannot be written.
    bench.write("counts.npz", b"old");
    bench.shell(&format!("ulimit -f 1; {RUN} --counts counts.npz"));
    assert_eq!(std::fs::read(bench.path("counts.npz")).expect("still there"), b"old");
}

#[test]
fn a_closed_pipe_is_quiet() {
    let bench = Bench::new();
    let mut child = bench
        .command()
        .args(["chip", "show", "loihi1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.shell("mkfifo fifo.npz").code, Some(0));
    let before = bench.names();
    let words = "run digits.nir --chip loihi1 --input fifo.npz --out run";
    let mut command = bench.command();
    command.args(words.split_whitespace()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary runs");
    // Opening waits until the command reads: it is at work and will not end by itself.
    let pipe = std::fs::OpenOptions::new().write(true).open(bench.path("fifo.npz"));
    let pipe = pipe.expect("the command opened the other end");
    assert_eq!(bench.shell(&format!("kill -INT {}", child.id())).code, Some(0));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(pipe);
    assert_eq!(bench.names(), before);
}
