//! The conventions of the house, as far as a program can hold the tree to them.

mod tidy {
    mod codes;
    mod invariants;
    mod names;
    mod text;
    mod tree;
}
