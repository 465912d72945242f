//! Whole runs over the mesh: every packet model on random programs and chips, branching packets,
//! barriers, broken parts.

mod fabric {
    mod agree;
    mod coupled;
    mod faults;
    mod features;
    mod refusals;
}
