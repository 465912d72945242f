//! Import: framework counts, folding, diagnostics and hostile bytes.

mod import {
    mod counts;
    mod files;
    mod hostile;
    mod lava;
    mod reference;
}
