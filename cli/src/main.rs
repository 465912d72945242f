//! The binary `quarrion`.

fn main() {}
