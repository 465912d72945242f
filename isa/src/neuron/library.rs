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

shipped!["cuba_lif", "if_subtract", "if_zero"];

/// The shipped program called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Shipped> {
    SHIPPED.iter().copied().find(|shipped| shipped.name == name)
}
