//! The programs that come with the toolkit.

/// A shipped program: its name and its text, comments included.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// The name, as in its `program` line.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// All of them, by name.
        pub const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../../programs/", $name, ".neuron")),
        }),*];
    };
}

shipped![
    "alif",
    "atrlif",
    "cuba_dendrite",
    "cuba_lif",
    "cuba_lif_brian2",
    "cuba_lif_lava",
    "cuba_lif_noise",
    "cuba_soma",
    "delta",
    "graded_relu",
    "graded_vec",
    "if_subtract",
    "if_zero",
    "izhikevich",
    "lif_error",
    "lif_reset",
    "lif_subtract",
    "product",
    "resonate_fire",
    "rf_izhikevich",
    "rf_zero",
    "sigma",
    "sigma_delta",
    "sigma_delta_corrected",
    "ternary_lif",
    "truenorth",
    "truenorth_ranc",
];

/// The shipped program called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Shipped> {
    SHIPPED.iter().copied().find(|shipped| shipped.name == name)
}
