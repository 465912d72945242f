//! The mesh's timing models: against a reference simulator, against each other, against themselves.

mod mesh {
    mod agree;
    mod faults;
    mod fixtures;
    mod reference;
    mod relations;
    mod single;
    mod trees;
}
