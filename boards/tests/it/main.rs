//! What the reader of chip files promises.

mod catalog;
