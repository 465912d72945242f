//! The codes of every diagnostic of this crate, for `explain`.

use crate::diagnostic::CodeEntry;
use crate::{chip, learning, neuron};

/// The tables that make up [`CODES`].
const TABLES: [&[CodeEntry]; 3] = [chip::CODES, neuron::CODES, learning::CODES];

/// How many codes the tables hold together.
const COUNT: usize = {
    let (mut table, mut count) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

/// The tables one after the other.
const JOINED: [CodeEntry; COUNT] = {
    let mut joined = [TABLES[0][0]; COUNT];
    let (mut table, mut at) = (0, 0);
    while table < TABLES.len() {
        let mut entry = 0;
        while entry < TABLES[table].len() {
            joined[at] = TABLES[table][entry];
            at += 1;
            entry += 1;
        }
        table += 1;
    }
    joined
};

/// Every code of this crate with its explanation.
pub const CODES: &[CodeEntry] = &JOINED;
