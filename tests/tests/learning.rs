//! Learning worked out by hand, and what must not change it: mapping, engine, threads, compiler.

mod learning {
    mod by_hand;
    mod compiled;
    mod given;
    mod shipped;
}
