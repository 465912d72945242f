//! From network to program: what quantisation costs, and that mapping costs nothing.
//!
//! Accuracy compares the integer oracle with the float networks. Everything else is exact: the
//! integer oracle against the float network where rounding plays no part, the mapped program
//! against the oracle, packed words against logical synapses, corrupted programs against the
//! verifier.

mod quantised {
    mod accuracy;
    mod axon_delays;
    mod chips;
    mod clear;
    mod exact;
    mod findings;
    mod fit;
    mod images;
    mod lava;
    mod mutation;
    mod packing;
    mod partial_sums;
    mod payloads;
    mod planner;
    mod random;
    mod shared;
    mod split;
    mod subtract;
}
