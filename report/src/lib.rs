//! quarrion-report
