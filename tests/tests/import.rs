//! Import: framework counts, folding, diagnostics and hostile bytes.

mod import {
    mod counts;
}
