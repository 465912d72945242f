//! Chip files: one broken rule a case, the catalogue, edits, derived files, hostile texts.

mod chips {
    mod catalog;
    mod derived;
    mod edits;
    mod hostile;
    mod render;
    mod rules;
}
